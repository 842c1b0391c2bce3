"""Tokens and the body of a token response of B2C; must not decide whether they are due.

Sources: P tokens-overview.md, the sample tokens and responses of P add-ropc-policy.md and
P access-tokens.md.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.sandbox.signin import signing_keys, stored_grants
from provisioning.sandbox.signin.attempt import Attempt, Outcome
from provisioning.sandbox.signin.clients import Scopes
from provisioning.sandbox.tokens import Tokens

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """What is to be issued.

    `auth_time` in seconds; `sliding_end` is when the chain of refresh tokens ends; `full` adds
    the members that the samples of code and refresh responses have; without `user` an application
    signs in as itself.
    """

    client_id: str
    scopes: Scopes
    auth_time: int
    nonce: str | None = None
    sliding_end: int | None = None
    full: bool = True
    access: bool = True
    identity: bool = True
    user: bool = True


def respond(attempt: Attempt, tokens: Tokens, outcome: Outcome, issue: Issue) -> Json:
    """The JSON body of a token response.

    Raises:
        B2CError: the signing or encryption keys cannot be used.
    """
    settings, now = outcome.settings, attempt.seconds
    body: Json = {}
    access = None
    if issue.access and issue.scopes.resource is not None:
        access = _access_token(attempt, tokens, outcome, issue)
        body["access_token"] = access
    if issue.identity and issue.scopes.openid:
        body["id_token"] = _id_token(attempt, tokens, outcome, issue, access)
    body |= {"token_type": "Bearer"}
    if access is not None:
        body["expires_in"] = settings.lifetimes[0]
    if issue.full:
        body |= {"not_before": now}
        if access is not None:
            body |= {"expires_on": now + settings.lifetimes[0], "resource": issue.scopes.resource}
        if "id_token" in body:
            body["id_token_expires_in"] = settings.lifetimes[1]
        body |= {"profile_info": _profile_info(attempt, outcome)} if issue.user else {}
    if issue.scopes.offline:
        body["refresh_token"] = _refresh_token(attempt, outcome, issue)
        if issue.full:
            body["refresh_token_expires_in"] = settings.lifetimes[2]
    body |= _client_info(attempt, outcome) if issue.user else {}
    if settings.numbers:
        return body
    return {name: str(value) if isinstance(value, int) else value for name, value in body.items()}


def _access_token(attempt: Attempt, tokens: Tokens, outcome: Outcome, issue: Issue) -> str:
    settings = outcome.settings
    claims = _claims(attempt, outcome, settings.lifetimes[0])
    claims |= {"aud": issue.scopes.resource, "azp": issue.client_id}
    if issue.scopes.granted:
        claims["scp"] = " ".join(issue.scopes.granted)
    if issue.nonce is not None:
        claims["nonce"] = issue.nonce
    if settings.policy_claim == "tfp":
        claims["tfp"] = attempt.policy_id
    return signing_keys.signed(attempt.standing, tokens, settings.key_set, claims)


def _id_token(
    attempt: Attempt, tokens: Tokens, outcome: Outcome, issue: Issue, access: str | None
) -> str:
    settings = outcome.settings
    claims = _claims(attempt, outcome, settings.lifetimes[1])
    claims |= {"aud": issue.client_id, "auth_time": issue.auth_time}
    if issue.nonce is not None:
        claims["nonce"] = issue.nonce
    if settings.policy_claim == "tfp":
        claims["tfp"] = attempt.policy_id
    elif settings.policy_claim:
        claims[settings.policy_claim] = attempt.policy_id.lower()
    if access is not None:
        claims["at_hash"] = _at_hash(access)
    return signing_keys.signed(attempt.standing, tokens, settings.key_set, claims)


def _claims(attempt: Attempt, outcome: Outcome, lifetime: int) -> Json:
    """Claims of every token; the protocol's own are not the policy's to set."""
    now = attempt.seconds
    return {
        **outcome.token_claims,
        "ver": "1.0",
        "iss": outcome.settings.issuer,
        "exp": now + lifetime,
        "nbf": now,
        "iat": now,
    }


def _at_hash(access: str) -> str:
    """The left half of the SHA-256 (OpenID Connect Core 1.0, 3.1.3.6)."""
    half = hashlib.sha256(access.encode()).digest()[:16]
    return base64.urlsafe_b64encode(half).rstrip(b"=").decode()


def _profile_info(attempt: Attempt, outcome: Outcome) -> str:
    info = {
        "ver": "1.0",
        "tid": attempt.tenant.id,
        "sub": None,
        "name": outcome.token_claims.get("name"),
        "preferred_username": None,
        "idp": outcome.token_claims.get("idp"),
    }
    return base64.urlsafe_b64encode(json.dumps(info).encode()).rstrip(b"=").decode()


def _client_info(attempt: Attempt, outcome: Outcome) -> Json:
    """What MSAL asks for, to name an account by: the user at this policy, and the tenant.

    The account's id is then `OID-POLICY.TENANT` (msal-js accounts.md); that the password grant
    gives it too shows in msal-python's tests against B2C, where no ID token comes.
    """
    if attempt.parameters.get("client_info") != "1":
        return {}
    known = {
        "uid": f"{outcome.object_id}-{attempt.policy_id.lower()}",
        "utid": attempt.tenant.id,
    }
    return {
        "client_info": base64.urlsafe_b64encode(json.dumps(known).encode()).rstrip(b"=").decode()
    }


def _refresh_token(attempt: Attempt, outcome: Outcome, issue: Issue) -> str:
    settings, now = outcome.settings, attempt.seconds
    sliding_end = issue.sliding_end or now + settings.lifetimes[3]
    body: Json = {
        "kind": "refresh",
        "client_id": issue.client_id,
        "policy": attempt.policy_id.casefold(),
        "scope": issue.scopes.text,
        "objectid": outcome.object_id,
        "refreshtokenissuedondatetime": attempt.standing.now.isoformat(),
        "claims": _plain(outcome.claims),
        "issued": now,
        "expires": min(now + settings.lifetimes[2], sliding_end),
        "sliding_end": sliding_end,
        "auth_time": issue.auth_time,
    }
    kid = signing_keys.encryption_key_id(attempt.standing, settings.encryption_key_set)
    return stored_grants.keep(attempt.store, attempt.tenant.id, kid, body)


def _plain(claims: Mapping[str, Any]) -> Json:
    """Claims that may be kept: nobody's password."""
    return {name: value for name, value in claims.items() if "password" not in name}
