"""`federatedCredentials:` of an application: whose tokens count as its own secret.

learn.microsoft.com/graph/api/resources/federatedidentitycredential
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from pydantic import Field

from provisioning.core.kind import Section, Source
from provisioning.core.model import Address, Desired
from provisioning.kinds.sections import limits, shapes
from provisioning.kinds.sections.shapes import Shape, Text

PAGE: Final = "learn.microsoft.com/graph/api/resources/federatedidentitycredential"
AUDIENCE: Final = "api://AzureADTokenExchange"
NAME: Final = 120
LENGTH: Final = 600
"""Characters of issuer, subject, audience and description."""

_URL_SAFE = re.compile(r"[A-Za-z0-9._~-]+")


class FederatedCredential(Shape):
    """An issuer and a subject that may sign in as the application."""

    name: Text | None = Field(
        default=None, description="Its name, which cannot change; the key when absent."
    )
    issuer: Text = Field(description="URL of the outer identity provider: its `iss`.")
    subject: Text = Field(description="Who, in the words of the provider: its `sub`.")
    audiences: tuple[Text, ...] = Field(
        default=(AUDIENCE,), description="The `aud` that is expected: exactly one."
    )
    description: str | None = Field(
        default=None, description="Free text; says who manages it when absent."
    )


SECTIONS: Final = (
    Section(
        key="federatedCredentials",
        annotation=dict[Text, FederatedCredential] | None,
        description="Sign-in without a secret, by tokens of another provider, by key.",
        under="applications",
    ),
)


def desire(source: Source) -> Iterable[Desired]:
    """Yield `federated_identity_credential.KEY.NAME` for every credential."""
    for key, entry in source.entries("applications").items():
        declared = shapes.entries(entry, "federatedCredentials")
        _check_together(source, key, declared)
        for entry_key, credential in declared.items():
            path = ("applications", key, "federatedCredentials", entry_key)
            name = credential.name or entry_key
            _check(source, name, credential, *path)
            mark = f"provisioning:{source.owner.name}"
            silent = "description" not in credential.model_fields_set
            yield Desired(
                address=Address("federated_identity_credential", f"{key}.{entry_key}"),
                body={
                    "name": name,
                    "issuer": credential.issuer,
                    "subject": credential.subject,
                    "audiences": list(credential.audiences),
                    "description": mark if silent else credential.description,
                },
                place=source.place(*path),
                parent=Address("application", key),
            )


def _check_together(source: Source, key: str, declared: dict[str, Any]) -> None:
    root = ("applications", key, "federatedCredentials")
    if len(declared) > limits.FEDERATED:
        _fault(
            source,
            f"{len(declared)} credentials; at most {limits.FEDERATED}",
            "make it fewer",
            *root,
        )
    pairs: dict[tuple[str, str], str] = {}
    names: dict[str, str] = {}
    for name, credential in declared.items():
        pair = (credential.issuer, credential.subject)
        if pair in pairs:
            _fault(
                source,
                f"{pairs[pair]} and {name} have the same issuer and subject",
                "delete one of them",
                *root,
                name,
            )
        pairs.setdefault(pair, name)
        if (own := credential.name or name) in names:
            _fault(
                source, f"{names[own]} and {name} are both named {own}", "rename one", *root, name
            )
        names.setdefault(own, name)


def _check(source: Source, name: str, credential: FederatedCredential, *path: str) -> None:
    if len(name) > NAME or _URL_SAFE.fullmatch(name) is None:
        _fault(
            source,
            f"{name!r} cannot be a name: at most {NAME} characters that are safe in a URL",
            "use letters, digits, hyphens and underscores",
            *path,
        )
    if len(credential.audiences) != 1:
        _fault(
            source,
            f"{len(credential.audiences)} audiences; exactly one is taken",
            f"write [{AUDIENCE}]",
            *path,
            "audiences",
        )
    texts = {
        "issuer": credential.issuer,
        "subject": credential.subject,
        "audiences": max(credential.audiences, key=len, default=""),
        "description": credential.description or "",
    }
    for what, text in texts.items():
        if len(text) > LENGTH:
            _fault(
                source,
                f"{len(text)} characters in {what}; at most {LENGTH}",
                "shorten it",
                *path,
                what,
            )
    if not shapes.stand_in(credential.issuer).startswith("https://"):
        _fault(
            source,
            f"issuer {credential.issuer} is no https URL",
            "write the provider's issuer, such as https://token.actions.githubusercontent.com",
            *path,
            "issuer",
        )


def _fault(source: Source, message: str, remedy: str, *path: str) -> None:
    source.fault("federated-credential", f"{message} ({PAGE})", remedy, *path)
