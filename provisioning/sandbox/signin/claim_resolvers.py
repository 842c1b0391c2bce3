"""Claim resolvers such as `{OIDC:Username}`; must not know where a value is used.

Source: P claim-resolver-overview.md. Those that the sandbox cannot answer are 501.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from provisioning.sandbox.signin.attempt import Attempt
from provisioning.sandbox.signin.b2c_errors import NotOfferedError

_RESOLVER = re.compile(r"\{([A-Za-z-]+)(?::([^{}]+))?\}")
_OIDC = {
    "authenticationcontextreferences": "acr_values",
    "clientid": "client_id",
    "domainhint": "domain_hint",
    "loginhint": "login_hint",
    "maxage": "max_age",
    "nonce": "nonce",
    "prompt": "prompt",
    "redirecturi": "redirect_uri",
    "resource": "resource",
    "scope": "scope",
    "username": "username",
    "password": "password",
}


def resolved(text: str, attempt: Attempt, claims: Mapping[str, Any]) -> str:
    """A default value with its resolvers replaced; what the request lacks is empty.

    Raises:
        NotOfferedError: a resolver that the sandbox does not know.
    """
    return _RESOLVER.sub(lambda found: _value(found[0], found, attempt, claims), text)


def _value(whole: str, found: re.Match[str], attempt: Attempt, claims: Mapping[str, Any]) -> str:
    group, name = found[1].casefold(), found[2] or ""
    match group, name.casefold():
        case "oidc", known if known in _OIDC:
            return attempt.parameters.get(_OIDC[known], "")
        case "oauth-kv", _:
            return attempt.parameters.get(name, "")
        case "claim", key:
            return str(claims.get(key, ""))
        case "policy", key:
            return _policy(attempt, key, whole)
        case "context", "datetimeinutc":
            return attempt.standing.now.strftime("%m/%d/%Y %I:%M:%S %p")
        case "context", "correlationid":
            return "00000000-0000-0000-0000-000000000000"
        case "culture", "lcid":
            return "1033"
        case "culture", "languagename":
            return "en"
        case "tenant", "":
            return attempt.tenant.domain
        case _:
            pass
    raise NotOfferedError(f"the claim resolver {whole}")


def _policy(attempt: Attempt, key: str, whole: str) -> str:
    match key:
        case "":
            return attempt.policy_id
        case "policyid":
            return attempt.policy_id
        case "relyingpartytenantid" | "trustframeworktenantid":
            return attempt.tenant.domain
        case "tenantobjectid":
            return attempt.tenant.id
        case _:
            raise NotOfferedError(f"the claim resolver {whole}")
