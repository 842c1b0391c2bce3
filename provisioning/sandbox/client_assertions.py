"""Client assertions: signed by a certificate, or by an outside issuer; must not issue tokens.

Sources: E:certificate-credentials.md, E:workload-identity-federation.md,
E:reference-error-codes.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import jwt

from provisioning.sandbox import credentials
from provisioning.sandbox.aadsts import SignInError
from provisioning.sandbox.layout import LIVE
from provisioning.sandbox.store import Record, Store, Tenant


def check(
    store: Store,
    tenant: Tenant,
    application: Record,
    *,
    assertion: str,
    audience_root: str,
    issuers: Mapping[str, Mapping[str, Any]],
    now: datetime,
) -> None:
    """Accept an assertion made by the application itself or by an issuer it trusts.

    Raises:
        SignInError: AADSTS50027, 700024, 700027, 700023 or 70021.
    """
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
        header = jwt.get_unverified_header(assertion)
    except jwt.InvalidTokenError:
        raise SignInError(
            401, "invalid_client", 50027, "JWT token is invalid or malformed."
        ) from None
    stamp = now.timestamp()
    if not claims.get("nbf", 0) - 300 <= stamp < claims.get("exp", 0):
        raise SignInError(
            401,
            "invalid_client",
            700024,
            "Client assertion is not within its valid time range.",
        )
    if claims.get("iss") == application.body["appId"]:
        _check_certificate(application, assertion, header)
        _check_audience(claims, tenant, audience_root)
    else:
        known = store.find(tenant.id, "federatedIdentityCredentials", "_parent", application.id)
        algorithm = str(header.get("alg"))
        _check_federated(known, assertion, claims, algorithm=algorithm, issuers=issuers)


def _check_certificate(application: Record, assertion: str, header: Mapping[str, Any]) -> None:
    algorithm = header.get("alg")
    for credential in application.body["keyCredentials"]:
        if algorithm not in {"RS256", "PS256"} or credential["type"] != "AsymmetricX509Cert":
            continue
        pem = credentials.public_key_pem(credential["key"])
        if _is_signed(assertion, pem, str(algorithm)):
            return
    raise SignInError(
        401,
        "invalid_client",
        700027,
        "The certificate with identifier used to sign the client assertion is not registered on "
        "application.",
    )


def _check_audience(claims: Mapping[str, Any], tenant: Tenant, root: str) -> None:
    names = (tenant.id, tenant.domain)
    known = {f"{root}/{name}/oauth2/v2.0/token" for name in names}
    known |= {f"{root}/{name}/v2.0" for name in names}
    if claims.get("aud") not in known:
        raise SignInError(
            401,
            "invalid_client",
            700023,
            f"Client assertion audience claim does not match Realm issuer: {claims.get('aud')}.",
        )


def _check_federated(
    known: Sequence[Record],
    assertion: str,
    claims: Mapping[str, Any],
    *,
    algorithm: str,
    issuers: Mapping[str, Mapping[str, Any]],
) -> None:
    issuer, subject, audience = (str(claims.get(name, "")) for name in ("iss", "sub", "aud"))
    for record in known:
        body = record.body
        trusted = (body["issuer"], body["subject"]) == (issuer, subject)
        if record.state != LIVE or not trusted or audience not in body["audiences"]:
            continue
        if any(_is_signed(assertion, key, algorithm) for key in _keys(issuers, issuer)):
            return
        raise SignInError(
            401,
            "invalid_client",
            700027,
            "Client assertion failed signature validation.",
        )
    raise SignInError(
        400,
        "invalid_request",
        70021,
        "No matching federated identity record found for presented assertion. Assertion Issuer: "
        f"'{issuer}'. Assertion Subject: '{subject}'. Assertion Audience: '{audience}'.",
    )


def _keys(issuers: Mapping[str, Mapping[str, Any]], issuer: str) -> Iterator[Any]:
    for key in issuers.get(issuer, {}).get("keys", ()):
        yield jwt.PyJWK(key, algorithm=key.get("alg", "RS256")).key


def _is_signed(assertion: str, key: Any, algorithm: str) -> bool:
    try:
        jwt.decode(
            assertion,
            key,
            algorithms=[algorithm],
            options={
                "verify_exp": False,
                "verify_aud": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except jwt.InvalidTokenError:
        return False
    return True
