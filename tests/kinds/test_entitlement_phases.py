"""The order in which Graph lets scopes, roles and pre-authorizations change."""

from __future__ import annotations

from typing import Any

from provisioning.core.model import Json
from provisioning.kinds.application import entitlements

SCOPES, ROLES = "api.oauth2PermissionScopes", "appRoles"
ALLOWED = "api.preAuthorizedApplications"


def entry(identity: str, *, enabled: bool = True, value: str | None = None) -> dict[str, Any]:
    return {"id": identity, "value": value or identity, "isEnabled": enabled}


def living(
    *scopes: dict[str, Any], roles: tuple[dict[str, Any], ...] = (), allowed: tuple[str, ...] = ()
) -> dict[str, Json]:
    trusted: list[Json] = [{"appId": "client", "delegatedPermissionIds": list(allowed)}]
    return {
        "api": {
            "requestedAccessTokenVersion": 2,
            "acceptMappedClaims": None,
            "knownClientApplications": [],
            "oauth2PermissionScopes": [{**scope, "origin": "Application"} for scope in scopes],
            "preAuthorizedApplications": trusted if allowed else [],
        },
        "appRoles": list(roles),
    }


def test_nothing_to_change_is_no_write() -> None:
    assert entitlements.phases(living(entry("a")), {}) == ()


def test_a_change_beside_it_leaves_api_alone() -> None:
    (only,) = entitlements.phases(living(entry("a")), {"displayName": "New"})
    assert only.patch == {"displayName": "New"}


def test_api_is_sent_whole_without_what_only_the_server_writes() -> None:
    (only,) = entitlements.phases(living(entry("a")), {"api.requestedAccessTokenVersion": 1})
    assert only.patch == {
        "api.requestedAccessTokenVersion": 1,
        "api.acceptMappedClaims": None,
        "api.knownClientApplications": [],
        SCOPES: [entry("a")],
        ALLOWED: [],
    }


def test_an_enabled_scope_is_disabled_first_and_loses_its_clients() -> None:
    live = living(entry("a"), entry("b"), allowed=("a", "b"))
    first, second = entitlements.phases(live, {SCOPES: [entry("a")], "notes": "x"})
    assert first.patch[SCOPES] == [entry("a"), entry("b", enabled=False)]
    assert first.patch[ALLOWED] == [{"appId": "client", "delegatedPermissionIds": ["a"]}]
    assert first.patch["notes"] == "x"
    assert first.disabled == ("api.oauth2PermissionScopes[id=b].isEnabled",)
    assert second.patch[SCOPES] == [entry("a")]
    assert "notes" not in second.patch


def test_a_disabled_scope_goes_in_one_write() -> None:
    (only,) = entitlements.phases(living(entry("a", enabled=False)), {SCOPES: []})
    assert only.patch[SCOPES] == []
    assert only.disabled == ()


def test_an_enabled_role_is_disabled_first() -> None:
    first, second = entitlements.phases(living(roles=(entry("r"),)), {ROLES: []})
    assert first.patch == {ROLES: [entry("r", enabled=False)]}
    assert first.disabled == ("appRoles[id=r].isEnabled",)
    assert second.patch == {ROLES: []}


def test_a_new_scope_is_stored_before_a_client_may_use_it() -> None:
    trusted = [{"appId": "client", "delegatedPermissionIds": ["a", "n"]}]
    first, second = entitlements.phases(
        living(entry("a")),
        {SCOPES: [entry("a"), entry("n")], ALLOWED: trusted},  # type: ignore[dict-item]
    )
    assert first.patch[ALLOWED] == [{"appId": "client", "delegatedPermissionIds": ["a"]}]
    assert second.patch[ALLOWED] == trusted
    assert second.patch[SCOPES] == [entry("a"), entry("n")]


def test_a_value_can_move_to_a_new_id() -> None:
    first, second = entitlements.phases(
        living(entry("old", value="read")), {SCOPES: [entry("new", value="read")]}
    )
    assert first.patch[SCOPES] == [entry("old", value="read", enabled=False)]
    assert second.patch[SCOPES] == [entry("new", value="read")]


def test_an_edit_is_tried_in_place_and_has_a_way_around() -> None:
    (only,) = entitlements.phases(living(entry("a")), {SCOPES: [entry("a", value="b")]})
    assert only.patch[SCOPES] == [entry("a", value="b")]
    off, final = only.otherwise
    assert off.patch[SCOPES] == [entry("a", enabled=False)]
    assert off.disabled == ("api.oauth2PermissionScopes[id=a].isEnabled",)
    assert final.patch[SCOPES] == [entry("a", value="b")]


def test_switching_a_scope_off_needs_no_way_around() -> None:
    (only,) = entitlements.phases(living(entry("a")), {SCOPES: [entry("a", enabled=False)]})
    assert only.otherwise == ()


def test_members_that_nobody_may_write_are_left_out() -> None:
    live = living({**entry("a"), "lang": "en", "isPrivate": False}, entry("b"))
    (disable, change) = entitlements.phases(live, {SCOPES: [entry("a")]})
    assert disable.patch[SCOPES] == [entry("a"), entry("b", enabled=False)]
    assert change.patch[SCOPES] == [entry("a")]
    (only,) = entitlements.phases(live, {"api.requestedAccessTokenVersion": 1})
    assert only.patch[SCOPES] == [entry("a"), entry("b")]
