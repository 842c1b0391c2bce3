"""The canonical form forgets how a policy is written and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies
from policy_samples import NAMESPACE, SIGN_IN, policy, read
from policy_trees import POLICIES, Node, plain, styled

from provisioning.policies import canonical, difference, document


def digest(content: bytes) -> str:
    return canonical.digest(document.parse(content, "f"))


@given(POLICIES, strategies.integers(0, 2**32))
def test_writing_it_differently_changes_nothing(node: Node, seed: int) -> None:
    assert digest(styled(node, seed)) == digest(plain(node))


@given(POLICIES, POLICIES, strategies.integers(0, 2**32))
def test_policies_differ_exactly_when_their_forms_do(first: Node, second: Node, seed: int) -> None:
    before, after = (document.parse(plain(node), "f") for node in (first, second))
    same = canonical.form(before) == canonical.form(after)
    assert (difference.compare(before, after) == ()) is same
    assert difference.compare(before, document.parse(styled(first, seed), "f")) == ()


@pytest.mark.parametrize(
    "other",
    [
        '<ClaimType Id="a"/><ClaimType Id="b"/><x> a </x>',
        '<ClaimType Id="b"/><ClaimType Id="a"/><x>a</x>',
        '<ClaimType Id="a"/><x>a</x>',
        '<ClaimType Id="a"/><ClaimType Id="B"/><x>a</x>',
        '<ClaimType Id="a" Z=""/><ClaimType Id="b"/><x>a</x>',
    ],
)
def test_what_means_something_counts(other: str) -> None:
    original = policy("A", '<ClaimType Id="a"/><ClaimType Id="b"/><x>a</x>')
    assert digest(original.encode()) != digest(policy("A", other).encode())


def test_the_form_is_what_the_standard_says() -> None:
    text = (
        f"<!-- c --><TrustFrameworkPolicy b='2' a='1' xmlns='{NAMESPACE}'>\r\n <x/>"
        "</TrustFrameworkPolicy>"
    )
    expected = (
        f'<TrustFrameworkPolicy xmlns="{NAMESPACE}" a="1" b="2"><x></x></TrustFrameworkPolicy>'
    )
    assert canonical.form(read(text)) == expected.encode()


def test_an_empty_collection_is_empty_whatever_its_layout() -> None:
    spaced = policy("A", "<BuildingBlocks>\n\n</BuildingBlocks><x> </x>")
    closed = policy("A", "<BuildingBlocks/><x> </x>")
    assert digest(spaced.encode()) == digest(closed.encode())
    assert digest(closed.encode()) != digest(policy("A", "<BuildingBlocks/><x/>").encode())


def test_the_document_stays_as_it_is() -> None:
    found = read(policy("A", "\n<!-- kept -->\n"))
    canonical.form(found)
    assert "\n<!-- kept -->\n" in document.serialize(found)


def test_a_set_has_one_digest_whatever_its_order() -> None:
    one, two = read(policy("A")), read(SIGN_IN)
    assert canonical.digest_of_set([one, two]) == canonical.digest_of_set([two, one])
    assert canonical.digest_of_set([one, two]) != canonical.digest_of_set([one])


def test_what_could_not_be_read_has_no_form() -> None:
    with pytest.raises(ValueError, match=r"broken\.xml could not be read"):
        canonical.form(document.parse(b"<a>", "broken.xml"))
