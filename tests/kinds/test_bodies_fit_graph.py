"""Every body that kinds send is one that Microsoft's own SDK models can read, to the last name.

The product sends plain JSON; a misspelt property would be ignored or refused by Graph.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import scene
from kiota_abstractions.serialization import Parsable, ParsableFactory
from kiota_serialization_json.json_parse_node import JsonParseNode
from msgraph.generated.applications.item.add_password.add_password_post_request_body import (
    AddPasswordPostRequestBody,
)
from msgraph.generated.applications.item.remove_password.remove_password_post_request_body import (
    RemovePasswordPostRequestBody,
)
from msgraph.generated.models.app_role_assignment import AppRoleAssignment
from msgraph.generated.models.application import Application
from msgraph.generated.models.federated_identity_credential import FederatedIdentityCredential
from msgraph.generated.models.o_auth2_permission_grant import OAuth2PermissionGrant
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.service_principal import ServicePrincipal

from provisioning.core import paths, refs
from provisioning.core.model import Address, Json, LiveObject, Ownership, Ref
from provisioning.core.request import Request

EVERYTHING = """
version: 1
name: demo
tenant: {domain: contoso.onmicrosoft.com, type: workforce}
applications:
  api:
    displayName: API
    signInAudience: AzureADMyOrg
    description: An API
    notes: hello
    identifierUris: ["https://contoso.onmicrosoft.com/api", "api://${application.api.appId}"]
    groupMembershipClaims: SecurityGroup
    serviceManagementReference: "42"
    tags: [HideApp]
    scopes: {read: {adminConsentDisplayName: Read, adminConsentDescription: Reads, type: User}}
    appRoles: {reader: {displayName: R, description: R, allowedMemberTypes: [Application]}}
    preAuthorized: [{application: app, scopes: [read]}]
    knownClients: [app]
    api: {acceptMappedClaims: true}
    optionalClaims: {idToken: [{name: email, essential: true}], accessToken: [{name: upn}]}
    info: {supportUrl: "https://contoso.example/support"}
    parentalControlSettings: {legalAgeGroupRule: Allow, countriesBlockedForMinors: [US]}
    servicePrincipalLockConfiguration: {isEnabled: true, allProperties: true}
    requestSignatureVerification: {isSignedRequestRequired: true}
    servicePrincipal:
      appRoleAssignmentRequired: true
      accountEnabled: true
      tags: [HideApp]
      notificationEmailAddresses: [a@contoso.example]
      preferredSingleSignOnMode: oidc
      assignments: [{principal: app, role: reader}]
    owners: [app]
  app:
    displayName: App
    signInAudience: AzureADMyOrg
    allowPublicClient: true
    oauth2AllowImplicitFlow: true
    publicClient: {redirectUris: ["myapp://auth"]}
    spa: {redirectUris: ["https://localhost/spa"]}
    web:
      redirectUris: ["https://localhost/x"]
      homePageUrl: https://localhost
      logoutUrl: https://localhost/out
      redirectUriSettings: [{uri: "https://localhost/x", index: 0}]
    permissions:
      - resource: microsoftGraph
        delegated: [openid]
        application: [Directory.Read.All]
        adminConsent: true
      - {resource: api, delegated: [read], adminConsent: true}
    secrets: {main: {store: {file: secret.txt}}}
    certificates: {signing: {fromFile: app.cer}}
    federatedCredentials: {main: {issuer: "https://issuer.example", subject: "repo:o/r"}}
"""
BARE = """
version: 1
name: demo
tenant: {domain: contoso.onmicrosoft.com, type: workforce}
applications:
  api: {displayName: API, signInAudience: AzureADMyOrg}
  app: {displayName: App, signInAudience: AzureADMyOrg}
"""
MODELS: dict[str, ParsableFactory[Any]] = {
    "application": Application,
    "service_principal": ServicePrincipal,
    "delegated_permission_grant": OAuth2PermissionGrant,
    "app_role_assignment": AppRoleAssignment,
    "application_certificate": Application,
    "federated_identity_credential": FederatedIdentityCredential,
    "application_owner": ReferenceCreate,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.cer").write_bytes(certificate())
    return tmp_path


def test_creating_everything(folder: Path) -> None:
    draft = scene.plan(scene.load(folder, EVERYTHING))
    assert draft.plan.findings == ()
    assert {address.kind for address in draft.works} == {*MODELS, "application_password"}
    for address in draft.works:
        for request in scene.requests(draft, str(address)):
            check(address.kind, request)


def test_changing_everything_back_and_forth(folder: Path) -> None:
    full, bare = scene.load(folder, EVERYTHING), scene.load(folder, BARE)
    created = scene.plan(full)
    living = [
        LiveObject(address, as_living(address, work.desired.body), Ownership.CREATED)
        for address, work in created.works.items()
        if work.desired is not None and address.kind in {"application", "service_principal"}
    ]
    closed = scene.plan(bare, living, allow=["updates", "deletions"])
    assert sorted(str(address) for address in closed.works) == [
        "application.api",
        "application.app",
    ]
    for address in closed.works:
        for request in scene.requests(closed, str(address)):
            check(address.kind, request)


def check(kind: str, request: Request) -> None:
    for one in scene.every(request):
        body = sent(one)
        if body is None:
            continue
        model = MODELS.get(kind) or action(str(one.path))
        parsed: Any = JsonParseNode(body).get_object_value(model)
        strange = sorted(unknown(parsed))
        assert strange == [], (kind, one.method, one.path)
        mistyped = sorted(mistakes(parsed, body))
        assert mistyped == [], (kind, one.method, one.path)


def action(path: str) -> ParsableFactory[Any]:
    if path.endswith("/addPassword"):
        return AddPasswordPostRequestBody
    if path.endswith("/removePassword"):
        return RemovePasswordPostRequestBody
    return Application


def sent(request: Request) -> Any:
    """The body with every reference replaced, as it would go out."""
    body = request.body
    if request.append is not None:
        body = paths.nest({request.append.field: [*request.append.add]})  # type: ignore[assignment]
    return refs.resolve(body, made_up)


def made_up(ref: Ref) -> Json:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, str(ref)))


def as_living(address: Address, body: Any) -> dict[str, Json]:
    resolved: Any = refs.resolve(dict(body), made_up)
    ids = {name: made_up(Ref(address, name)) for name in ("id", "appId")}
    return {**ids, **resolved}


def unknown(model: Any, where: str = "") -> Iterator[str]:
    """Names that the SDK has no property for, at any depth."""
    yield from (f"{where}.{name}" for name in getattr(model, "additional_data", None) or {})
    for name, value in vars(model).items():
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(item, Parsable):
                yield from unknown(item, f"{where}.{name}[{index}]")


def mistakes(model: Any, body: Any, where: str = "") -> Iterator[str]:
    """Values that the SDK could not read as the type it expects: they come out as None."""
    serialized = {field for field, value in vars(model).items() if value is not None}
    for name, value in body.items():
        if value is None or name.startswith("@odata"):
            continue
        field = next((f for f in vars(model) if f.replace("_", "").lower() == name.lower()), None)
        if field is None or field not in serialized:
            yield f"{where}.{name}"
            continue
        found = getattr(model, field)
        for item, raw in (
            zip(found, value, strict=True) if isinstance(value, list) else [(found, value)]
        ):
            if isinstance(raw, dict):
                yield from mistakes(item, raw, f"{where}.{name}")
            elif not fits(item, raw):
                yield f"{where}.{name}: {raw!r}"


def fits(read: object, raw: object) -> bool:
    match read:
        case bool() | int() | float() | str() if not isinstance(read, enum.Enum):
            return type(read) is type(raw)
        case enum.Enum() | uuid.UUID() | dt.datetime() | bytes():
            return isinstance(raw, str)
        case _:
            return False


def certificate() -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "demo")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)
