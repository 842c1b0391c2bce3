"""Custom policies as Graph keeps them: paths, statuses, spellings, limits, overlaps."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest
from sandbox_framework import (
    BASE,
    EXTENSIONS,
    FRAMEWORK,
    NAMESPACE,
    SIGN_IN,
    XML,
    changed,
    framework,
    policy,
    texts,
)
from sandbox_world import DOMAIN, batch, message, refusal

from provisioning.sandbox import Fault, Options, Sandbox

MISSING = "Policy with 'policyId': 'B2C_1A_X' cannot be found in the directory '{}'."


async def test_a_put_creates_with_201_and_replaces_with_200_and_answers_the_xml() -> None:
    """G:b/api/trustframeworkpolicy-update.md."""
    async with framework() as f:
        first = await f.put(BASE)
        again = await f.put(changed(BASE, ">Read<", ">Reader<"))
        value = await f.value("B2C_1A_Base")
    assert (first.status_code, again.status_code, value.status_code) == (201, 200, 200)
    assert first.headers["content-type"] == "application/xml"
    assert first.headers["location"] == "/trustFramework/policies/B2C_1A_Base/"
    assert first.text == BASE
    assert value.text == changed(BASE, ">Read<", ">Reader<")


async def test_a_put_that_replaces_may_say_201() -> None:
    """VSC: 201 sometimes comes back for an update."""
    async with framework(Options(policy_put_status=201)) as f:
        statuses = [(await f.put(BASE)).status_code for _ in range(2)]
    assert statuses == [201, 201]


async def test_a_post_creates_once() -> None:
    """G:b/api/trustframework-post-trustframeworkpolicy.md; the second answer is unverified."""
    async with framework() as f:
        url = f"{FRAMEWORK}/policies"
        first = await f.graph.post(url, content=BASE, headers=XML)
        second = await f.graph.post(url, content=BASE, headers=XML)
    assert (first.status_code, first.text) == (201, BASE)
    assert first.headers["location"] == "/trustFramework/policies/B2C_1A_Base/"
    assert refusal(second) == (409, "AADB2C")


async def test_a_list_shows_ids_only_and_a_get_the_id_in_any_case() -> None:
    """The beta SDK's model has no other property."""
    async with framework() as f:
        f.store(BASE, EXTENSIONS)
        listed = await f.get("policies")
        one = await f.get("policies/b2c_1a_BASE")
        value = await f.value("b2c_1a_base")
    assert listed.json()["value"] == [{"id": "B2C_1A_Base"}, {"id": "B2C_1A_Extensions"}]
    assert one.json()["id"] == "B2C_1A_Base"
    assert sorted(one.json()) == ["@odata.context", "id"]
    assert value.text == BASE


async def test_a_delete_is_a_204_and_the_policy_is_gone() -> None:
    async with framework() as f:
        f.store(BASE)
        deleted = await f.graph.delete(f"{FRAMEWORK}/policies/B2C_1A_base")
        again = await f.graph.delete(f"{FRAMEWORK}/policies/B2C_1A_base")
        listed = await f.get("policies")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert again.status_code == 404
    assert listed.json()["value"] == []


@pytest.mark.parametrize("status", [404, 400])
async def test_a_missing_policy_has_a_code_of_its_own_and_a_status_that_is_a_switch(
    status: Any,
) -> None:
    """B2CERR: AADB2C90073."""
    async with framework(Options(missing_policy_status=status)) as f:
        answers = [await f.get("policies/B2C_1A_X"), await f.value("B2C_1A_X")]
        answers.append(await f.graph.delete(f"{FRAMEWORK}/policies/B2C_1A_X"))
        tenant = f.world.tenant.id
    for answer in answers:
        assert refusal(answer) == (status, "AADB2C90073")
        assert message(answer) == MISSING.format(tenant)
        assert "correlationId" in answer.json()["error"]["innerError"]


async def test_a_put_without_value_is_refused() -> None:
    """B2CERR: AADB2C99009."""
    async with framework() as f:
        answer = await f.graph.put(f"{FRAMEWORK}/policies/B2C_1A_X", content=BASE, headers=XML)
    assert refusal(answer) == (400, "AADB2C99009")
    assert message(answer) == (
        "Put operation not supported for this entity on this uri. Please append '$value' to the "
        "request uri and send the request again."
    )


async def test_the_trust_framework_is_not_in_v1() -> None:
    """CSDL of v1.0."""
    async with framework() as f:
        answers = [
            await f.graph.get("/trustFramework/policies"),
            await f.graph.get("/trustFramework/keySets/X"),
        ]
    for answer in answers:
        assert refusal(answer) == (400, "BadRequest")
        assert message(answer) == "Resource not found for the segment 'trustFramework'."


@pytest.mark.parametrize("kind", ["workforce", "external"])
async def test_only_b2c_tenants_have_a_trust_framework(kind: str) -> None:
    """microsoft-graph-docs-contrib#8478 has the inverse."""
    async with framework(kind=kind) as f:
        answer = await f.get("policies")
        tenant = f.world.tenant.id
    assert refusal(answer) == (403, "AADB2C")
    assert message(answer) == (
        f"'{tenant}' is not an Azure AD B2C directory. Access to this Api can only be made for an "
        "Azure AD B2C directory."
    )


@pytest.mark.parametrize(
    ("roles", "method", "status"),
    [
        (["Policy.Read.All"], "GET", 200),
        (["Policy.ReadWrite.TrustFramework"], "GET", 200),
        (["Policy.ReadWrite.TrustFramework"], "PUT", 201),
        (["Policy.Read.All"], "PUT", 403),
        (["Directory.ReadWrite.All"], "GET", 403),
    ],
)
async def test_policies_ask_for_their_permissions(
    roles: list[str], method: str, status: int
) -> None:
    """DEVX permissions.json; azure-ad-b2c/samples#349 for the text with its trailing space."""
    async with framework() as f, f.world.client(roles=roles) as limited:
        path = "policies" if method == "GET" else "policies/B2C_1A_Base/$value"
        content = None if method == "GET" else BASE
        answer = await limited.request(method, f"{FRAMEWORK}/{path}", content=content, headers=XML)
    assert answer.status_code == status
    if (method, status) == ("PUT", 403):
        assert refusal(answer) == (403, "AADB2C")
        assert message(answer) == (
            "The application does not have any of the required application permissions "
            "(Policy.ReadWrite.TrustFramework) to access the resource. "
        )


async def test_a_user_needs_the_delegated_permission() -> None:
    async with framework() as f:
        async with f.world.client(scopes=["Policy.Read.All"]) as reader:
            allowed = await reader.get(f"{FRAMEWORK}/policies")
        async with f.world.client(scopes=["User.Read"]) as stranger:
            denied = await stranger.get(f"{FRAMEWORK}/policies")
    assert allowed.status_code == 200
    assert message(denied) == (
        "The application does not have any of the required delegated permissions "
        "(Policy.Read.All, Policy.ReadWrite.TrustFramework) to access the resource. "
    )


SPELT = policy(
    "B2C_1A_Base",
    "\n  <!-- why -->\n  <ClaimsProviders><ClaimsProvider><DisplayName>a  b</DisplayName>"
    '<TechnicalProfiles><TechnicalProfile Id="A"><Metadata><Item Key="z">1</Item>'
    '<Item Key="a">2</Item></Metadata></TechnicalProfile></TechnicalProfiles>'
    "</ClaimsProvider></ClaimsProviders>\n",
)


async def test_echo_keeps_every_byte() -> None:
    data = b"\xef\xbb\xbf" + SPELT.replace("\n", "\r\n").encode()
    async with framework() as f:
        put = await f.put(data)
        value = await f.value("B2C_1A_Base")
    assert put.content == value.content == data


async def test_a_policy_may_come_back_without_declaration_and_comments() -> None:
    async with framework(Options(get_policy="drop_declaration_and_comments")) as f:
        put = await f.put(SPELT)
        value = await f.value("B2C_1A_Base")
    assert put.text == value.text
    assert value.text.startswith("<TrustFrameworkPolicy ")
    assert "why" not in value.text
    assert "<DisplayName>a  b</DisplayName>" in value.text


async def test_a_policy_may_come_back_indented_anew() -> None:
    async with framework(Options(get_policy="reindent")) as f:
        await f.put(SPELT)
        value = await f.value("B2C_1A_Base")
    assert '\n                    <Metadata>\n                        <Item Key="z">1' in value.text
    assert "<DisplayName>a  b</DisplayName>" in value.text


async def test_a_policy_may_come_back_with_what_nobody_sent() -> None:
    async with framework(Options(get_policy="rewrite")) as f:
        await f.put(SPELT)
        value = await f.value("B2C_1A_Base")
        dumped = f.world.box.dump(f.world.tenant.id)["policies"]
        tenant = f.world.tenant.id
    assert f'TenantObjectId="{tenant}"' in value.text
    assert 'DeploymentMode="Production"' in value.text
    assert '<Item Key="a">2</Item><Item Key="z">1</Item>' in value.text
    assert dumped == [{"id": "B2C_1A_Base", "xml": SPELT}]


async def test_what_a_rewriting_service_answers_can_be_sent_again() -> None:
    async with framework(Options(get_policy="rewrite")) as f:
        first = await f.put(SPELT)
        second = await f.put(first.content)
    assert second.status_code == 200
    assert second.content == first.content


async def test_utf_16_is_read_by_its_declaration() -> None:
    data = changed(SPELT, "utf-8", "utf-16").encode("utf-16")
    async with framework() as f:
        put = await f.put(data, "B2C_1A_Base")
        value = await f.value("B2C_1A_Base")
    assert put.status_code == 201
    assert value.content == data


@pytest.mark.parametrize(
    "content", [b"", b'{"id": "B2C_1A_X"}', b"policy", b"\xff\xfe\x00", b"   \n"]
)
async def test_what_is_no_xml_is_called_so(content: bytes) -> None:
    """msgraph-beta-sdk-dotnet#734."""
    async with framework() as f:
        answer = await f.put(content, "B2C_1A_X")
    assert refusal(answer) == (400, "AADB2C")
    assert message(answer) == (
        "The policy being uploaded is not XML or is not correctly formatted: Data at the root "
        "level is invalid. Line 1, position 1."
    )


async def test_a_json_body_is_no_policy_either() -> None:
    """msgraph-beta-sdk-dotnet#734."""
    async with framework() as f:
        answer = await f.graph.post(f"{FRAMEWORK}/policies", json={"id": "B2C_1A_X"})
    assert refusal(answer) == (400, "AADB2C")


@pytest.mark.parametrize(
    ("content", "start"),
    [
        ("<a>\n<b></a>", "The uploaded XML has an error on line 2 col 8 : "),
        ("<a", "The uploaded XML has an error on line 1 col 3 : "),
        (
            '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
            "The uploaded XML has an error on line 1 col 1 : For security reasons DTD",
        ),
        (
            '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
            "The uploaded XML has an error on line 1 col 1 : For security reasons DTD",
        ),
    ],
)
async def test_broken_xml_is_located(content: str, start: str) -> None:
    """B2CERR: AADB2C90113."""
    async with framework() as f:
        answer = await f.put(content, "B2C_1A_X")
    assert refusal(answer) == (400, "AADB2C90113")
    assert message(answer).startswith(start)


async def test_a_bomb_of_entities_does_not_explode() -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE a [<!ENTITY e0 "boom">{entities}]><a b="&e11;">&e11;</a>'
    async with framework() as f:
        answer = await f.put(bomb, "B2C_1A_X")
    assert refusal(answer) == (400, "AADB2C90113")


async def test_a_policy_goes_under_its_own_id() -> None:
    async with framework() as f:
        other = await f.put(BASE, "B2C_1A_Other")
        case = await f.put(BASE, "b2c_1a_base")
    assert refusal(other) == (400, "AADB2C")
    assert texts(other) == (
        "PolicyId in the policy xml 'B2C_1A_Base' is not same as the one in the request "
        "'B2C_1A_Other'."
    )
    assert case.status_code == 201


async def test_whether_the_id_in_the_url_counts_is_a_switch() -> None:
    async with framework(Options(policy_id_mismatch="accept")) as f:
        other = await f.put(BASE, "B2C_1A_Other")
        listed = await f.get("policies")
    assert other.status_code == 201
    assert listed.json()["value"] == [{"id": "B2C_1A_Base"}]


async def test_a_file_has_a_largest_size() -> None:
    """Service limits: 1024 KB."""
    large = policy("B2C_1A_Base", f"<!--{'x' * 1024 * 1024}-->")
    async with framework() as f:
        answer = await f.put(large)
    async with framework(Options(max_policy_kilobytes=2048)) as f:
        larger = await f.put(large)
    assert refusal(answer) == (400, "AADB2C")
    assert message(answer) == "The uploaded policy is larger than the limit of 1024 KB."
    assert larger.status_code == 201


async def test_a_tenant_holds_so_many_policies_and_user_flows() -> None:
    """Service limits: 200 of both together."""
    async with framework() as f:
        f.store(*(policy(f"B2C_1A_P{n}") for n in range(199)))
        f.world.box.seed(
            f.world.tenant.id,
            "b2cUserFlows",
            [{"id": "F", "userFlowType": "signIn", "userFlowTypeVersion": 1}],
        )
        known = await f.put(policy("B2C_1A_P0"))
        new = await f.put(policy("B2C_1A_P199"))
        tenant = f.world.tenant.id
    async with framework(Options(max_policies=1)) as f:
        room = [(await f.put(policy(f"B2C_1A_P{n}"))).status_code for n in range(2)]
    assert known.status_code == 200
    assert message(new) == (
        f"The number of policies in the directory '{tenant}' has reached the limit of 200."
    )
    assert room == [201, 400]


async def test_a_chain_has_a_greatest_depth() -> None:
    """Service limits: 10 levels."""
    chain = [policy("B2C_1A_P1")]
    chain += [policy(f"B2C_1A_P{n}", base=f"B2C_1A_P{n - 1}") for n in range(2, 12)]
    async with framework() as f:
        answers = [await f.put(each) for each in chain]
    assert [each.status_code for each in answers] == [201] * 10 + [400]
    assert texts(answers[-1]) == (
        "The inheritance of policy 'B2C_1A_P11' is deeper than the limit of 10."
    )


async def test_the_greatest_depth_is_a_switch_and_a_circle_is_too_deep() -> None:
    async with framework(Options(max_policy_depth=2)) as f:
        f.store(policy("B2C_1A_A", base="B2C_1A_B"), policy("B2C_1A_B", base="B2C_1A_A"))
        circle = await f.put(policy("B2C_1A_A", base="B2C_1A_B"))
        fitting = await f.put(policy("B2C_1A_A"))
    assert "deeper than the limit of 2" in texts(circle)
    assert fitting.status_code == 200


@pytest.mark.parametrize(("switch", "status"), [("allow", 204), ("refuse", 400)])
async def test_deleting_a_base_is_a_switch(switch: Any, status: int) -> None:
    """IEF deletes in the order of the list."""
    async with framework(Options(policy_delete_with_children=switch)) as f:
        f.store(BASE, EXTENSIONS)
        parent = await f.graph.delete(f"{FRAMEWORK}/policies/B2C_1A_Base")
        child = await f.graph.delete(f"{FRAMEWORK}/policies/B2C_1A_Extensions")
    assert (parent.status_code, child.status_code) == (status, 204)


async def test_overlapping_writes_pass_by_default() -> None:
    async with framework() as f:
        f.world.box.latency = 0.01
        answers = await asyncio.gather(*(f.put(policy(f"B2C_1A_P{n}")) for n in range(3)))
    assert [each.status_code for each in answers] == [201, 201, 201]


@pytest.mark.parametrize("status", [409, 400])
async def test_the_later_of_two_overlapping_writes_may_be_refused(status: Any) -> None:
    """B2CERR: AADB2C95053."""
    options = Options(concurrent_policy_writes="refuse", concurrent_policy_status=status)
    async with framework(options) as f:
        f.world.box.latency = 0.01
        answers = await asyncio.gather(*(f.put(policy(f"B2C_1A_P{n}")) for n in range(3)))
        alone = await f.put(policy("B2C_1A_P1"))
        reads = await asyncio.gather(*(f.get("policies") for _ in range(3)))
    assert sorted(each.status_code for each in answers) == sorted([201, status, status])
    refused = next(each for each in answers if each.status_code == status)
    assert refusal(refused) == (status, "AADB2C95053")
    assert message(refused) == (
        "Multiple concurrent writes to the same object detected. Please perform update operations "
        "on the same object sequentially."
    )
    assert alone.status_code == 201
    assert [each.status_code for each in reads] == [200, 200, 200]


async def test_overlaps_are_counted_by_tenant_and_by_key_set() -> None:
    async with framework(Options(concurrent_policy_writes="refuse")) as f:
        f.world.box.latency = 0.01
        body = {"use": "sig", "k": "s"}
        f.world.box.seed(f.world.tenant.id, "keySets", [{"id": "One"}, {"id": "Two"}])
        same = await asyncio.gather(*(f.post("keySets/One/uploadSecret", **body) for _ in "ab"))
        other = await asyncio.gather(
            f.post("keySets/One/uploadSecret", **body),
            f.post("keySets/Two/uploadSecret", **body),
            f.put(policy("B2C_1A_P")),
        )
    assert sorted(each.status_code for each in same) == [200, 409]
    assert [each.status_code for each in other] == [200, 200, 201]


async def test_every_so_often_an_upload_is_nobodys() -> None:
    """deploy-trustframework-policy#3."""
    async with framework(Options(unauthenticated_after=2)) as f:
        statuses = [(await f.put(policy("B2C_1A_P"))).status_code for _ in range(6)]
        again = await f.put(policy("B2C_1A_P"))
    assert statuses == [201, 200, 401, 200, 200, 401]
    assert again.status_code == 200


async def test_faults_meet_policies_too_before_and_after_the_work() -> None:
    """B2CERR: AADB2C90063 is the answer to everything unforeseen."""
    async with framework() as f:
        for after in (False, True):
            f.world.box.faults.add(
                Fault(
                    path="policies/.*value",
                    method="PUT",
                    status=500,
                    code="AADB2C90063",
                    message="There is a problem with the service.",
                    after_commit=after,
                )
            )
        first = await f.put(BASE)
        before = await f.get("policies")
        second = await f.put(BASE)
        after_work = await f.get("policies")
    assert refusal(first) == refusal(second) == (500, "AADB2C90063")
    assert before.json()["value"] == []
    assert after_work.json()["value"] == [{"id": "B2C_1A_Base"}]


async def test_requests_for_policies_are_in_the_log() -> None:
    async with framework() as f:
        await f.put(BASE)
        seen = f.world.box.log[-1]
    assert (seen.method, seen.path, seen.status) == (
        "PUT",
        "/beta/trustFramework/policies/B2C_1A_Base/$value",
        201,
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (SPELT, 400),
        (base64.b64encode(SPELT.encode()).decode(), 201),
        (base64.urlsafe_b64encode(SPELT.encode()).decode().rstrip("="), 201),
        ({"xml": SPELT}, 400),
    ],
)
async def test_inside_a_batch_xml_travels_as_base64_only(body: Any, status: int) -> None:
    """G:concepts/json-batching.md."""
    async with framework() as f:
        item = {
            "id": "1",
            "method": "PUT",
            "url": "/trustFramework/policies/B2C_1A_Base/$value",
            "headers": {"Content-Type": "application/xml"},
            "body": body,
        }
        read = {"id": "2", "method": "GET", "url": item["url"], "dependsOn": ["1"]}
        outer = await f.graph.post(f"{FRAMEWORK[:-15]}/$batch", json=batch(item, read))
    answers = {each["id"]: each for each in outer.json()["responses"]}
    assert answers["1"]["status"] == status
    if status == 201:
        assert base64.b64decode(answers["2"]["body"]).decode() == SPELT


@pytest.mark.parametrize(("switch", "seen"), [(False, [1, 1]), (True, [0, 1])])
async def test_policies_lag_only_when_the_switch_says_so(switch: bool, seen: list[int]) -> None:
    async with framework(Options(read_lag=1, cpim_lag=switch)) as f:
        await f.put(BASE)
        counts = [len((await f.get("policies")).json()["value"]) for _ in range(2)]
    assert counts == seen


async def test_policies_and_keys_outlive_the_process(tmp_path: Path) -> None:
    async with framework(directory=tmp_path) as f:
        await f.put(BASE)
        await f.post(
            f"keySets/{'B2C_1A_TokenSigningKeyContainer'}/generateKey", use="sig", kty="RSA"
        )
        before = f.world.box.dump(f.world.tenant.id)
    again = Sandbox(tmp_path)
    after = again.dump(DOMAIN)
    again.close()
    assert after["policies"] == before["policies"] == [{"id": "B2C_1A_Base", "xml": BASE}]
    assert after["keySets"] == before["keySets"]
    assert len(after["keySets"][0]["keys"]) == 1


async def test_a_reset_leaves_the_built_in_attributes_only() -> None:
    async with framework() as f:
        f.store(BASE)
        f.world.box.reset()
        dumped = f.world.box.dump(f.world.tenant.id)
    assert dumped["policies"] == dumped["keySets"] == []
    assert len(dumped["userFlowAttributes"]) == 10


async def test_the_whole_chain_goes_up_parents_first() -> None:
    async with framework() as f:
        early = await f.put(SIGN_IN)
        answers = [await f.put(each) for each in (BASE, EXTENSIONS, SIGN_IN)]
    assert refusal(early) == (400, "AADB2C")
    assert [each.status_code for each in answers] == [201, 201, 201]
    assert NAMESPACE in answers[0].text
