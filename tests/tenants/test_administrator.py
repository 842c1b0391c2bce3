"""Which directory roles are enough to onboard a tenant."""

from __future__ import annotations

import pytest

from provisioning.core.errors import RefusedError
from provisioning.core.model import Principal
from provisioning.tenants.onboarding import administrator
from provisioning.tenants.onboarding.administrator import (
    APPLICATION,
    CLOUD_APPLICATION,
    GLOBAL,
    PRIVILEGED_ROLE,
)

USER = "b79fbf4d-3ef9-4689-8143-76b194e85509"
"""What the token of every member says."""


def person(*roles: str) -> Principal:
    return Principal(
        name="ann@contoso.com",
        scopes=frozenset({"Directory.AccessAsUser.All"}),
        directory_roles=frozenset({USER, *roles}),
    )


@pytest.mark.parametrize(
    "roles", [(GLOBAL,), (PRIVILEGED_ROLE, APPLICATION), (PRIVILEGED_ROLE, CLOUD_APPLICATION)]
)
def test_these_may_consent(roles: tuple[str, ...]) -> None:
    assert administrator.check(person(*roles), consent=True) == ""


@pytest.mark.parametrize("roles", [(), (PRIVILEGED_ROLE,), (APPLICATION,)])
def test_these_may_not_consent_and_are_told_who_may(roles: tuple[str, ...]) -> None:
    with pytest.raises(RefusedError) as refused:
        administrator.check(person(*roles), consent=True)
    assert refused.value.message == (
        "ann@contoso.com may not consent to application permissions of Microsoft Graph"
    )
    assert "--no-consent" in refused.value.remedy


@pytest.mark.parametrize("role", [GLOBAL, APPLICATION, CLOUD_APPLICATION])
def test_registering_without_consent_needs_less(role: str) -> None:
    assert administrator.check(person(role), consent=False) == ""


def test_somebody_without_a_role_registers_nothing() -> None:
    with pytest.raises(RefusedError):
        administrator.check(person(PRIVILEGED_ROLE), consent=False)


def test_an_application_is_judged_by_its_permissions_instead() -> None:
    assert administrator.check(Principal(roles=frozenset()), consent=True) == ""


def test_a_token_that_does_not_tell_is_no_refusal_but_said() -> None:
    told = administrator.check(Principal(scopes=frozenset({"User.Read"})), consent=True)
    assert "does not tell your directory roles" in told
