"""From files to what is uploaded; the schema; Microsoft's own policies where they are at hand."""

from __future__ import annotations

import pytest
from policy_samples import (
    BASE,
    IEF,
    PROXY,
    SIGN_IN,
    STARTER_PACK,
    TENANT,
    built,
    policy,
    profile,
    provider,
    read,
    settings,
    small_set,
)

from provisioning.core import refs
from provisioning.core.model import Severity, Template, Tenant, TenantType
from provisioning.policies import (
    build,
    canonical,
    document,
    lint,
    overlays,
    schema,
    target,
)
from provisioning.policies.document import Document

FABRIKAM = Tenant(
    "fabrikam.onmicrosoft.com", TenantType.B2C, "44444444-4444-4444-4444-444444444444"
)


def test_a_policy_is_pointed_at_its_tenant() -> None:
    found = target.set_tenant(read(SIGN_IN, "s.xml"), FABRIKAM)
    assert found.tenant_id == "fabrikam.onmicrosoft.com"
    assert found.base_policy == ("fabrikam.onmicrosoft.com", "B2C_1A_Extensions")
    assert found.root.get("PublicPolicyUri") == "http://fabrikam.onmicrosoft.com/B2C_1A_SignIn"
    assert "TenantObjectId" not in found.root.attrib


def test_an_object_id_is_corrected_but_never_added() -> None:
    theirs = read(policy("A", attributes=' TenantObjectId="11111111-1111-1111-1111-111111111111"'))
    assert target.set_tenant(theirs, FABRIKAM).root.get("TenantObjectId") == FABRIKAM.id
    unknown = Tenant("fabrikam.onmicrosoft.com", TenantType.B2C)
    assert target.set_tenant(theirs, unknown).root.get("TenantObjectId", "").startswith("1111")


def test_a_policy_of_the_tenant_is_left_as_it_is() -> None:
    given = read(SIGN_IN)
    assert target.set_tenant(given, TENANT) is given


def test_policies_come_parents_first_with_their_text() -> None:
    found = built(*small_set())
    assert [one.id for one in found.policies] == [
        *("B2C_1A_Base", "B2C_1A_Extensions", "B2C_1A_ProfileEdit", "B2C_1A_SignIn")
    ]
    assert found.findings == ()
    content = found.policies[-1].content
    assert isinstance(content, str)
    again = document.parse(content.encode(), "again")
    assert canonical.digest(again) == canonical.digest(read(SIGN_IN))


def test_files_that_cannot_be_read_are_findings_of_the_set() -> None:
    found = built(*small_set(), document.parse(b"<a", "broken.xml"))
    assert [finding.rule for finding in found.findings] == ["not-xml"]
    assert len(found.policies) == 4


def test_a_policy_that_grew_too_large_is_told() -> None:
    item = f'<Metadata><Item Key="a">{"{Settings:Long}" * 11}</Item></Metadata>'
    text = policy("A", f"<ClaimsProviders>{provider('P', profile('X', item))}</ClaimsProviders>")
    found = build.policy_set(
        [read(text, "a.xml")], settings=settings(Long="x" * 100_000), tenant=TENANT
    )
    assert [finding.rule for finding in found.findings] == ["policy-too-large"]


def test_the_same_sources_build_the_same_bytes() -> None:
    first, second = (built(*small_set()) for _ in range(2))
    assert [one.content for one in first.policies] == [one.content for one in second.policies]
    assert first.digest == second.digest


SCHEMA = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
  targetNamespace="http://schemas.microsoft.com/online/cpim/schemas/2013/06"
  elementFormDefault="qualified">
  <xs:element name="TrustFrameworkPolicy"><xs:complexType><xs:sequence>
    <xs:element name="Novelty" minOccurs="0">
      <xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="^~/[a-z]+$"/>
      </xs:restriction></xs:simpleType></xs:element>
    </xs:sequence><xs:attribute name="TenantObjectId"><xs:simpleType>
      <xs:restriction base="xs:string"><xs:pattern value="[0-9a-f-]{36}"/></xs:restriction>
    </xs:simpleType></xs:attribute><xs:anyAttribute processContents="skip"/>
  </xs:complexType></xs:element></xs:schema>"""


def validated(text: str, severity: Severity = Severity.WARNING) -> list[tuple[str, str, str]]:
    found = lint.lint([read(text, "a.xml")], schema=schema.read(SCHEMA), schema_severity=severity)
    return [(finding.rule, finding.severity, str(finding.place)) for finding in found]


def test_anchored_patterns_are_meant_as_anchors() -> None:
    found = validated(policy("A", "<Novelty>~/page</Novelty>"))
    assert [rule for rule, _, _ in found] == ["unknown-element"]


def test_the_schemas_findings_stand_at_their_element() -> None:
    text = policy("A", "\n" * 70_000 + "<Novelty>~/page</Novelty><RelyingParty/>")
    found = validated(text, Severity.ERROR)
    assert [one for one in found if one[0] == "schema"] == [("schema", "error", "a.xml:70001:26")]


def test_what_our_own_rules_said_the_schema_does_not_repeat() -> None:
    found = validated(policy("A", "<BuildingBlocks/><BuildingBlocks/>"))
    assert [rule for rule, _, _ in found] == ["schema", "repeated-element"]


def test_references_are_held_to_be_ids() -> None:
    known = policy("A", attributes=' TenantObjectId="${application.ief.appId}"')
    assert validated(known) == []
    assert validated(policy("A", attributes=' TenantObjectId="x"')) == [
        ("schema", "warning", "a.xml:1:1")
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"<a",
        b"<a/>",
        (
            b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">'
            b'<xs:include schemaLocation="x"/></xs:schema>'
        ),
    ],
)
def test_what_is_no_schema_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"XML|schema"):
        schema.read(content)


def pack() -> tuple[Document, ...]:
    files = sorted((STARTER_PACK / "LocalAccounts").glob("*.xml"))
    if not files:
        pytest.skip(f"Microsoft's starter pack is not at {STARTER_PACK.name} beside the project")
    return tuple(document.parse(file.read_bytes(), file.name) for file in files)


def test_microsofts_local_accounts_with_ropc_are_valid_and_clean() -> None:
    names = ("ropc", "build-stamp")
    chosen = [one for name in names if (one := overlays.built_in(name)) is not None]
    found = build.policy_set(pack(), settings=settings(), tenant=TENANT, apply=chosen)
    assert {finding.severity for finding in found.findings} == {Severity.INFO}
    rules = lint.lint(
        found.documents,
        key_sets={"TokenSigningKeyContainer", "TokenEncryptionKeyContainer"},
        schema=schema.read((STARTER_PACK / "TrustFrameworkPolicy_0.3.0.0.xsd").read_bytes()),
        schema_severity=Severity.ERROR,
    )
    # The pack writes surName where it declares surname, and the service takes it.
    assert {(finding.rule, finding.severity) for finding in rules} == {
        ("reference-case", Severity.WARNING)
    }
    contents = {one.id: one.content for one in found.policies}
    extensions = contents["B2C_1A_TrustFrameworkExtensions"]
    assert isinstance(extensions, Template)
    assert set(refs.find(extensions)) == {IEF, PROXY}


def test_microsofts_policies_as_downloaded_are_told_what_to_replace() -> None:
    rules = {finding.rule for finding in lint.lint(pack())}
    assert rules == {"placeholder-left", "reference-case"}


def test_a_base_policy_does_not_depend_on_the_tenant_id_it_came_with() -> None:
    foreign = read(BASE.replace("contoso.onmicrosoft.com", "adventure.onmicrosoft.com"))
    assert canonical.digest(target.set_tenant(foreign, TENANT)) == canonical.digest(read(BASE))
