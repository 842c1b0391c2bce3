"""A local certificate authority and one server certificate; must not serve anything.

The certificate names loopback and the public hosts, for clients with hard-coded ones.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOSTS = (
    "localhost",
    "graph.microsoft.com",
    "graph.microsoft.us",
    "dod-graph.microsoft.us",
    "microsoftgraph.chinacloudapi.cn",
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.chinacloudapi.cn",
    "login.microsoft.com",
    "login.windows.net",
    "sts.windows.net",
    "*.b2clogin.com",
    "*.b2clogin.us",
    "*.b2clogin.cn",
    "*.ciamlogin.com",
)
"""Hosts of Graph and of sign-in in every cloud (G:concepts/deployments.md, E:authentication-
national-cloud.md)."""
_ADDRESSES = ("127.0.0.1", "::1")
_NAMES = ("ca.pem", "server.pem", "server.key", "trusted.pem")
_VALID = timedelta(days=397)
_RENEWED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Files:
    """PEM files: the authority's certificate, the server's certificate and its key.

    `trusted` holds the authority after the public ones, for settings that replace what is trusted:
    a client that is led here may still have to reach others, such as a runner's token service.
    """

    authority: Path
    certificate: Path
    key: Path
    trusted: Path


def files(folder: Path, more_hosts: Iterable[str] = (), *, now: datetime | None = None) -> Files:
    """The files in a folder, made when they are missing; keys are 0600.

    They are made anew when a host is missing from the certificate, or when it ends within a month.
    The authority's own key is forgotten once it has signed, so that nothing else can be issued in
    its name.

    Args:
        folder: where they are kept.
        more_hosts: names beside `HOSTS`.
        now: when they are made, in UTC; by default the machine's time.
    """
    made = Files(*(folder / name for name in _NAMES))
    now = now or datetime.now(UTC)
    hosts = [*HOSTS, *more_hosts]
    if not _are_good(made, hosts, now):
        _make(made, hosts, now)
    public = Path(ssl.get_default_verify_paths().cafile or certifi.where()).read_bytes()
    own = made.authority.read_bytes()
    # A shell that was led to this sandbox before trusts it already.
    _write(made.trusted, public if own in public else public + b"\n" + own, 0o644)
    return made


def _make(made: Files, hosts: Iterable[str], now: datetime) -> None:
    made.key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _authority(authority_key, now)
    certificate = _server(key, authority, authority_key, hosts, now)
    _write(made.authority, authority.public_bytes(serialization.Encoding.PEM), 0o644)
    _write(made.certificate, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write(made.key, text, 0o600)


def _are_good(made: Files, hosts: Iterable[str], now: datetime) -> bool:
    if not all(each.is_file() for each in (made.authority, made.certificate, made.key)):
        return False
    try:
        certificate = x509.load_pem_x509_certificate(made.certificate.read_bytes())
    except ValueError:
        return False
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    lasts = certificate.not_valid_after_utc > now + _RENEWED
    return lasts and set(hosts) <= set(names.value.get_values_for_type(x509.DNSName))


def _authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = _name("provisioning sandbox authority")
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _builder(name, name, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _server(
    key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    hosts: Iterable[str],
    now: datetime,
) -> x509.Certificate:
    names: list[x509.GeneralName] = [x509.DNSName(each) for each in dict.fromkeys(hosts)]
    names += [x509.IPAddress(ipaddress.ip_address(each)) for each in _ADDRESSES]
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    return (
        _builder(_name("localhost"), authority.subject, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(usage, critical=False)
        .add_extension(issuer, critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _write(path: Path, data: bytes, mode: int) -> None:
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
