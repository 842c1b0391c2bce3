"""`identityExperienceFramework:`: the two applications and two key sets of custom policies.

Custom policies sign local accounts in by asking the directory for a token: as one application
(`ief_proxy`), for another one (`ief`). What they must look like is Microsoft's tutorial
https://learn.microsoft.com/azure/active-directory-b2c/tutorial-create-user-flows. An entry of
`applications` or `policyKeys` for one of them wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal

from provisioning.core.kind import Section, Source
from provisioning.core.model import Address, Desired, Place, Ref, Template, TenantType, Value
from provisioning.kinds.sections import exposed, shapes
from provisioning.kinds.sections.shapes import Shape

RESOURCE: Final = "ief"
"""Key of the application that the directory's token is for."""
CLIENT: Final = "ief_proxy"
"""Key of the application that asks for it."""
KEYS: Final = (RESOURCE, CLIENT)
SETTINGS: Final = (
    ("IdentityExperienceFrameworkAppId", RESOURCE),
    ("ProxyIdentityExperienceFrameworkAppId", CLIENT),
)
"""The words that policies use for them."""
_KEY_SETS: Final[tuple[tuple[str, Literal["sig", "enc"]], ...]] = (
    ("TokenSigningKeyContainer", "sig"),
    ("TokenEncryptionKeyContainer", "enc"),
)
_SCOPE: Final = "user_impersonation"
_SIGN_IN: Final = ("offline_access", "openid")
_SECTION: Final = "identityExperienceFramework"


class IdentityExperienceFramework(Shape):
    """What custom policies need; there is nothing to choose."""


SECTIONS: Final = (
    Section(
        key=_SECTION,
        annotation=IdentityExperienceFramework | None,
        description="Write {} to get what custom policies need: applications `ief` and "
        "`ief_proxy` with their consent, and the key sets for signing and encryption. A pair that "
        "the tenant's policies use already is taken over as it is.",
    ),
)


def is_declared(source: Source) -> bool:
    """Whether the manifest asks for it."""
    return bool(source.entries(_SECTION))


def applications(source: Source) -> tuple[str, ...]:
    """Return the keys of the applications that it brings; declared ones are not among them."""
    if not is_declared(source):
        return ()
    return tuple(key for key in KEYS if key not in source.entries("applications"))


def key_sets(source: Source) -> tuple[tuple[str, Literal["sig", "enc"]], ...]:
    """Return the key sets that it needs, with their use."""
    return _KEY_SETS if is_declared(source) else ()


def settings(source: Source) -> dict[str, Ref]:
    """Return what policies call the applications, `{Settings:…}` and the packs' own words."""
    if not is_declared(source):
        return {}
    return {name: Ref(_application(key), "appId") for name, key in SETTINGS}


def desire(source: Source) -> Iterable[Desired]:
    """Yield the applications, their service principals and the consent between them."""
    if is_declared(source) and source.tenant.type is not TenantType.B2C:
        source.fault(
            "not-in-this-tenant",
            f"a tenant of type {source.tenant.type} has no custom policies",
            "delete identityExperienceFramework, or correct tenant.type",
            _SECTION,
        )
        return
    brought = applications(source)
    place = source.place(_SECTION)
    for key in brought:
        yield from _application_with_consent(source, key, place)
    if CLIENT in brought:
        yield _grant(CLIENT, RESOURCE, _principal(RESOURCE), (_SCOPE,), place)
    if brought:
        lookup: dict[str, Value] = {
            "type": "servicePrincipal",
            "by": "appId",
            "value": shapes.MICROSOFT_GRAPH_APP_ID,
        }
        yield Desired(address=_graph(), body={}, place=place, settings=lookup)


def _application_with_consent(source: Source, key: str, place: Place) -> Iterator[Desired]:
    body = _resource(source) if key == RESOURCE else _client(source)
    settings = _settings(source, key, body)
    yield Desired(address=_application(key), body=body, place=place, settings=settings)
    yield Desired(
        address=_principal(key),
        body={"appId": Ref(_application(key), "appId")},
        place=place,
        parent=_application(key),
    )
    yield _grant(key, shapes.MICROSOFT_GRAPH, _graph(), _SIGN_IN, place)


def _settings(source: Source, key: str, body: dict[str, Value]) -> dict[str, Value]:
    scope = str(exposed.derived_id(source.owner.name, key, "scope", _SCOPE))
    return {
        "key": key,
        "movedFrom": None,
        "adopt": None,
        "backfill": False,
        "derived": {scope: True} if key == RESOURCE else {},
        # A pair that works already is left exactly as it is.
        "defaulted": [*body],
        "declared": ["permissions"],
        "framework": True,
    }


def _resource(source: Source) -> dict[str, Value]:
    domain = source.tenant.domain.lower()
    name = domain.partition(".")[0]
    scope: Value = {
        "id": str(exposed.derived_id(source.owner.name, RESOURCE, "scope", _SCOPE)),
        "value": _SCOPE,
        "type": "Admin",
        "isEnabled": True,
        "adminConsentDisplayName": "Access IdentityExperienceFramework",
        "adminConsentDescription": "Allow the application to access IdentityExperienceFramework "
        "on behalf of the signed-in user.",
        "userConsentDisplayName": None,
        "userConsentDescription": None,
    }
    app_id = Ref(_application(RESOURCE), "appId")
    return {
        "displayName": "IdentityExperienceFramework",
        "uniqueName": f"{source.owner.name}-{RESOURCE}",
        "signInAudience": "AzureADMyOrg",
        "identifierUris": [Template((f"https://{domain}/", app_id))],
        # Mixed case here is refused as an invalid redirect URI.
        "web": {"redirectUris": [f"https://{name}.b2clogin.com/{domain}"]},
        # With version 2, sign-in answers "Invalid username or password" (AADB2C90052).
        "api": {"requestedAccessTokenVersion": 1, "oauth2PermissionScopes": [scope]},
        "requiredResourceAccess": [_required_of_graph()],
    }


def _client(source: Source) -> dict[str, Value]:
    scope: Value = Ref(_application(RESOURCE), f"api.oauth2PermissionScopes[value={_SCOPE}].id")
    required: Value = {
        "resourceAppId": Ref(_application(RESOURCE), "appId"),
        "resourceAccess": [{"id": scope, "type": "Scope"}],
    }
    return {
        "displayName": "ProxyIdentityExperienceFramework",
        "uniqueName": f"{source.owner.name}-{CLIENT}",
        "signInAudience": "AzureADMyOrg",
        "isFallbackPublicClient": True,
        "publicClient": {"redirectUris": ["myapp://auth"]},
        "api": {"requestedAccessTokenVersion": 1},
        "requiredResourceAccess": [_required_of_graph(), required],
    }


def _required_of_graph() -> Value:
    access: list[Value] = [
        {"id": Ref(_graph(), f"oauth2PermissionScopes[value={name}].id"), "type": "Scope"}
        for name in _SIGN_IN
    ]
    return {"resourceAppId": shapes.MICROSOFT_GRAPH_APP_ID, "resourceAccess": access}


def _grant(
    client: str, resource: str, principal: Address, scopes: Iterable[str], place: Place
) -> Desired:
    return Desired(
        address=Address("delegated_permission_grant", f"{client}.{resource}"),
        body={
            "clientId": Ref(_principal(client)),
            "resourceId": Ref(principal),
            "consentType": "AllPrincipals",
            "scope": [*scopes],
        },
        place=place,
        parent=_application(client),
    )


def _application(key: str) -> Address:
    return Address("application", key)


def _principal(key: str) -> Address:
    return Address("service_principal", key)


def _graph() -> Address:
    return Address("existing", shapes.MICROSOFT_GRAPH)
