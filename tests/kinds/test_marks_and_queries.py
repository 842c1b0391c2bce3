"""Spelling of tags and URLs."""

from __future__ import annotations

from provisioning.core.model import Address, Owner, Ref, Template
from provisioning.kinds import marks, query

OWNER = Owner("demo", "before")


def test_a_created_mark_tells_the_key_under_either_name() -> None:
    assert (
        marks.created_key({"tags": ["x", "provisioning:demo", "provisioning:demo/a"]}, OWNER) == "a"
    )
    assert marks.created_key({"tags": ["provisioning:before/b"]}, OWNER) == "b"
    assert marks.created_key({"tags": ["provisioning:other/c"]}, OWNER) is None
    assert marks.created_key({"tags": ["provisioning-adopted:demo/d"]}, OWNER) is None
    assert marks.created_key({"tags": None}, OWNER) is None


def test_an_adopted_mark_is_no_created_one() -> None:
    body = {"tags": ["provisioning-adopted:demo/d"]}
    assert marks.adopted_key(body, OWNER) == "d"
    assert marks.stranger(body, OWNER) is None


def test_the_mark_of_another_manifest_makes_a_stranger() -> None:
    assert marks.stranger({"tags": ["provisioning:other/c"]}, OWNER) == "other"
    assert marks.stranger({"tags": ["provisioning:before/c"]}, OWNER) is None


def test_stored_secrets_are_told_by_their_tags() -> None:
    body = {"tags": ["provisioning-stored:1", "provisioning:demo", "provisioning-stored:2"]}
    assert marks.stored_key_ids(body) == {"1", "2"}


def test_quotes_are_doubled_and_the_rest_is_percent_encoded() -> None:
    assert query.equal("applications", "displayName", "Bob's & Co", ["id", "tags"]) == (
        "/applications?$filter=displayName%20eq%20'Bob%27%27s%20%26%20Co'&$select=id,tags"
    )
    assert query.by_key("applications", "uniqueName", "a/b", ["id"]) == (
        "/applications(uniqueName='a%2Fb')?$select=id"
    )


def test_a_path_stays_text_until_a_reference_is_in_it() -> None:
    ref = Ref(Address("application", "app"))
    assert query.below("/applications/", "1", "/owners") == "/applications/1/owners"
    assert query.below("/applications/", ref, "/owners") == Template(
        ("/applications/", ref, "/owners")
    )
    assert query.joined("/a", "/b", "/c") == "/a/b/c"
    assert query.joined("/a", ref) == Template(("/a", ref))
    assert query.joined(Template(("/a/", ref)), "/c") == Template(("/a/", ref, "/c"))
