"""Manifests of n triples: application, service principal, delegated grant on Microsoft Graph."""

from __future__ import annotations

from pathlib import Path

HEAD = """version: 1
name: bench
tenant: {domain: bench.onmicrosoft.com, type: workforce}
applications:
"""

ENTRY = """  app{number:04d}:
    displayName: Bench {number}
    signInAudience: AzureADMyOrg
    web: {{redirectUris: ["https://app{number}.example.com/callback"]}}
    permissions: [{{resource: microsoftGraph, delegated: [openid, profile], adminConsent: true}}]
"""

SCOPE = """    scopes:
      read: {{adminConsentDisplayName: Read {number}, adminConsentDescription: Read things}}
"""


def write(folder: Path, count: int, *, scopes: bool = False) -> Path:
    """Write a manifest of `count` triples and return its path."""
    path = folder / f"triples-{count}.yaml"
    entry = ENTRY + (SCOPE if scopes else "")
    path.write_text(HEAD + "".join(entry.format(number=n) for n in range(count)), encoding="utf-8")
    return path
