"""User flow attributes and identity providers: ids, immutable properties, hidden secrets."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox_framework import BETA
from sandbox_world import Json, created, message, refusal, world

from provisioning.sandbox import side

ATTRIBUTES, PROVIDERS = "/identity/userFlowAttributes", "/identity/identityProviders"
LOYALTY = {"displayName": "Loyalty Id", "description": "Card", "dataType": "string"}
GOOGLE = {
    "@odata.type": "#microsoft.graph.socialIdentityProvider",
    "displayName": "Google",
    "identityProviderType": "Google",
    "clientId": "one",
    "clientSecret": "hunter2",
}
OPEN_ID = {
    "@odata.type": "#microsoft.graph.openIdConnectIdentityProvider",
    "displayName": "Contoso staff",
    "clientId": "two",
    "clientSecret": "hunter2",
    "claimsMapping": {"userId": "sub", "displayName": "name"},
    "metadataUrl": "https://login.example.com/.well-known/openid-configuration",
    "scope": "openid",
}
APPLE = {
    "@odata.type": "#microsoft.graph.appleManagedIdentityProvider",
    "displayName": "Apple",
    "developerId": "D",
    "serviceId": "S",
    "keyId": "K",
    "certificateData": "hunter2",
}


@pytest.mark.parametrize("root", ["", BETA])
async def test_a_custom_attribute_is_named_after_the_extensions_application(root: str) -> None:
    """G:v1/api/identitycontainer-post-userflowattributes.md; TF docs for the id."""
    async with world(kind="b2c") as w:
        made = await w.graph.post(root + ATTRIBUTES, json=LOYALTY)
        found = await w.graph.get(
            "/applications?$filter=startswith(displayName,'b2c-extensions-app')"
        )
        extensions = found.json()["value"][0]["appId"].replace("-", "")
        got = await w.graph.get(f"{root}{ATTRIBUTES}/{made.json()['id']}")
    expected = {
        "id": f"extension_{extensions}_LoyaltyId",
        **LOYALTY,
        "userFlowAttributeType": "custom",
    }
    assert made.status_code == 201
    assert {n: v for n, v in got.json().items() if n != "@odata.context"} == expected


@pytest.mark.parametrize("kind", ["b2c", "workforce", "external"])
async def test_every_tenant_has_the_built_in_attributes(kind: str) -> None:
    """G:v1/api/identitycontainer-list-userflowattributes.md."""
    async with world(kind=kind) as w:
        listed = (await w.graph.get(ATTRIBUTES)).json()["value"]
    assert [each["id"] for each in listed] == [
        "city",
        "country",
        "displayName",
        "email",
        "givenName",
        "jobTitle",
        "postalCode",
        "state",
        "streetAddress",
        "surname",
    ]
    assert {each["userFlowAttributeType"] for each in listed} == {"builtIn"}


async def test_an_attribute_is_created_once() -> None:
    """B2CERR: AADB2C90074."""
    async with world(kind="b2c") as w:
        made = created(await w.graph.post(ATTRIBUTES, json=LOYALTY))
        again = await w.graph.post(ATTRIBUTES, json={**LOYALTY, "displayName": "loyalty id"})
        tenant = w.tenant.id
    assert refusal(again) == (400, "AADB2C90074")
    assert message(again) == (
        f"User attribute with id: '{made['id'].replace('LoyaltyId', 'loyaltyid')}' already exists "
        f"in directory '{tenant}'."
    )


@pytest.mark.parametrize(
    "change", [{"dataType": "guid"}, {"dataType": None}, {"displayName": ""}, {"id": "x"}]
)
async def test_an_attribute_that_does_not_fit_is_refused(change: Any) -> None:
    async with world(kind="b2c") as w:
        answer = await w.graph.post(ATTRIBUTES, json={**LOYALTY, **change})
    assert refusal(answer) == (400, "AADB2C")


async def test_only_the_description_of_an_attribute_changes() -> None:
    """G:v1/api/identityuserflowattribute-update.md; B2CERR: AADB2C99014."""
    async with world(kind="b2c") as w:
        url = f"{ATTRIBUTES}/{created(await w.graph.post(ATTRIBUTES, json=LOYALTY))['id']}"
        description = await w.graph.patch(url, json={"description": "Number"})
        kind = await w.graph.patch(url, json={"dataType": "int64"})
        name = await w.graph.patch(url, json={"displayName": "Points"})
        got = (await w.graph.get(url)).json()
    assert description.status_code == 204
    assert refusal(kind) == refusal(name) == (400, "AADB2C99014")
    assert (got["description"], got["dataType"]) == ("Number", "string")


async def test_custom_attributes_can_be_deleted_and_built_in_ones_cannot() -> None:
    async with world(kind="b2c") as w:
        url = f"{ATTRIBUTES}/{created(await w.graph.post(ATTRIBUTES, json=LOYALTY))['id']}"
        custom = await w.graph.delete(url)
        gone = await w.graph.get(url)
        built_in = await w.graph.delete(f"{ATTRIBUTES}/city")
    assert custom.status_code == 204
    assert refusal(gone) == (404, "AADB2C90073")
    assert refusal(built_in) == (400, "AADB2C99014")


async def test_without_the_extensions_application_there_are_no_new_attributes() -> None:
    """B2CERR: AADB2C99006."""
    async with world(kind="b2c") as w:
        found = await w.graph.get(
            "/applications?$filter=startswith(displayName,'b2c-extensions-app')"
        )
        await w.graph.delete(f"/applications/{found.json()['value'][0]['id']}")
        answer = await w.graph.post(ATTRIBUTES, json=LOYALTY)
    assert refusal(answer) == (400, "AADB2C99006")


@pytest.mark.parametrize(
    ("body", "identity", "secret"),
    [
        (GOOGLE, "Google-OAUTH", "clientSecret"),
        ({**GOOGLE, "identityProviderType": "linkedin"}, "LinkedIn-OAUTH", "clientSecret"),
        (OPEN_ID, "OIDC-V1-Contoso_staff-", "clientSecret"),
        (APPLE, "Apple-Managed-OIDC", "certificateData"),
    ],
)
async def test_a_provider_is_created_and_never_tells_its_secret(
    body: Json, identity: str, secret: str
) -> None:
    """G:b/api/identitycontainer-{post,list}-identityproviders.md."""
    async with world(kind="b2c") as w:
        made = await w.graph.post(BETA + PROVIDERS, json=body)
        got = await w.graph.get(f"{BETA}{PROVIDERS}/{made.json()['id']}")
        listed = await w.graph.get(BETA + PROVIDERS)
        text = got.text + listed.text + str(w.box.dump(w.tenant.id))
        arrived = side.is_secret(w.box._store, w.tenant.id, made.json()["id"], "hunter2")
    assert made.status_code == 201
    assert made.json()["id"].startswith(identity)
    assert made.headers["location"] == f"/identity/identityProviders('{made.json()['id']}')"
    assert got.json()[secret] == "******"
    assert got.json()["@odata.type"] == body["@odata.type"]
    assert "hunter2" not in text
    assert arrived


async def test_an_openid_connect_provider_gets_its_defaults() -> None:
    async with world(kind="b2c") as w:
        made = created(await w.graph.post(BETA + PROVIDERS, json=OPEN_ID))
    assert (made["responseMode"], made["responseType"]) == ("form_post", "code")
    assert made["claimsMapping"] == {
        "userId": "sub",
        "givenName": None,
        "surname": None,
        "email": None,
        "displayName": "name",
    }


async def test_openid_connect_is_in_beta_only() -> None:
    """CSDL of v1.0."""
    async with world(kind="b2c") as w:
        answer = await w.graph.post(PROVIDERS, json=OPEN_ID)
    assert refusal(answer) == (400, "AADB2C")


@pytest.mark.parametrize(
    "change",
    [
        {"@odata.type": None},
        {"@odata.type": "#microsoft.graph.samlOrWsFedProvider"},
        {"identityProviderType": "Myspace"},
        {"clientSecret": ""},
        {"clientId": 7},
        {"unknown": "x"},
    ],
)
async def test_a_provider_that_does_not_fit_is_refused(change: Any) -> None:
    async with world(kind="b2c") as w:
        answer = await w.graph.post(PROVIDERS, json={**GOOGLE, **change})
        listed = await w.graph.get(PROVIDERS)
    assert refusal(answer) == (400, "AADB2C")
    assert listed.json()["value"] == []


@pytest.mark.parametrize(
    "change",
    [{"claimsMapping": {"user": "sub"}}, {"claimsMapping": "sub"}, {"responseMode": "fragment"}],
)
async def test_an_openid_connect_provider_that_does_not_fit_is_refused(change: Any) -> None:
    async with world(kind="b2c") as w:
        answer = await w.graph.post(BETA + PROVIDERS, json={**OPEN_ID, **change})
    assert refusal(answer) == (400, "AADB2C")


async def test_there_is_one_provider_of_a_network() -> None:
    async with world(kind="b2c") as w:
        created(await w.graph.post(PROVIDERS, json=GOOGLE))
        again = await w.graph.post(PROVIDERS, json={**GOOGLE, "clientId": "two"})
    assert refusal(again) == (409, "AADB2C")


async def test_a_provider_is_changed_but_not_its_network() -> None:
    """G:b/api/identityproviderbase-update.md: 204."""
    url = f"{PROVIDERS}/google-oauth"
    async with world(kind="b2c") as w:
        created(await w.graph.post(PROVIDERS, json=GOOGLE))
        changed = await w.graph.patch(
            url,
            json={"@odata.type": GOOGLE["@odata.type"], "clientId": "two", "clientSecret": "new"},
        )
        network = await w.graph.patch(url, json={"identityProviderType": "Facebook"})
        kind = await w.graph.patch(url, json={"@odata.type": APPLE["@odata.type"]})
        got = (await w.graph.get(url)).json()
        arrived = side.is_secret(w.box._store, w.tenant.id, "Google-OAUTH", "new")
    assert (changed.status_code, changed.content) == (204, b"")
    assert refusal(network) == refusal(kind) == (400, "AADB2C")
    assert (got["clientId"], got["clientSecret"]) == ("two", "******")
    assert arrived


async def test_a_provider_is_deleted_with_its_secret() -> None:
    async with world(kind="b2c") as w:
        created(await w.graph.post(PROVIDERS, json=GOOGLE))
        deleted = await w.graph.delete(f"{PROVIDERS}/Google-OAUTH")
        gone = await w.graph.get(f"{PROVIDERS}/Google-OAUTH")
        kept = side.is_secret(w.box._store, w.tenant.id, "Google-OAUTH", "hunter2")
    assert deleted.status_code == 204
    assert refusal(gone) == (404, "AADB2C90073")
    assert not kept


@pytest.mark.parametrize(
    ("path", "roles", "read", "write"),
    [
        (ATTRIBUTES, ["IdentityUserFlow.Read.All"], 200, 403),
        (ATTRIBUTES, ["IdentityUserFlow.ReadWrite.All"], 200, 201),
        (ATTRIBUTES, ["IdentityProvider.ReadWrite.All"], 403, 403),
        (PROVIDERS, ["IdentityProvider.Read.All"], 200, 403),
        (PROVIDERS, ["IdentityProvider.ReadWrite.All"], 200, 201),
        (PROVIDERS, ["IdentityUserFlow.ReadWrite.All"], 403, 403),
    ],
)
async def test_each_collection_asks_for_its_permission(
    path: str, roles: list[str], read: int, write: int
) -> None:
    """DEVX permissions.json."""
    body = LOYALTY if path == ATTRIBUTES else GOOGLE
    async with world(kind="b2c") as w, w.client(roles=roles) as limited:
        statuses = [
            (await limited.get(path)).status_code,
            (await limited.post(path, json=body)).status_code,
        ]
    assert statuses == [read, write]


async def test_a_tenant_can_be_seeded_by_hand() -> None:
    async with world(kind="b2c") as w:
        ids = [
            *w.box.seed(w.tenant.id, "identityProviders", [GOOGLE]),
            *w.box.seed(
                w.tenant.id, "userFlowAttributes", [{"id": "extension_1_X", "displayName": "X"}]
            ),
            *w.box.seed(
                w.tenant.id,
                "b2cUserFlows",
                [{"id": "F", "userFlowType": "signIn", "userFlowTypeVersion": 3}],
            ),
        ]
        provider = await w.graph.get(f"{PROVIDERS}/Google-OAUTH")
        attribute = await w.graph.get(f"{ATTRIBUTES}/EXTENSION_1_X")
        flow = await w.graph.get(f"{BETA}/identity/b2cUserFlows/B2C_1_F")
        with pytest.raises(ValueError, match=r"known: .*keySets.*policies"):
            w.box.seed(w.tenant.id, "nothing", [])
    assert ids == ["Google-OAUTH", "extension_1_X", "B2C_1_F"]
    assert [each.status_code for each in (provider, attribute, flow)] == [200, 200, 200]
    assert attribute.json()["userFlowAttributeType"] == "custom"
