"""Bodies for policies' keys, user flows, attributes and providers fit Microsoft's beta models.

The product sends plain JSON; a misspelt property would be ignored or refused by Graph.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import scene
from kiota_abstractions.serialization import ParsableFactory
from kiota_serialization_json.json_parse_node import JsonParseNode
from test_bodies_fit_graph import made_up, mistakes, unknown

from provisioning.core import paths, refs
from provisioning.core.model import Secret
from provisioning.core.request import Answer, Request

msgraph_beta = pytest.importorskip("msgraph_beta", reason="msgraph-beta-sdk is not installed")

EVERYTHING = """
version: 1
name: demo
tenant: {domain: contoso.onmicrosoft.com, type: b2c}
policyKeys:
  Made: {generate: {kty: RSA, use: enc}, lifetime: P365D, rotateBefore: P30D}
  Secret: {upload: {fromEnv: A}, use: sig, lifetime: P1Y}
  Pfx: {pkcs12: {fromFile: a.pfx, password: {fromEnv: B}}}
userAttributes: {LoyaltyId: {dataType: string, description: Card}}
identityProviders:
  google:
    type: socialIdentityProvider
    identityProviderType: Google
    displayName: Google
    clientId: abc
    clientSecret: {fromEnv: C}
  partner:
    type: openIdConnectIdentityProvider
    displayName: Partner
    clientId: xyz
    metadataUrl: https://partner.example/.well-known/openid-configuration
    scope: openid
    responseMode: form_post
    responseType: code
    domainHint: partner
    clientSecret: {fromEnv: D}
    claimsMapping: {userId: sub, displayName: name, email: mail, givenName: g, surname: s}
  apple:
    type: appleManagedIdentityProvider
    displayName: Apple
    developerId: a
    serviceId: b
    keyId: c
    certificateData: {fromEnv: E}
userFlows:
  SignUp:
    userFlowType: signUpOrSignIn
    userFlowTypeVersion: 3
    isLanguageCustomizationEnabled: true
    defaultLanguageTag: en
    attributes:
      - attribute: LoyaltyId
        displayName: Card
        isOptional: true
        requiresVerification: false
        userInputType: dropdownSingleSelect
        userAttributeValues: [{name: Gold, value: g, isDefault: true}]
    identityProviders: [google]
    languages: {de: {displayName: Deutsch}}
"""


def test_creating_everything(tmp_path: Path) -> None:
    draft = scene.plan(scene.load(tmp_path, EVERYTHING))
    checked = []
    for address in draft.works:
        for request in scene.requests(draft, str(address)):
            for one in followed(request):
                checked += [check(one)] if one.body is not None or one.append else []
    assert {path.rsplit("/", 1)[-1] for path in checked} == {
        *("applications", "keySets", "generateKey", "uploadSecret", "uploadPkcs12"),
        *("userFlowAttributes", "identityProviders", "b2cUserFlows", "userAttributeAssignments"),
        *("de", "$ref", "B2C_1_SignUp", "${ledger.demo.id}"),
    }


def check(request: Request) -> str:
    path = str(request.path)
    body: Any = refs.resolve(request.body, made_up)
    if request.append is not None:
        body = paths.nest({request.append.field: [*request.append.add]})
    body = revealed(refs.resolve(body, made_up))
    parsed: Any = JsonParseNode(body).get_object_value(model(path))
    assert sorted(unknown(parsed)) == [], path
    # The models read whole numbers as floats and flags as lists.
    harmless = {".userFlowTypeVersion: 3", ".responseType: 'code'"}
    assert set(mistakes(parsed, body)) <= harmless, path
    return path


MODELS = "msgraph_beta.generated.models"
KEY_SET = "msgraph_beta.generated.trust_framework.key_sets.item"
CLASSES = {
    "keySets": f"{MODELS}.trust_framework_key_set.TrustFrameworkKeySet",
    "generateKey": (
        f"{KEY_SET}.generate_key.generate_key_post_request_body.GenerateKeyPostRequestBody"
    ),
    "uploadSecret": (
        f"{KEY_SET}.upload_secret.upload_secret_post_request_body.UploadSecretPostRequestBody"
    ),
    "uploadPkcs12": (
        f"{KEY_SET}.upload_pkcs12.upload_pkcs12_post_request_body.UploadPkcs12PostRequestBody"
    ),
    "userFlowAttributes": f"{MODELS}.identity_user_flow_attribute.IdentityUserFlowAttribute",
    "identityProviders": f"{MODELS}.identity_provider_base.IdentityProviderBase",
    "userAttributeAssignments": (
        f"{MODELS}.identity_user_flow_attribute_assignment.IdentityUserFlowAttributeAssignment"
    ),
    "$ref": f"{MODELS}.reference_create.ReferenceCreate",
    "de": f"{MODELS}.user_flow_language_configuration.UserFlowLanguageConfiguration",
    "b2cUserFlows": f"{MODELS}.b2c_identity_user_flow.B2cIdentityUserFlow",
    "B2C_1_SignUp": f"{MODELS}.b2c_identity_user_flow.B2cIdentityUserFlow",
}


def model(path: str) -> ParsableFactory[Any]:
    otherwise = f"{MODELS}.application.Application"
    module, _, name = CLASSES.get(path.rsplit("/", 1)[-1], otherwise).rpartition(".")
    found: ParsableFactory[Any] = getattr(importlib.import_module(module), name)
    return found


def followed(request: Request) -> Iterator[Request]:
    """A request, and those that its answer asks for."""
    yield request
    for more in request.then(Answer(200, {"keys": []})) if request.then else ():
        yield from followed(more)


def revealed(value: Any) -> Any:
    match value:
        case Secret():
            return "value"
        case dict():
            return {name: revealed(item) for name, item in value.items()}
        case list():
            return [revealed(item) for item in value]
        case _:
            return value
