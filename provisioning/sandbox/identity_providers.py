"""Identity providers: list, get, create, change, delete; must not show a secret.

Sources: G:b/api/identitycontainer-{list,post}-identityproviders.md,
G:b/api/identityproviderbase-{get,update,delete}.md, G:b/resources/*identityprovider.md; the graph
CSDL for properties.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.sandbox import cpim, odata, side
from provisioning.sandbox.call import Answer, Call, Json
from provisioning.sandbox.store import Record

STORED = "identityProviders"
PLACE = "identity/identityProviders"
_FIELD = "identityProvider"
_ANSWERED = "******"
_SOCIAL = ("Microsoft", "Google", "Amazon", "LinkedIn", "Facebook", "GitHub", "Twitter", "Weibo")
_SOCIAL_TYPES = {each.lower(): each for each in (*_SOCIAL, "QQ", "WeChat")}
_CLAIMS = ("userId", "givenName", "surname", "email", "displayName")


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of provider: its properties with the needed ones first, and its secret."""

    type: str
    needed: tuple[str, ...]
    optional: tuple[str, ...]
    secret: str
    immutable: tuple[str, ...] = ()
    beta_only: bool = False

    @property
    def properties(self) -> tuple[str, ...]:
        """All that a client may send."""
        return (*self.needed, *self.optional)


KINDS = {
    each.type: each
    for each in (
        Kind(
            "#microsoft.graph.socialIdentityProvider",
            ("identityProviderType", "displayName", "clientId", "clientSecret"),
            (),
            "clientSecret",
            immutable=("identityProviderType",),
        ),
        Kind(
            "#microsoft.graph.openIdConnectIdentityProvider",
            ("displayName", "clientId", "metadataUrl", "scope", "claimsMapping"),
            ("clientSecret", "domainHint", "responseMode", "responseType"),
            "clientSecret",
            beta_only=True,
        ),
        Kind(
            "#microsoft.graph.appleManagedIdentityProvider",
            ("displayName", "developerId", "serviceId", "keyId", "certificateData"),
            (),
            "certificateData",
        ),
    )
}


def list_all(call: Call) -> Answer:
    """GET /identity/identityProviders."""
    return cpim.listing(call, PLACE, [each.body for each in cpim.view(call).select(STORED)])


def get(call: Call, key: str) -> Answer:
    """GET /identity/identityProviders/{id}; secrets as asterisks."""
    return cpim.entity(call, PLACE, visible(call, key).body)


def create(call: Call) -> Answer:
    """POST /identity/identityProviders: 201; `@odata.type` says which kind."""
    body = completed(call.body, beta=call.version == "beta")
    if cpim.view(call).truth(STORED, body["id"].casefold()) is not None:
        # That there is one of each kind follows from the ids; the wording is unverified.
        raise cpim.refused(
            f"Identity provider with id: '{body['id']}' already exists in directory "
            f"'{call.tenant.id}'.",
            status=409,
        )
    _keep_secret(call, body["id"], call.body)
    cpim.view(call).put(STORED, body["id"].casefold(), body)
    return cpim.entity(call, PLACE, body, status=201, location=f"/{PLACE}('{body['id']}')")


def update(call: Call, key: str) -> Answer:
    """PATCH /identity/identityProviders/{id}: 204."""
    stored = visible(call, key).body
    kind = KINDS[stored["@odata.type"]]
    sent = cpim.sent(call, kind.properties, _FIELD)
    if sent.get("@odata.type", kind.type) != kind.type:
        raise cpim.invalid_field(_FIELD)
    for name in kind.immutable:
        if sent.get(name, stored[name]) != stored[name]:
            raise cpim.invalid_field(_FIELD)
    _check(kind, {**stored, **sent})
    _keep_secret(call, stored["id"], sent)
    body = {**stored, **sent, kind.secret: _shown(sent.get(kind.secret, stored[kind.secret]))}
    cpim.view(call).put(STORED, stored["id"].casefold(), body)
    return Answer(204)


def delete(call: Call, key: str) -> Answer:
    """DELETE /identity/identityProviders/{id}: 204."""
    record = visible(call, key)
    cpim.view(call).remove(STORED, record.id)
    side.forget_secret(call.store, call.tenant.id, record.body["id"])
    return Answer(204)


def visible(call: Call, key: str) -> Record:
    """The provider that a read sees.

    Raises:
        GraphError: 404 AADB2C90073 (status unverified).
    """
    return cpim.visible(call, STORED, key, "IdentityProvider")


def completed(sent: Any, *, beta: bool = True) -> Json:
    """A provider as Graph shows it, from a create body.

    Raises:
        GraphError: 400 for a body that does not fit its type.
    """
    kind = KINDS.get(str(sent.get("@odata.type"))) if isinstance(sent, dict) else None
    if kind is None or (kind.beta_only and not beta):
        raise cpim.invalid_field(_FIELD)
    _check(kind, sent)
    values = {name: sent.get(name) for name in kind.properties}
    if "claimsMapping" in values:
        values["claimsMapping"] = dict.fromkeys(_CLAIMS) | values["claimsMapping"]
    values[kind.secret] = _shown(values[kind.secret])
    if "responseMode" in values:
        values["responseMode"] = values["responseMode"] or "form_post"
        values["responseType"] = values["responseType"] or "code"
    return {"@odata.type": kind.type, "id": _identity(kind, sent), **values}


def _check(kind: Kind, sent: Mapping[str, Any]) -> None:
    known = {*kind.properties, "id", "@odata.type", "@odata.context"}
    wrong = set(sent) - known or [name for name in kind.needed if not sent.get(name)]
    if wrong:
        raise cpim.invalid_field(_FIELD)
    for name in kind.properties:
        value = sent.get(name)
        if name == "claimsMapping":
            if not isinstance(value, dict) or set(value) - set(_CLAIMS) - {"@odata.type"}:
                raise cpim.invalid_field(_FIELD)
        elif not isinstance(value, str | None):
            raise cpim.invalid_field(_FIELD)
    social = sent.get("identityProviderType")
    if social is not None and social.lower() not in _SOCIAL_TYPES:
        raise cpim.invalid_field(_FIELD)
    if sent.get("responseMode") not in {None, "form_post", "query"}:
        raise cpim.invalid_field(_FIELD)


def _identity(kind: Kind, sent: Mapping[str, Any]) -> str:
    """Ids as in the pages' samples: one per social network, many for OpenID Connect."""
    if "identityProviderType" in kind.needed:
        return f"{_SOCIAL_TYPES[sent['identityProviderType'].lower()]}-OAUTH"
    if "metadataUrl" in kind.needed:
        return f"OIDC-V1-{sent['displayName'].replace(' ', '_')}-{uuid.uuid4()}"
    return "Apple-Managed-OIDC"


def _keep_secret(call: Call, identity: str, sent: Mapping[str, Any]) -> None:
    """A salted hash, so that a test can ask which value arrived."""
    for name in ("clientSecret", "certificateData"):
        if sent.get(name):
            side.keep_secret(call.store, call.tenant.id, identity, sent[name])


def _shown(secret: str | None) -> str | None:
    return None if secret is None else _ANSWERED


def references(call: Call, ids: list[str]) -> Answer:
    """The providers with these ids, as a user flow lists them."""
    view = cpim.view(call)
    found = [record.body for each in ids if (record := view.get(STORED, each.casefold()))]
    return cpim.listing(call, PLACE, [odata.shown(each, ()) for each in found])
