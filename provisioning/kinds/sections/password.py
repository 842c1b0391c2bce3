"""`secrets:` of an application: client secrets that Graph makes and a sink receives.

Never a value: only how long one lives, when the next is made, and where it goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from provisioning.core.kind import Section, Source
from provisioning.core.model import Address, Desired, Value
from provisioning.kinds.sections import application, audiences, durations, shapes
from provisioning.kinds.sections.durations import Duration
from provisioning.kinds.sections.shapes import Key, Shape, Text

PORTAL_MAXIMUM: Final = "P2Y"
"""The longest lifetime that the portal offers; Graph takes more."""
_WAYS: Final = ("dotenv", "file", "keyVault", "githubSecret")
_NAMES: Final = {
    "dotenv": (re.compile(r"[A-Za-z_][A-Za-z0-9_]*"), "letters, digits and _"),
    "keyVault": (re.compile(r"[0-9A-Za-z-]{1,127}"), "letters, digits and -"),
    "githubSecret": (
        re.compile(r"(?!GITHUB_)[A-Z_][A-Z0-9_]*"),
        "capitals, digits and _, and begin with anything but a digit or GITHUB_",
    ),
}
_REPOSITORY = re.compile(r"[A-Za-z0-9-]{1,39}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")


class Store(Shape):
    """Where a new secret goes: exactly one of `dotenv`, `file`, `keyVault`, `githubSecret`."""

    dotenv: Text | None = Field(
        default=None, description="A .env file, relative to the manifest; `name` is the variable."
    )
    file: Text | None = Field(
        default=None, description="A file that holds nothing else, relative to the manifest."
    )
    key_vault: Text | None = Field(
        default=None, description="https://VAULT.vault.azure.net; `name` is the secret's."
    )
    github_secret: Text | None = Field(
        default=None,
        description="OWNER/REPOSITORY on GitHub; `name` is the Actions secret's. Its key id goes "
        "into the variable NAME_KEY_ID.",
    )
    environment: Text | None = Field(
        default=None, description="With githubSecret: store it in this environment alone."
    )
    name: Text | None = Field(
        default=None, description="Name of the variable, of the Key Vault or of the GitHub secret."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        way, _ = shapes.one_of(self, *_WAYS)
        if (self.name is None) is not (way == "file"):
            verb = "takes no" if way == "file" else "needs a"
            remedy = "delete it" if way == "file" else "write name beside it"
            raise ValueError(f"{way} {verb} name; {remedy}")
        pattern, rule = _NAMES.get(way, (None, ""))
        if pattern and self.name and pattern.fullmatch(self.name) is None:
            raise ValueError(f"no name in a {way}; use {rule}")
        if self.key_vault and not _is_vault(self.key_vault):
            raise ValueError("keyVault is no vault; write https://VAULT.vault.azure.net")
        if self.github_secret and _REPOSITORY.fullmatch(self.github_secret) is None:
            raise ValueError("githubSecret is no repository; write OWNER/REPOSITORY")
        if self.environment and way != "githubSecret":
            raise ValueError(f"{way} has no environments; delete environment")
        return self

    def setting(self) -> dict[str, Value]:
        """Return `{"dotenv": PATH, "name": NAME}` and the like, as the sinks take it."""
        place: dict[str, Value] = dict([shapes.one_of(self, *_WAYS)])
        more = {"environment": self.environment, "name": self.name}
        return {**place, **{key: text for key, text in more.items() if text is not None}}

    @property
    def place(self) -> tuple[tuple[str, str], ...]:
        """What tells stores apart; GitHub's names mean the same in any case."""
        fold = str.casefold if self.github_secret else str
        return tuple(sorted((key, fold(str(text))) for key, text in self.setting().items()))


class Secret(Shape):
    """One client secret, made by Graph and rotated in time."""

    display_name: Text | None = Field(
        default=None, description="Name shown beside it in the portal; the key when absent."
    )
    lifetime: Duration = Field(default="P180D", description="How long a new value is valid.")
    rotate_before: Duration | None = Field(
        default=None, description="Make the next value this long before the end; never if absent."
    )
    overlap: Duration | None = Field(
        default=None,
        description="Keep the old value this long after the next is stored; "
        "till its own end if absent.",
    )
    store: Store = Field(description="Where a new value goes; it is shown nowhere else.")


SECTIONS: Final = (
    Section(
        key="secrets",
        annotation=dict[Key, Secret] | None,
        description="Client secrets by key.",
        under="applications",
    ),
)


def desire(source: Source) -> Iterable[Desired]:
    """Yield `application_password.KEY.NAME` for every secret."""
    stores: dict[tuple[tuple[str, str], ...], str] = {}
    for key, entry in source.entries("applications").items():
        secrets = shapes.entries(entry, "secrets")
        _check_slots(source, key, entry, secrets)
        names: dict[str, str] = {}
        for name, secret in secrets.items():
            path = ("applications", key, "secrets", name)
            _check_times(source, secret, *path)
            where = secret.store.place
            if where in stores:
                source.fault(
                    "same-store",
                    f"secret {key}.{name} would overwrite {stores[where]}",
                    "give each its own place",
                    *path,
                    "store",
                )
            stores.setdefault(where, f"{key}.{name}")
            shown = secret.display_name or name
            if shown in names:
                source.fault(
                    "same-secret-name",
                    f"secrets {names[shown]} and {name} of {key} are both called {shown!r}",
                    "give each its own displayName: it tells them apart in the tenant",
                    *path,
                    "displayName",
                )
            names.setdefault(shown, name)
            yield Desired(
                address=Address("application_password", f"{key}.{name}"),
                body={"displayName": secret.display_name or name},
                place=source.place(*path),
                settings={
                    "lifetime": secret.lifetime,
                    "rotateBefore": secret.rotate_before,
                    "overlap": secret.overlap,
                    "store": secret.store.setting(),
                },
                parent=Address("application", key),
            )


def _check_slots(source: Source, key: str, entry: Any, secrets: dict[str, Any]) -> None:
    slots = application.audience(source, key, entry).secrets
    if slots is None:
        return
    path = ("applications", key, "secrets")
    if len(secrets) > slots:
        source.fault(
            "limit",
            f"{len(secrets)} secrets; with personal accounts at most {slots} "
            f"({audiences.ACCOUNTS})",
            "share one, or use certificates",
            *path,
        )
    elif len(secrets) == slots and any(secret.rotate_before for secret in secrets.values()):
        source.fault(
            "no-free-slot",
            f"with personal accounts there are {slots} secrets ({audiences.ACCOUNTS}), "
            "so none is free for the overlap of a rotation",
            "declare one secret fewer, or rotate by hand",
            *path,
            warning=True,
        )


def _check_times(source: Source, secret: Secret, *path: str) -> None:
    lifetime = durations.parse(secret.lifetime)
    if lifetime > durations.parse(PORTAL_MAXIMUM):
        source.fault(
            "long-lifetime",
            f"a lifetime of {secret.lifetime} is longer than the portal's maximum of 24 months",
            "write P2Y or less",
            *path,
            "lifetime",
            warning=True,
        )
    before = durations.parse(secret.rotate_before) if secret.rotate_before else None
    unknown = source.doubtful(*path, "lifetime")
    if before is not None and before >= lifetime and not unknown:
        source.fault(
            "rotation",
            f"rotateBefore {secret.rotate_before} is not shorter than lifetime {secret.lifetime}",
            "write a shorter one: else every run makes a new secret",
            *path,
            "rotateBefore",
        )
    if secret.overlap is None or source.doubtful(*path, "rotateBefore"):
        return
    if before is None:
        source.fault(
            "rotation",
            "overlap says how long the old value stays, but nothing rotates",
            "write rotateBefore as well, or delete overlap",
            *path,
            "overlap",
        )
    elif durations.parse(secret.overlap) >= before:
        source.fault(
            "rotation",
            f"overlap {secret.overlap} is not shorter than rotateBefore {secret.rotate_before}",
            "write a shorter one: the old value ends by itself",
            *path,
            "overlap",
        )


def _is_vault(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and parts.path in {"", "/"}
