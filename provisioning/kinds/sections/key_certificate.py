"""`certificate:` of a policy key: a public RSA certificate from a file."""

from __future__ import annotations

import base64
from typing import Any

from provisioning.core.kind import Source
from provisioning.core.model import Value
from provisioning.kinds.sections import certificate


def settings(source: Source, entry: Any, *path: str) -> dict[str, Value] | None:
    """Return what a key set's certificate is uploaded and recognised by; None after a fault."""
    where = (*path, "certificate", "fromFile")
    name = entry.certificate.from_file
    content = source.file(name, *where)
    found = None if content is None else certificate.parse(source, content, name, *where)
    if found is None:
        return None
    # cryptography takes long to import, and most manifests hold no certificate.
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

    if not isinstance(found.public_key(), rsa.RSAPublicKey):
        source.fault("certificate", f"{name} holds no RSA key", "key sets take RSA keys", *where)
        return None
    # RFC 7517, 4.8: x5t is the SHA-1 of the DER encoding; nothing is proven by it.
    thumbprint = found.fingerprint(hashes.SHA1())  # noqa: S303
    return {
        "way": "certificate",
        "kty": "RSA",
        "use": entry.use or "sig",
        "value": base64.b64encode(found.public_bytes(serialization.Encoding.DER)).decode(),
        "x5t": base64.urlsafe_b64encode(thumbprint).decode().rstrip("="),
        "end": found.not_valid_after_utc.isoformat(),
    }
