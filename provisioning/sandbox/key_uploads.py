"""Keys out of uploaded certificates and PKCS#12 files; must not know key sets.

Source: G:b/api/trustframeworkkeyset-{uploadcertificate,uploadpkcs12}.md; texts: B2CERR.
"""

from __future__ import annotations

import base64

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from provisioning.sandbox import cpim, key_material
from provisioning.sandbox.call import Call
from provisioning.sandbox.key_material import Key


def from_certificate(call: Call, text: object) -> Key:
    """The public key of a certificate, DER or PEM in base64.

    Raises:
        GraphError: 400 AADB2C90215, 95031, 90137.
    """
    data = _decoded(text)
    try:
        if data.lstrip().startswith(b"-----BEGIN"):
            certificate = x509.load_pem_x509_certificate(data)
        else:
            certificate = x509.load_der_x509_certificate(data)
    except ValueError as error:
        raise key_material.badly_formatted(str(error)) from None
    return _certified(call, certificate, None)


def from_pkcs12(call: Call, text: object, password: object) -> Key:
    """The key and certificate in a PKCS#12 file.

    Raises:
        GraphError: 400 AADB2C90215, 95025 or 90213, 95031, 90137.
    """
    data = _decoded(text)
    if not data.startswith(b"\x30"):
        raise key_material.badly_formatted("The file is not PKCS#12")
    try:
        private, certificate, _ = pkcs12.load_key_and_certificates(
            data, str(password or "").encode() or None
        )
    except (ValueError, TypeError):
        code = call.options.wrong_pkcs12_code
        message = {
            "AADB2C95025": "The presented password for the uploaded certificate is wrong.",
            "AADB2C90213": "The certificate password provided in request is incorrect.",
        }[code]
        raise cpim.refused(message, code=code) from None
    if private is None or certificate is None:
        raise key_material.badly_formatted("The file holds no certificate with its private key")
    return _certified(call, certificate, private)


def _certified(call: Call, certificate: x509.Certificate, private: object) -> Key:
    public = certificate.public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        raise key_material.bad_kind("EC")
    key_material.check_modulus(call, public.key_size)
    times = {
        "nbf": int(certificate.not_valid_before_utc.timestamp()),
        "exp": int(certificate.not_valid_after_utc.timestamp()),
    }
    key = key_material.rsa_key(
        public, private if isinstance(private, rsa.RSAPrivateKey) else None, "sig", times
    )
    der = certificate.public_bytes(serialization.Encoding.DER)
    # SHA-1 is what `x5t` is made of (RFC 7517, 4.8).
    thumbprint = certificate.fingerprint(hashes.SHA1())  # noqa: S303
    chain = {"x5c": [base64.b64encode(der).decode()], "x5t": key_material.base64url(thumbprint)}
    return Key({**key.public, **chain}, key.private)


def _decoded(text: object) -> bytes:
    try:
        return base64.b64decode(
            key_material.padded(str(text or "")).replace("-", "+").replace("_", "/")
        )
    except ValueError:
        raise key_material.badly_formatted("not base64") from None
