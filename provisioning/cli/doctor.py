"""`doctor`: does each sign-in work, and can it do what it is for? Must not write to a tenant."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from provisioning import render
from provisioning.cli import compose, doctor_tenants, fleet_session, inputs, progress
from provisioning.cli.compose import Way, Wish
from provisioning.cli.doctor_tenants import Told
from provisioning.cli.fleet_choice import Choice
from provisioning.cli.options import Format
from provisioning.cli.surface import Surface
from provisioning.core.guards import Allowed
from provisioning.core.plan import FORMAT_VERSION
from provisioning.tenants import doctor
from provisioning.tenants.doctor import Check, Command


def examine(surface: Surface, wish: Wish, way: Way) -> int:
    """Print every check of one manifest; exit 1 when one failed."""
    wanted = inputs.load(surface, wish.manifest, inputs.variables(wish.variables))
    tell = progress.Teller(surface)

    async def examined() -> list[Check]:
        async with compose.run(wanted, way, Allowed(), progress=tell, prompt=surface.say) as run:
            required = frozenset({Command.PLAN})
            made = doctor.session(run, [wanted], required, others=True)
            found = [check async for check in made]
            if not doctor.failed(found):
                found += [check async for check in doctor.contents(run)]
            return found

    return end(surface, tuple(map(Told, asyncio.run(examined()))))


def examine_tenants(
    surface: Surface,
    choice: Choice,
    given: Path | None,
    way: Way,
    *,
    variables: tuple[str, ...] = (),
    only: str = "",
) -> int:
    """Print the checks of every sign-in of every chosen tenant; exit 1 when one failed.

    With `only` those of the reader or the deployer.
    """
    known = fleet_session.load(surface, choice.inventory)
    entries = fleet_session.chosen(known, choice, given)
    values = inputs.variables(variables)
    with compose.embedded(way) as box:
        made = doctor_tenants.told(
            surface, entries, way, box, given=given, variables=values, only=only
        )
        return end(surface, tuple(made))


def end(surface: Surface, told: tuple[Told, ...]) -> int:
    """Print checks and return the exit code."""
    surface.document(shown(surface, told))
    return code(told)


def code(told: Iterable[Told]) -> int:
    """Return 1 when a check failed."""
    return 1 if doctor.failed(each.check for each in told) else 0


def to_json(told: Iterable[Told]) -> list[dict[str, Any]]:
    """Encode checks: `{name, status, message, remedy, tenant, signIn}`."""
    return [
        {
            "name": each.check.name,
            "status": each.check.status.value,
            "message": each.check.message,
            "remedy": each.check.remedy,
            "tenant": each.tenant or None,
            "signIn": each.sign_in or None,
        }
        for each in told
    ]


def shown(surface: Surface, told: Iterable[Told]) -> str:
    """Return the document in the format that was asked for."""
    if surface.form is Format.JSON:
        return render.json.document({"formatVersion": FORMAT_VERSION, "checks": to_json(told)})
    return lines(told)


def lines(told: Iterable[Told]) -> str:
    """Return checks as text, a heading above those of each sign-in."""
    listed: list[str] = []
    above = ("", "")
    for each in told:
        if (each.tenant, each.sign_in) != above:
            above = (each.tenant, each.sign_in)
            listed += ["", ": ".join(filter(None, above))]
        listed.append(f"{each.check.status.value:>8} {each.check.name}: {each.check.message}")
        if each.check.remedy:
            listed.append(f"{'':>8} {each.check.remedy}")
    if listed and not listed[0]:
        del listed[0]
    return "\n".join(map(render.escape.plain, listed)) + "\n"
