"""One digest a tenant, one gravest status, and a document that reads back as it was."""

from __future__ import annotations

from provisioning.core import fleet
from provisioning.core.fleet import Part, Problem, Status, TenantResult

TENANT = TenantResult(
    name="contoso",
    domain="contoso.onmicrosoft.com",
    tenant_id="11111111-2222-4333-8444-555555555555",
    ring="canary",
    status=Status.FAILED,
    tags=("eu",),
    parts=(
        Part("manifests/b", "b", {"digest": "22"}),
        Part("manifests/a", "a", {"digest": "11"}),
    ),
    problem=Problem("unreachable", "check the network"),
    findings=({"rule": "r"},),
    seconds=1.25,
)


def test_a_tenant_reads_back_as_it_was_written() -> None:
    assert fleet.tenant_from_json(fleet.tenant_to_json(TENANT)) == TENANT


def test_the_digest_knows_names_and_plans_but_not_their_order() -> None:
    turned = [(part.name, part.digest) for part in reversed(TENANT.parts)]

    assert fleet.digest(turned) == TENANT.digest
    assert fleet.digest([("a", "22"), ("b", "11")]) != TENANT.digest
    assert fleet.digest([("a", "")]) == ""


def test_the_gravest_status_is_told() -> None:
    assert fleet.gravest([Status.CHANGES, Status.IN_SYNC, Status.WAITING]) is Status.CHANGES
    assert fleet.gravest([Status.FAILED, Status.APPLIED]) is Status.FAILED
    assert fleet.gravest([]) is Status.IN_SYNC
    assert set(fleet.GRAVITY) == set(Status)
