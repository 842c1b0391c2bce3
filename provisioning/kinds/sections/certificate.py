"""`certificates:` of an application: public certificates that it signs in with.

It reads public files only, and refuses private keys. Whether a certificate has expired is for
whoever knows the time: `endDateTime` is in the body.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pydantic import Field

from provisioning.core.kind import Section, Source
from provisioning.core.model import Address, Desired, Value
from provisioning.kinds.sections import exposed, shapes
from provisioning.kinds.sections.shapes import Key, Shape, Text

if TYPE_CHECKING:
    from cryptography import x509

_PEM = b"-----BEGIN CERTIFICATE-----"
_KEY = b"PRIVATE KEY-----"


class Certificate(Shape):
    """One public certificate."""

    from_file: Text = Field(
        description="The certificate without its private key, PEM or DER; relative to the manifest."
    )
    display_name: Text | None = Field(
        default=None, description="Name shown beside it in the portal; the key when absent."
    )


SECTIONS: Final = (
    Section(
        key="certificates",
        annotation=dict[Key, Certificate] | None,
        description="Public certificates by key, for signing in without a secret.",
        under="applications",
    ),
)


def desire(source: Source) -> Iterable[Desired]:
    """Yield `application_certificate.KEY.NAME` for every certificate that can be read."""
    for key, entry in source.entries("applications").items():
        seen: dict[str, str] = {}
        for name, certificate in shapes.entries(entry, "certificates").items():
            path = ("applications", key, "certificates", name)
            content = source.file(certificate.from_file, *path, "fromFile")
            if content is None:
                continue
            found = parse(source, content, certificate.from_file, *path, "fromFile")
            if found is None:
                continue
            body = _body(source.owner.name, key, name, found)
            thumbprint = str(body["customKeyIdentifier"])
            if thumbprint in seen:
                source.fault(
                    "said-twice",
                    f"certificates {seen[thumbprint]} and {name} of {key} are the same",
                    "delete one of them",
                    *path,
                )
                continue
            seen[thumbprint] = name
            yield Desired(
                address=Address("application_certificate", f"{key}.{name}"),
                body={"displayName": certificate.display_name or name, **body},
                place=source.place(*path),
                parent=Address("application", key),
            )


def parse(source: Source, content: bytes, file: str, *path: str) -> x509.Certificate | None:
    """Read a public certificate, PEM or DER; None after reporting at `path` why it is none."""
    # cryptography takes long to import, and most manifests hold no certificate.
    from cryptography import x509  # noqa: PLC0415

    if _KEY in content:
        source.fault(
            "private-key",
            f"{file} holds a private key",
            "never give a private key: write the certificate alone, and guard the key",
            *path,
        )
        return None
    if content.count(_PEM) > 1:
        source.fault(
            "certificate",
            f"{file} holds {content.count(_PEM)} certificates",
            "write one entry per certificate, without its chain",
            *path,
        )
        return None
    try:
        if _PEM in content:
            return x509.load_pem_x509_certificate(content)
        return x509.load_der_x509_certificate(content)
    except ValueError:
        source.fault(
            "certificate",
            f"{file} is no X.509 certificate, in PEM or DER",
            "export the public certificate (.cer, .crt or .pem); a .pfx holds a private key",
            *path,
        )
        return None


def _body(owner: str, key: str, name: str, certificate: x509.Certificate) -> dict[str, Value]:
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415

    # Graph identifies a key by SHA-1 of the certificate; nothing is proven by it.
    thumbprint = certificate.fingerprint(hashes.SHA1())  # noqa: S303
    return {
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
        "key": _base64(certificate.public_bytes(serialization.Encoding.DER)),
        "customKeyIdentifier": _base64(thumbprint),
        "startDateTime": _time(certificate.not_valid_before_utc),
        "endDateTime": _time(certificate.not_valid_after_utc),
        "keyId": str(exposed.derived_id(owner, key, "certificate", f"{name}/{thumbprint.hex()}")),
    }


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
