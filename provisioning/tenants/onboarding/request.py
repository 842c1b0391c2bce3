"""What an administrator asks for, checked: manifests, repository, certificates. Pure.

Every fault is found at once, before anybody signs in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from provisioning.core.errors import InputError
from provisioning.core.model import Finding, Tenant
from provisioning.manifest import Manifest
from provisioning.tenants.onboarding.document import DEPLOYER, READER, Repository

_REPOSITORY: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?/[A-Za-z0-9._-]+")
_BRANCH: Final = re.compile(r"[^\s:?*\[\\^~$]+")
_ENVIRONMENT: Final = re.compile(r"[^\s$][^$\r\n]{0,254}")
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


def repository(
    name: str | None, *, environment: str, branch: str, issuer: str
) -> tuple[Repository | None, tuple[Finding, ...]]:
    """Return whose jobs may sign in, None without a name; and what is wrong with it."""
    if name is None:
        return None, ()
    faults = tuple(_faults(name, environment, branch, issuer))
    return Repository(name, environment, branch, issuer.rstrip("/")), faults


def certificates(written: Iterable[str]) -> tuple[dict[str, str], tuple[Finding, ...]]:
    """Read `ROLE=FILE`: the files by role, and what is wrong."""
    found: dict[str, str] = {}
    faults = []
    for text in written:
        role, equals, file = text.partition("=")
        if not equals or role not in {READER, DEPLOYER} or not file:
            faults.append(
                _fault(
                    f"--certificate {text} does not say whose it is",
                    "write --certificate reader=FILE or deployer=FILE: whoever holds the reader's "
                    "key must not be able to write",
                )
            )
        elif role in found:
            faults.append(_fault(f"--certificate {role}= is given twice", "keep one of them"))
        elif file in found.values():
            faults.append(
                _fault(f"{file} is for reader and deployer", "use a key of its own for each")
            )
        found[role] = file
    return found, tuple(faults)


def public(content: bytes) -> bytes:
    """Return the first certificate of a PEM file, without a key; other files as they are."""
    start, end = content.find(_BEGIN), content.find(_END)
    return content if start < 0 or end < start else content[start : end + len(_END)] + b"\n"


def tenant(manifests: Iterable[Manifest]) -> tuple[Tenant, str | Mapping[str, str]]:
    """Return the one tenant of several manifests, and its cloud; raises InputError for two."""
    first, *others = manifests
    faults = [
        _fault(
            f"{other.path} is for {other.tenant.domain}, {first.path} for {first.tenant.domain}",
            "onboard one tenant at a time",
        )
        for other in others
        if (other.tenant.domain.lower(), other.tenant.type) != _key(first)
    ]
    if faults:
        raise InputError(tuple(faults))
    return first.tenant, first.cloud


def _key(one: Manifest) -> tuple[str, object]:
    return one.tenant.domain.lower(), one.tenant.type


def _faults(name: str, environment: str, branch: str, issuer: str) -> Iterator[Finding]:
    if not _REPOSITORY.fullmatch(name):
        yield _fault(f"--repository {name} is no repository", "write --repository OWNER/REPO")
    if not _ENVIRONMENT.fullmatch(environment):
        yield _fault(
            f"--environment {environment} is no environment's name", "write --environment NAME"
        )
    if not _BRANCH.fullmatch(branch):
        yield _fault(f"--branch {branch} is no branch", "write --branch NAME, without a wildcard")
    if urlsplit(issuer).scheme != "https" or not urlsplit(issuer).hostname:
        yield _fault(
            f"--issuer {issuer} is no https URL",
            "write the issuer of the tokens, such as https://HOST/_services/token",
        )


def _fault(message: str, remedy: str) -> Finding:
    return Finding("option", message, remedy)
