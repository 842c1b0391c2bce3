"""A run over tenants of every status, as a spool would give it: anew each time it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from render_samples import PLAN, REPORT, STATS

from provisioning.core import plan as plans
from provisioning.core import report as reports
from provisioning.core.fleet import FleetRun, Part, Problem, Status, TenantResult
from provisioning.core.plan import Plan

EVIL = "</script><img src=x onerror=alert(1)>\x1b[2J`|@octocat [a](https://evil.example)\n| b"


@dataclass(frozen=True)
class Spool:
    """Gives its tenants as often as it is asked."""

    tenants: tuple[TenantResult, ...]

    def __iter__(self) -> Iterator[TenantResult]:
        yield from self.tenants


def tenant(name: str, status: Status, *plans_: Plan, ring: str = "broad") -> TenantResult:
    return TenantResult(
        name=name,
        domain=f"{name}.onmicrosoft.com",
        tenant_id="11111111-2222-4333-8444-555555555555",
        ring=ring,
        status=status,
        tags=("eu",) if ring == "canary" else (),
        parts=tuple(
            Part(f"manifests/{number}", f"m{number}", planned(plan))
            for number, plan in enumerate(plans_)
        ),
        seconds=1.25,
    )


def planned(plan: Plan) -> dict[str, object]:
    return {**plans.to_json(plan), "stats": reports.stats_to_json(STATS)}


def run(command: str, *tenants: TenantResult, stopped: str = "") -> FleetRun:
    listed = [each.status for each in tenants]
    return FleetRun(
        command=command,
        run="20260102-030405-abcdef",
        started="2026-01-02T03:04:05Z",
        seconds=12.5,
        counts={status.value: listed.count(status) for status in Status},
        stopped=stopped,
    )


EMPTY = replace(PLAN, steps=(), findings=(), unmanaged=())
CALM = tenant("adatum", Status.IN_SYNC, EMPTY, ring="canary")
CHANGED = tenant("contoso", Status.CHANGES, PLAN)
ALIKE = tenant("fabrikam", Status.CHANGES, PLAN)
FAILED = replace(
    tenant("litware", Status.FAILED),
    problem=Problem("AADSTS7000215: Invalid client secret", "renew the secret"),
)
FAULTY = replace(
    tenant("northwind", Status.FAILED),
    problem=Problem("1 fault in its manifest", "mend what the findings say"),
    findings=(
        {
            "rule": "unknown-variable",
            "severity": "error",
            "file": "m.yaml",
            "line": 3,
            "column": 5,
            "message": "no variable named redirectUrl",
            "remedy": "did you mean redirectUri?",
            "address": None,
        },
    ),
)
SKIPPED = replace(
    tenant("tailspin", Status.SKIPPED), problem=Problem("not begun: 2 failed"), seconds=0.0
)
ALL = (CALM, CHANGED, ALIKE, FAILED, FAULTY, SKIPPED)
RUN = run("plan", *ALL, stopped="broad: 2 tenants failed, stopAfter is 2")

APPLIED = replace(
    tenant("contoso", Status.FAILED),
    parts=(Part("manifests/0", "m0", reports.report_to_json(REPORT)),),
)
CHECKED = replace(
    tenant("contoso", Status.FAILED),
    parts=(
        Part(
            "manifests/0",
            "m0",
            {
                "checks": [
                    {"check": "a", "flow": "ropc", "outcome": "passed", "summary": "2 tokens"},
                    {
                        "check": "b",
                        "flow": "code",
                        "outcome": "failed",
                        "summary": "refused",
                        "error": {
                            "cause": "policy",
                            "code": "AADB2C90118",
                            "message": "no",
                            "remedy": "upload it",
                        },
                    },
                ]
            },
        ),
    ),
)
HOSTILE = TenantResult(
    name=EVIL,
    domain=EVIL,
    tenant_id=EVIL,
    ring=EVIL,
    status=Status.FAILED,
    tags=(EVIL,),
    parts=(
        Part(
            EVIL,
            EVIL,
            planned(
                replace(
                    PLAN,
                    tenant_name=EVIL,
                    principal=EVIL,
                    steps=(replace(PLAN.steps[0], reason=EVIL), *PLAN.steps[1:]),
                )
            ),
        ),
    ),
    problem=Problem(EVIL, EVIL),
)
