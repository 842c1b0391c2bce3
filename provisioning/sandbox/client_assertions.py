"""Client assertions: signed by a certificate, or by an outside issuer; must not issue tokens.

Sources: E:certificate-credentials.md, E:workload-identity-federation.md,
E:reference-error-codes.md; numbers of federated assertions as reported (Azure/login#360, #482,
#517, azure-workload-identity#642, #1232), which of them comes first is unverified.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import jwt

from provisioning.sandbox import credentials
from provisioning.sandbox.aadsts import SignInError
from provisioning.sandbox.issuers import ALGORITHM, Issuers
from provisioning.sandbox.layout import LIVE
from provisioning.sandbox.store import Record, Store, Tenant

_CASE = (
    "The subject matches with case-insensitive comparison, but not with case-sensitive comparison. "
)


def check(
    store: Store,
    tenant: Tenant,
    application: Record,
    *,
    assertion: str,
    audience_root: str,
    issuers: Issuers,
    now: datetime,
) -> None:
    """Accept an assertion made by the application itself or by an issuer it trusts.

    Raises:
        SignInError: AADSTS50027, 700024, 700027, 700023; of an outside issuer's also 700211
            (issuer), 700213 and 7002138 (subject), 700212 (audience), 50166, 7000272.
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
        _check_federated(known, assertion, claims, header, issuers)


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
    header: Mapping[str, Any],
    issuers: Issuers,
) -> None:
    issuer, subject, audience = (str(claims.get(name, "")) for name in ("iss", "sub", "aud"))
    living = [each.body for each in known if each.state == LIVE]
    issued = [each for each in living if each["issuer"] == issuer]
    if not issued:
        raise _unmatched(700211, "issuer", issuer)
    meant = [each for each in issued if each["subject"] == subject]
    if not meant and any(each["subject"].casefold() == subject.casefold() for each in issued):
        raise _unmatched(7002138, "subject", subject, _CASE)
    if not meant:
        raise _unmatched(700213, "subject", subject)
    if not any(audience in each["audiences"] for each in meant):
        raise _unmatched(700212, "audience", audience)
    found = issuers.find(issuer, header.get("kid"))
    if header.get("alg") == ALGORITHM and any(_is_signed(assertion, k, ALGORITHM) for k in found):
        return
    raise SignInError(
        401, "invalid_client", 700027, "Client assertion failed signature validation."
    )


def _unmatched(number: int, what: str, value: str, more: str = "") -> SignInError:
    """No federated credential fits; everything is compared by case (Azure/login#515, #517)."""
    return SignInError(
        401,
        "invalid_client",
        number,
        f"No matching federated identity record found for presented assertion {what} '{value}'. "
        f"{more}Check your federated identity credential Subject, Audience and Issuer against the "
        "presented assertion. https://learn.microsoft.com/entra/workload-id/"
        "workload-identity-federation",
    )


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
