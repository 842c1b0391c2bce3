"""The one diff, held to literal expectations."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.core import diff
from provisioning.core.kind import Compare, Field
from provisioning.core.model import (
    Address,
    Desired,
    Lifecycle,
    LiveObject,
    Ownership,
    Place,
    Ref,
)
from provisioning.core.plan import Change, Unmanaged

ADDRESS = Address("application", "app")
URIS = Field("web.redirectUris", Compare.SET, secure=[])
SWITCH = Field("isFallbackPublicClient", secure=False, null=False)
NOTES = Field("notes")
SCOPES = Field("api.scopes", Compare.KEYED, key="id", label="value", ignores=("origin",), secure=[])
FIELDS = (URIS, SWITCH, NOTES, SCOPES)


def want(body: dict[str, Any], **lifecycle: Any) -> Desired:
    return Desired(ADDRESS, body, Place("m.yaml", 1, 1), lifecycle=Lifecycle(**lifecycle))


def live(body: dict[str, Any], ownership: Ownership = Ownership.CREATED) -> LiveObject:
    return LiveObject(ADDRESS, body, ownership)


def changes(desired: Desired, thing: LiveObject | None) -> tuple[Change, ...]:
    return diff.compare(FIELDS, desired, thing).changes


def test_an_absent_field_without_a_secure_default_is_not_managed() -> None:
    assert changes(want({}), live({"notes": "by hand"})) == ()


def test_null_clears() -> None:
    assert changes(want({"notes": None}), live({"notes": "x"})) == (Change("notes", "x", None),)


def test_null_and_false_are_the_same_switch() -> None:
    assert changes(want({"isFallbackPublicClient": False}), live({})) == ()
    assert changes(want({}), live({"isFallbackPublicClient": None})) == ()


def test_a_deleted_line_closes_the_hole_on_what_we_created() -> None:
    thing = {"isFallbackPublicClient": True, "web": {"redirectUris": ["https://a"]}}
    assert changes(want({}), live(thing)) == (
        Change("web.redirectUris", ["https://a"], []),
        Change("isFallbackPublicClient", True, False),
    )


def test_an_adopted_object_gets_no_secure_default_but_a_list_of_what_is_open() -> None:
    thing = live({"isFallbackPublicClient": True}, Ownership.ADOPTED)
    assert changes(want({}), thing) == ()
    assert diff.unmanaged(FIELDS, want({}), thing) == (
        Unmanaged(ADDRESS, "isFallbackPublicClient", True),
    )
    assert diff.unmanaged(FIELDS, want({"isFallbackPublicClient": True}), thing) == ()


def test_sets_ignore_order_and_keep_the_live_one_when_sending() -> None:
    thing = live({"web": {"redirectUris": ["https://b", "https://a"]}})
    assert changes(want({"web": {"redirectUris": ["https://a", "https://b"]}}), thing) == ()
    difference = diff.compare(
        FIELDS, want({"web": {"redirectUris": ["https://a", "https://c"]}}), thing
    )
    assert difference.patch == {"web.redirectUris": ["https://a", "https://c"]}
    assert difference.changes == (
        Change("web.redirectUris", ["https://a", "https://b"], ["https://a", "https://c"]),
    )


def test_an_included_collection_only_grows() -> None:
    thing = live({"web": {"redirectUris": ["https://a"]}})
    desired = want({"web": {"redirectUris": ["https://b"]}}, include=("web.redirectUris",))
    assert diff.compare(FIELDS, desired, thing).patch == {
        "web.redirectUris": ["https://a", "https://b"]
    }
    silent = want({}, include=("web.redirectUris",))
    assert changes(silent, thing) == ()


def test_an_ignored_path_is_sent_on_create_and_never_again() -> None:
    desired = want({"notes": "ours"}, ignore=("notes",))
    assert changes(desired, live({"notes": "theirs"})) == ()
    assert changes(desired, None) == (Change("notes", None, "ours"),)


def test_entries_are_matched_by_key_and_shown_by_label() -> None:
    thing = live(
        {
            "api": {
                "scopes": [
                    {"id": "1", "value": "read", "isEnabled": True, "origin": "Application"},
                    {"id": "2", "value": "write", "isEnabled": True, "origin": "Application"},
                ]
            }
        }
    )
    desired = want(
        {
            "api": {
                "scopes": [
                    {"id": "1", "value": "read", "isEnabled": False},
                    {"id": "3", "value": "admin", "isEnabled": True},
                ]
            }
        }
    )
    difference = diff.compare(FIELDS, desired, thing)
    assert difference.changes == (
        Change("api.scopes[read].isEnabled", True, False),
        Change("api.scopes[write]", {"id": "2", "value": "write", "isEnabled": True}, None),
        Change("api.scopes[admin]", None, {"id": "3", "value": "admin", "isEnabled": True}),
    )
    assert difference.patch == {
        "api.scopes": [
            {"id": "1", "value": "read", "isEnabled": False},
            {"id": "3", "value": "admin", "isEnabled": True},
        ]
    }


def test_a_renamed_value_keeps_its_id_and_is_one_change() -> None:
    thing = live({"api": {"scopes": [{"id": "1", "value": "read"}]}})
    desired = want({"api": {"scopes": [{"id": "1", "value": "read2"}]}})
    assert changes(desired, thing) == (Change("api.scopes[read2].value", "read", "read2"),)


def test_an_unknown_reference_is_a_change() -> None:
    ref = Ref(Address("application", "x"), "appId")
    thing = live({"web": {"redirectUris": []}})
    assert changes(want({"web": {"redirectUris": [ref]}}), thing) == (
        Change("web.redirectUris", [], [ref]),
    )


def test_an_immutable_difference_asks_for_a_replace() -> None:
    fields = (Field("type", immutable=True),)
    assert diff.compare(fields, want({"type": "a"}), live({"type": "b"})).replace
    assert not diff.compare(fields, want({"type": "a"}), live({"type": "a"})).replace


def test_write_only_fields_are_sent_on_create_and_never_compared() -> None:
    fields = (Field("clientSecret", write_only=True),)
    assert diff.compare(fields, want({"clientSecret": "x"}), None).patch == {"clientSecret": "x"}
    assert diff.compare(fields, want({"clientSecret": "x"}), live({})).changes == ()


@pytest.mark.parametrize(
    ("desired", "actual", "equal"),
    [
        ({"a": 1}, {"a": 1, "b": None, "c": [], "d": False, "e": ""}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ([{"name": "x"}], [{"name": "x", "source": None}], True),
        ([1, 2], [2, 1], False),
        (True, 1, False),
        (1, True, False),
        (0, False, False),
        ("a", "A", False),
    ],
)
def test_same_counts_what_was_asked_for(desired: Any, actual: Any, equal: bool) -> None:
    assert diff.same(desired, actual) is equal


def test_ignore_case() -> None:
    fields = (Field("kind", Compare.IGNORE_CASE),)
    assert diff.compare(fields, want({"kind": "TextBox"}), live({"kind": "textBox"})).changes == ()


def test_an_id_is_the_same_in_either_case() -> None:
    upper, lower = "ABCDEF01-AAAA-4AAA-8AAA-00000000000B", "abcdef01-aaaa-4aaa-8aaa-00000000000b"
    access = Field("access", Compare.KEYED, key="app", sets=("scopes",))
    clients = Field("clients", Compare.SET)
    thing = live(
        {"access": [{"app": upper, "scopes": [{"id": upper}], "by": upper}], "clients": [upper]}
    )
    same = want(
        {"access": [{"app": lower, "scopes": [{"id": lower}], "by": lower}], "clients": [lower]}
    )
    assert diff.compare((access, clients), same, thing).changes == ()
    other = want({"clients": ["myApp://auth"]})
    assert diff.compare((clients,), other, live({"clients": ["myapp://auth"]})).changes != ()
