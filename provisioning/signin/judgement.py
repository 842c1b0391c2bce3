"""Whether verified claims are what the check asked for. Pure: claims in, a refusal out.

Must not verify signatures or times; the tokens here are genuine already.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from provisioning.core.model import Json
from provisioning.signin import causes, grants
from provisioning.signin.checks import Check, Flow
from provisioning.signin.refusal import Cause, Refused
from provisioning.signin.tokens import GRAPH

_POLICY_CLAIMS: Final = ("tfp", "acr")
_DIGITS: Final = 12
"""Of a digest, as a message shows it."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The claims of one token response; None for a token that did not come or is opaque."""

    id: Mapping[str, Json] | None
    access: Mapping[str, Json] | None
    access_token: str | None = field(default=None, repr=False)
    """For at_hash."""

    def get(self, name: str) -> Json:
        """Look a claim up in the id token, then in the access token."""
        for claims in (self.id, self.access):
            if claims is not None and claims.get(name) is not None:
                return claims[name]
        return None

    @property
    def all(self) -> tuple[Mapping[str, Json], ...]:
        """What there is."""
        return tuple(claims for claims in (self.id, self.access) if claims is not None)


def audiences(check: Check, *, refreshed: bool = False) -> frozenset[str]:
    """Return what an access token may be for.

    An API signs itself by its appId or by an identifier URI, which the scope's name begins with.
    After a password sign-in B2C's article redeems the refresh token for `resource=<client id>`.
    """
    expected = check.expect.get("aud")
    wanted = {*check.audiences, *({expected} if isinstance(expected, str) else ())}
    named = grants.resource_scopes(check)
    if check.v1 and check.resource is not None:
        wanted |= _spellings(check.resource)
    elif not named or check.client_id in check.scopes:
        wanted |= {check.client_id} if check.policy else GRAPH
    elif check.flow is Flow.ROPC and check.policy is not None and refreshed:
        wanted.add(check.client_id)
    for scope in named:
        resource, slash, _ = scope.rpartition("/")
        wanted |= _spellings(resource) if slash else GRAPH
    return frozenset(wanted)


def judge(check: Check, claimed: Claimed, *, nonce: str | None) -> None:
    """Compare the tokens of a sign-in with what was asked; raises Refused for the first fault."""
    _policy(check, claimed)
    _client(check, claimed)
    _bindings(claimed, nonce)
    proven = _stamp(check, claimed)
    try:
        _scopes(check, claimed)
        _expected(check, claimed)
    except Refused as refused:
        if proven:
            # The current version has answered: waiting changes nothing.
            refused.cause = dataclasses.replace(refused.cause, not_yet=False)
        raise


def judge_refreshed(check: Check, before: Claimed, after: Claimed) -> None:
    """Compare refreshed tokens with the first ones; raises Refused.

    Policy, client and subject stay (OpenID Connect Core 1.0, 12.2). Claims may be fewer: the
    refresh journey has its own output.
    """
    _policy(check, after)
    _client(check, after)
    _bindings(after, None)
    for name in ("oid", "sub"):
        old, new = before.get(name), after.get(name)
        if old is not None and new is not None and old != new:
            raise Refused(causes.OTHER_SUBJECT, f"its {name} has changed")


def _spellings(resource: str) -> set[str]:
    bare = resource.rstrip("/")
    return {bare, f"{bare}/", bare.removeprefix("api://")}


def _policy(check: Check, claimed: Claimed) -> None:
    if check.policy is None:
        return
    for claims in claimed.all:
        found = [str(claims[name]) for name in _POLICY_CLAIMS if name in claims]
        if not found and claims is claimed.id:
            raise Refused(causes.NO_POLICY_CLAIM)
        if found and check.policy.lower() not in {name.lower() for name in found}:
            raise Refused(causes.WRONG_POLICY, f"{found[0]}, not {check.policy}")


def _client(check: Check, claimed: Claimed) -> None:
    if claimed.access is None:
        return
    client = claimed.access.get("azp", claimed.access.get("appid"))
    if client != check.client_id:
        raise Refused(causes.WRONG_CLIENT, "it names none" if client is None else str(client))


def _bindings(claimed: Claimed, nonce: str | None) -> None:
    if claimed.id is None:
        return
    if nonce is not None and claimed.id.get("nonce") != nonce:
        raise Refused(causes.WRONG_NONCE)
    bound = claimed.id.get("at_hash")
    if bound is None or claimed.access_token is None:
        return
    half = hashlib.sha256(claimed.access_token.encode("ascii")).digest()[:16]
    if bound != grants.base64url(half):
        raise Refused(causes.WRONG_AT_HASH)


def _stamp(check: Check, claimed: Claimed) -> bool:
    """Tell whether the current version is proven; raises Refused when another one answered."""
    if check.stamp is None:
        return False
    claim, wanted = check.stamp.claim, check.stamp.value
    found = claimed.get(claim)
    if found != wanted:
        told = "is in no token" if found is None else f"is {str(found)[:_DIGITS]}…"
        detail = f"claim {claim} {told}, the manifest builds {wanted[:_DIGITS]}…"
        raise Refused(causes.OLD_VERSION, detail, subject=claim)
    return True


def _scopes(check: Check, claimed: Claimed) -> None:
    wanted = {
        scope.rpartition("/")[2]
        for scope in grants.resource_scopes(check)
        if not scope.endswith("/.default")
    }
    if not wanted or claimed.access is None or check.v1:
        return
    missing = wanted.difference(str(claimed.access.get("scp") or "").split())
    if missing:
        raise Refused(causes.MISSING_SCOPE, ", ".join(sorted(missing)))


def _expected(check: Check, claimed: Claimed) -> None:
    for name, wanted in check.expect.items():
        found = [claims[name] for claims in claimed.all if claims.get(name) is not None]
        if wanted is None and found:
            raise _unexpected(causes.WRONG_CLAIM, name, "it is there and should not be")
        if wanted is not None and not found:
            raise Refused(causes.MISSING_CLAIM, name, subject=name)
        if wanted is not None and not any(_same(name, value, wanted) for value in found):
            raise _unexpected(causes.WRONG_CLAIM, name, f"it is {found[0]!r}")


def _unexpected(cause: Cause, name: str, detail: str) -> Refused:
    path = f"{{check}}.expect.{name}"
    return Refused(cause, f"{name}: {detail}", path=path, subject=name)


def _same(name: str, value: Json, wanted: Json) -> bool:
    if name in _POLICY_CLAIMS and isinstance(value, str) and isinstance(wanted, str):
        # Policy ids ignore case, and claims carry them in lower case.
        return value.lower() == wanted.lower()
    # In Python, True == 1.
    return isinstance(value, bool) == isinstance(wanted, bool) and value == wanted
