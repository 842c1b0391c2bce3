"""`policyKeys:`: key sets that custom policies sign, encrypt and authenticate with.

Never a value: only how one is made or where it is read while it is being sent. Names are accepted
with or without `B2C_1A_`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from provisioning.core.kind import Section, Source
from provisioning.core.model import Address, Desired, Place, Secret, Value
from provisioning.kinds import trust_framework
from provisioning.kinds.sections import (
    durations,
    identity_experience_framework,
    key_certificate,
    markless,
)
from provisioning.kinds.sections.durations import Duration
from provisioning.kinds.sections.secret_source import SecretSource
from provisioning.kinds.sections.shapes import Key, Shape, Text

KeyType = Literal["RSA", "oct"]
Use = Literal["sig", "enc"]
_WAYS: Final = ("generate", "upload", "certificate", "pkcs12")
_TAKES: Final[Mapping[str, tuple[str, ...]]] = {
    "generate": ("lifetime", "rotateBefore"),
    "upload": ("use", "version", "lifetime"),
    "certificate": ("use",),
    "pkcs12": ("use", "version"),
}
"""Which of the other keys mean something beside each way."""


class Generate(Shape):
    """A key that the service makes and never shows."""

    kty: KeyType = Field(default="RSA", description="Key type; one key set has one.")
    use: Use = Field(default="sig", description="Signing (sig) or encryption (enc).")


class CertificateFile(Shape):
    """A public certificate."""

    from_file: Text = Field(
        description="The certificate without its private key, PEM or DER; relative to the manifest."
    )


class Pkcs12(Shape):
    """A certificate with its private key, in a PKCS#12 file."""

    from_env: Text | None = Field(
        default=None, description="Environment variable that holds the file, base64."
    )
    from_file: Text | None = Field(default=None, description="The .pfx file.")
    from_key_vault: Text | None = Field(
        default=None, description="Key Vault secret that holds the file, base64."
    )
    password: SecretSource | None = Field(
        default=None, description="Where its password comes from; none when absent."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        self.source()
        return self

    def source(self) -> SecretSource:
        """Return where the file comes from; raises ValueError for none or several sources."""
        return SecretSource.model_validate(
            {
                alias: value
                for alias, value in (
                    ("fromEnv", self.from_env),
                    ("fromFile", self.from_file),
                    ("fromKeyVault", self.from_key_vault),
                )
                if value is not None
            }
        )


class PolicyKey(Shape):
    """One key set: exactly one of `generate`, `upload`, `certificate`, `pkcs12`."""

    generate: Generate | None = Field(default=None, description="Let the service make the key.")
    upload: SecretSource | None = Field(
        default=None, description="Upload a secret, such as an identity provider's client secret."
    )
    certificate: CertificateFile | None = Field(
        default=None, description="Upload a public certificate."
    )
    pkcs12: Pkcs12 | None = Field(
        default=None, description="Upload a certificate with its private key."
    )
    use: Use | None = Field(
        default=None, description="Signing (sig, the default) or encryption (enc) of an upload."
    )
    version: int | None = Field(
        default=None,
        ge=1,
        description="Raise it to upload again: what is in the tenant can't be read back. 1 when "
        "absent; a key set that somebody else filled counts as version 1.",
    )
    lifetime: Duration | None = Field(
        default=None, description="How long a new key is valid; for ever when absent."
    )
    rotate_before: Duration | None = Field(
        default=None,
        description="Add the next key this long before the end of the newest; it becomes active "
        "a little later, and the old one retires by itself.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        way = self.way()
        for name, written in (
            ("use", self.use),
            ("version", self.version),
            ("lifetime", self.lifetime),
            ("rotateBefore", self.rotate_before),
        ):
            if written is not None and name not in _TAKES[way]:
                raise ValueError(f"{name} means nothing beside {way}; {_INSTEAD[name]}")
        if self.rotate_before is not None:
            if self.lifetime is None:
                raise ValueError("rotateBefore needs an end to count from; write lifetime as well")
            if durations.parse(self.rotate_before) >= durations.parse(self.lifetime):
                raise ValueError(
                    "rotateBefore is not shorter than lifetime; "
                    "write a shorter one, else every run makes a new key"
                )
        return self

    def way(self) -> str:
        """Return which of the four ways is written; raises ValueError for none or several."""
        written = (self.generate, self.upload, self.certificate, self.pkcs12)
        found = [way for way, value in zip(_WAYS, written, strict=True) if value is not None]
        if len(found) != 1:
            said = " and ".join(found) or "none"
            raise ValueError(f"exactly one of {', '.join(_WAYS)} is needed, found {said}; keep one")
        return found[0]


_INSTEAD: Final[Mapping[str, str]] = {
    "use": "write it inside generate",
    "version": "delete it",
    "lifetime": "delete it: a certificate ends when it says",
    "rotateBefore": "raise version when a new value is there",
}

SECTIONS: Final = (
    Section(
        key="policyKeys",
        annotation=dict[Key, PolicyKey] | None,
        description="Key sets of custom policies by name, with or without B2C_1A_.",
    ),
)


def desire(source: Source) -> Iterable[Desired]:
    """Yield `policy_key.B2C_1A_NAME` for every entry, and those that the framework needs."""
    seen: dict[str, str] = {}
    for name, entry in source.entries("policyKeys").items():
        path = ("policyKeys", name)
        key_set = trust_framework.with_prefix(name)
        if key_set.casefold() in seen:
            source.fault(
                "said-twice",
                f"{seen[key_set.casefold()]} and {name} are the same key set {key_set}",
                "keep one of them",
                *path,
            )
            continue
        seen[key_set.casefold()] = name
        settings = _settings(source, entry, *path)
        if settings is not None:
            yield _desired(source, key_set, settings, source.place(*path))
    for name, use in identity_experience_framework.key_sets(source):
        key_set = trust_framework.with_prefix(name)
        if key_set.casefold() not in seen:
            made: dict[str, Value] = {"way": "generate", "kty": "RSA", "use": use}
            place = source.place("identityExperienceFramework")
            yield _desired(source, key_set, made, place)


def declared(source: Source) -> Iterator[str]:
    """Yield the ids of the key sets that the manifest makes sure of."""
    names = (*source.entries("policyKeys"), *dict(identity_experience_framework.key_sets(source)))
    yield from dict.fromkeys(map(trust_framework.with_prefix, names))


def _desired(source: Source, key_set: str, settings: dict[str, Value], place: Place) -> Desired:
    return Desired(
        address=Address("policy_key", key_set),
        body={"id": key_set},
        place=place,
        settings=settings,
        parent=markless.ledger(source),
    )


def _settings(source: Source, entry: Any, *path: str) -> dict[str, Value] | None:
    way = entry.way()
    times: dict[str, Value] = {"lifetime": entry.lifetime, "rotateBefore": entry.rotate_before}
    match way:
        case "generate":
            return {"way": way, "kty": entry.generate.kty, "use": entry.generate.use, **times}
        case "upload":
            value: Value = _secret(entry.upload)
            return {**_upload(entry, way), "kty": "oct", "value": value, **times}
        case "pkcs12":
            file: Value = _secret(entry.pkcs12.source(), base64=True)
            password: Value = _secret(entry.pkcs12.password) if entry.pkcs12.password else None
            return {**_upload(entry, way), "kty": "RSA", "value": file, "password": password}
        case _:
            return key_certificate.settings(source, entry, *path)


def _upload(entry: Any, way: str) -> dict[str, Value]:
    return {"way": way, "use": entry.use or "sig", "version": entry.version or 1}


def _secret(written: SecretSource, *, base64: bool = False) -> Secret:
    [(way, name)] = written.setting().items()
    # A file is binary; from elsewhere the text is base64 already.
    return Secret((way, str(name)), base64=base64 and way == "fromFile")
