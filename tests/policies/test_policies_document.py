"""Reading policy files: every encoding, every kind of broken, always a place."""

from __future__ import annotations

import pytest
from policy_samples import NAMESPACE, SIGN_IN, policy, read

from provisioning.core.model import Place
from provisioning.policies import document


def test_a_policy_knows_its_ids_and_its_parent() -> None:
    found = document.parse(SIGN_IN.encode(), "SignIn.xml")
    assert found.policy_id == "B2C_1A_SignIn"
    assert found.tenant_id == "contoso.onmicrosoft.com"
    assert found.base_policy == ("contoso.onmicrosoft.com", "B2C_1A_Extensions")
    assert found.findings == ()


def test_the_root_of_a_set_has_no_parent() -> None:
    assert read(policy("Base")).base_policy is None


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(SIGN_IN.encode(), id="utf-8"),
        pytest.param(SIGN_IN.encode("utf-8-sig"), id="byte order mark"),
        pytest.param(SIGN_IN.encode("utf-16"), id="utf-16"),
        pytest.param(SIGN_IN.replace("><", ">\r\n<").encode(), id="crlf"),
        pytest.param(
            f'<?xml version="1.0" encoding="windows-1252"?>{SIGN_IN}'.encode("cp1252"),
            id="windows-1252",
        ),
    ],
)
def test_encodings_and_line_ends_do_not_matter(content: bytes) -> None:
    assert document.parse(content, "f.xml").policy_id == "B2C_1A_SignIn"


def test_elements_know_line_and_column() -> None:
    text = policy("A", "\n  <BuildingBlocks>\r\n\t<ClaimsSchema/></BuildingBlocks>")
    found = read(text, "a.xml")
    blocks = document.child(found.root, "BuildingBlocks")
    schema = document.child(found.root, "BuildingBlocks", "ClaimsSchema")
    assert found.place() == Place("a.xml", 1, 1)
    assert found.place(blocks) == Place("a.xml", 2, 3)
    assert found.place(schema) == Place("a.xml", 3, 2)


def test_a_byte_order_mark_takes_no_column() -> None:
    found = document.parse(policy("A").encode("utf-8-sig"), "a.xml")
    assert found.place() == Place("a.xml", 1, 1)


def test_lines_above_65535_are_right() -> None:
    found = read(policy("A", "\n" * 70_000 + "<BuildingBlocks/>"), "a.xml")
    assert found.place(document.child(found.root, "BuildingBlocks")).line == 70_001


def test_an_element_that_nobody_placed_has_its_parents_place() -> None:
    found = read(policy("A", "\n<BuildingBlocks/>"), "a.xml")
    blocks = document.child(found.root, "BuildingBlocks")
    assert blocks is not None
    new = blocks.makeelement(f"{{{NAMESPACE}}}ClaimsSchema")
    blocks.append(new)
    assert found.place(new) == Place("a.xml", 2, 1)


@pytest.mark.parametrize(
    ("content", "rule", "place"),
    [
        (b"", "not-xml", "f:1:1"),
        (b"<a>\n  <b></a>", "not-xml", "f:2:8"),
        (b"<a>\n &amp &nope; </a>", "not-xml", "f:2:6"),
        (b"\n<a/><b/>", "not-xml", "f:2:5"),
        (b"<x:a/>", "not-xml", "f:1:5"),
        (b"<a>\xe9</a>", "not-xml", "f:1:4"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "unknown-encoding", "f:1:1"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "document-type", "f:1:40"),
        (b"\n<Policy/>", "wrong-root", "f:2:1"),
        (b"<TrustFrameworkPolicy/>", "wrong-namespace", "f:1:1"),
        (b"<a>" * 300 + b"</a>" * 300, "not-xml", "f:1:771"),
        (b"<a>" + b" " * 1024 * 1024 + b"</a>", "policy-too-large", "f:1:1"),
    ],
)
def test_what_is_no_policy_is_a_located_finding(content: bytes, rule: str, place: str) -> None:
    found = document.parse(content, "f")
    assert not found.sound
    assert [(finding.rule, str(finding.place)) for finding in found.findings] == [(rule, place)]
    assert found.policy_id == ""


def test_entities_are_never_expanded() -> None:
    lines = [f'<!ENTITY e{n} "&e{n - 1};&e{n - 1};&e{n - 1};&e{n - 1};">' for n in range(1, 40)]
    bomb = f'<!DOCTYPE a [<!ENTITY e0 "x">{"".join(lines)}]><a b="&e39;">&e39;</a>'
    found = document.parse(bomb.encode(), "bomb.xml")
    assert [finding.rule for finding in found.findings] == ["document-type"]


def test_a_copy_has_its_own_tree_and_the_same_places() -> None:
    original = read(policy("A", "<!-- kept -->\n<BuildingBlocks/>"), "a.xml")
    copied = document.copy(original)
    blocks = document.child(copied.root, "BuildingBlocks")
    copied.root.set("PolicyId", "B2C_1A_Other")
    assert original.policy_id == "B2C_1A_A"
    assert copied.place(blocks) == Place("a.xml", 2, 1)
    assert "<!-- kept -->" in document.serialize(copied)


def test_a_serialized_policy_reads_as_the_same() -> None:
    text = "<!-- before -->" + policy("A", "<BuildingBlocks><![CDATA[ ]]></BuildingBlocks>")
    written = document.serialize(read(text))
    assert written.startswith('<?xml version="1.0" encoding="utf-8"?>\n<!-- before -->')
    assert document.serialize(document.parse(written.encode(), "again")) == written


def test_text_is_not_cut_short_by_a_comment() -> None:
    found = read(policy("A", "<x>one<!-- and -->two</x>"))
    (element,) = document.children(found.root)
    assert document.text(element) == "onetwo"
