"""Inheritance: upload order, and every way in which a chain can be wrong."""

from __future__ import annotations

from policy_samples import BASE, EXTENSIONS, PROFILE_EDIT, SIGN_IN, policy, read, small_set

from provisioning.core.model import Place
from provisioning.policies import inheritance
from provisioning.policies.document import Document


def names(documents: tuple[Document, ...]) -> list[str]:
    return [document.policy_id.removeprefix("B2C_1A_") for document in documents]


def test_parents_are_uploaded_before_their_children() -> None:
    tree = inheritance.arrange(small_set())
    assert [names(wave) for wave in tree.waves] == [
        ["Base"],
        ["Extensions"],
        ["ProfileEdit", "SignIn"],
    ]
    assert tree.findings == ()


def test_ids_compare_ignoring_case() -> None:
    upper = read(SIGN_IN.replace("B2C_1A_Extensions", "b2c_1a_EXTENSIONS"))
    tree = inheritance.arrange((upper, read(EXTENSIONS), read(BASE)))
    assert names(tree.lineage("b2c_1A_signin")) == ["SignIn", "Extensions", "Base"]
    assert tree.complete("B2C_1A_SIGNIN")


def test_descendants_are_all_below() -> None:
    tree = inheritance.arrange(small_set())
    assert names(tree.descendants("B2C_1A_Base")) == ["Extensions", "ProfileEdit", "SignIn"]
    assert names(tree.descendants("B2C_1A_SignIn")) == []


def test_a_parent_that_is_nowhere_is_an_error_at_its_name() -> None:
    child = read(SIGN_IN.replace("<BasePolicy>", "\n<BasePolicy>\n"), "SignIn.xml")
    (finding,) = inheritance.arrange([child], tenant_policies={"B2C_1A_Other"}).findings
    assert (finding.rule, finding.severity) == ("missing-base-policy", "error")
    assert finding.place == Place("SignIn.xml", 3, 45)
    assert "B2C_1A_Extensions" in finding.message


def test_a_parent_may_live_in_the_tenant() -> None:
    tree = inheritance.arrange([read(SIGN_IN)], tenant_policies={"b2c_1a_extensions"})
    assert tree.findings == ()
    assert not tree.complete("B2C_1A_SignIn")


def test_a_tenant_that_was_not_asked_is_given_the_benefit_of_doubt() -> None:
    (finding,) = inheritance.arrange([read(SIGN_IN)]).findings
    assert (finding.rule, finding.severity) == ("base-policy-elsewhere", "info")


def test_circles_are_named_and_their_members_have_no_wave() -> None:
    documents = [
        read(policy("A", base="B"), "a.xml"),
        read(policy("B", base="C"), "b.xml"),
        read(policy("C", base="A"), "c.xml"),
        read(policy("D", base="A"), "d.xml"),
        read(BASE, "base.xml"),
    ]
    tree = inheritance.arrange(documents)
    (finding,) = tree.findings
    assert finding.rule == "inheritance-circle"
    assert "B2C_1A_A -> B2C_1A_B -> B2C_1A_C -> B2C_1A_A" in finding.message
    assert [names(wave) for wave in tree.waves] == [["Base"]]
    assert names(tree.lineage("B2C_1A_A")) == ["A", "B", "C"]


def test_a_policy_that_is_its_own_parent_is_a_circle() -> None:
    (finding,) = inheritance.arrange([read(policy("A", base="A"))]).findings
    assert finding.rule == "inheritance-circle"


def test_ten_policies_deep_is_the_limit() -> None:
    chain = [read(policy("P0"))]
    chain += [read(policy(f"P{n}", base=f"P{n - 1}"), f"{n}.xml") for n in range(1, 12)]
    assert inheritance.arrange(chain[:10]).findings == ()
    found = inheritance.arrange(chain).findings
    assert [(finding.rule, finding.place and finding.place.file) for finding in found] == [
        ("inheritance-too-deep", "10.xml"),
        ("inheritance-too-deep", "11.xml"),
    ]


def test_two_files_with_one_id_are_an_error() -> None:
    again = read(PROFILE_EDIT.replace("B2C_1A_ProfileEdit", "b2c_1a_base"), "again.xml")
    found = inheritance.arrange([read(BASE, "base.xml"), read(EXTENSIONS), again]).findings
    assert [finding.rule for finding in found] == ["duplicate-policy-id"]
    assert "base.xml:1:1" in found[0].message


def test_a_second_root_is_pointed_out() -> None:
    tree = inheritance.arrange([read(BASE), read(policy("Stray"), "stray.xml")])
    (finding,) = tree.findings
    assert (finding.rule, finding.severity) == ("several-roots", "warning")
    assert finding.place == Place("stray.xml", 1, 1)
