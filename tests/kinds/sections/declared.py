"""Reads manifests with the sections under test and nothing else of their kinds."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from provisioning import manifest
from provisioning.core import refs
from provisioning.core.kind import Kind
from provisioning.core.model import Desired, Place
from provisioning.kinds.sections import (
    app_role_assignment,
    application,
    certificate,
    checks,
    existing,
    federated_identity_credential,
    grant,
    owner,
    password,
    service_principal,
)

KINDS = tuple(
    Kind(name=name, sections=module.SECTIONS, desire=module.desire)
    for name, module in (
        ("existing", existing),
        ("application", application),
        ("service_principal", service_principal),
        ("delegated_permission_grant", grant),
        ("app_role_assignment", app_role_assignment),
        ("application_password", password),
        ("application_certificate", certificate),
        ("federated_identity_credential", federated_identity_credential),
        ("application_owner", owner),
        ("check", checks),
    )
)

_HEADER = """\
version: 1
name: demo
tenant: {{domain: contoso.onmicrosoft.com, type: {tenant}}}
"""


class Reading:
    """What came of one manifest."""

    def __init__(self, text: str, loaded: manifest.Loaded) -> None:
        self.faults = [finding.message for finding in loaded.findings]
        self.findings = loaded.findings
        self.lines = text.splitlines()
        wanted = loaded.manifest.desired if loaded.manifest else ()
        self.desired: Mapping[str, Desired] = {str(item.address): item for item in wanted}

    def body(self, address: str) -> Any:
        """The body, references as `{"$ref": …}`; fails with the faults when it is not there."""
        assert address in self.desired, self.faults or sorted(self.desired)
        return refs.to_json(dict(self.desired[address].body))

    def settings(self, address: str) -> Any:
        assert address in self.desired, self.faults or sorted(self.desired)
        return refs.to_json(dict(self.desired[address].settings))

    def line(self, place: Place | None) -> str:
        """The line that a place points to, from its column on."""
        assert place is not None
        return self.lines[place.line - 1][place.column - 1 :]

    def of(self, kind: str) -> list[str]:
        return sorted(name for name in self.desired if name.startswith(f"{kind}."))


def read(folder: Path, text: str, *, tenant: str = "workforce") -> Reading:
    path = folder / "manifest.yaml"
    written = _HEADER.format(tenant=tenant) + textwrap.dedent(text)
    path.write_text(written, encoding="utf-8")
    return Reading(written, manifest.load(path, kinds=KINDS))


def ref(address: str, path: str = "id") -> dict[str, str]:
    return {"$ref": address, "path": path}


GUID = "8a4f2c57-93d1-4b06-a7e8-1f60d2b94c3e"
A = "applications:\n  app:\n    displayName: App\n"
PERSONAL = "signInAudience: AzureADandPersonalMicrosoftAccount\n"
SCOPE_TEXTS = "{adminConsentDisplayName: R, adminConsentDescription: R}"
ROLE_TEXTS = "{displayName: R, description: R, allowedMemberTypes: [User]}"
CREDENTIAL = "{issuer: https://i.example, subject: s}"


def app(lines: str) -> str:
    """A manifest of one application with these lines."""
    return A + textwrap.indent(lines, "    ") + "\n"
