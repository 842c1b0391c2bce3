"""A kind is one declaration: this one manages the notes of service principals, and the engine,
which knows no kind, plans and applies it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from world import World

from provisioning import manifest
from provisioning.core.kind import Field as Property
from provisioning.core.kind import Kind, Matched, Section, Source, View, Work
from provisioning.core.model import Address, Desired, LiveObject, Ownership
from provisioning.core.request import Read, Request
from provisioning.engine import reconcile


class Note(BaseModel):
    model_config = ConfigDict(extra="forbid")
    app_id: str = Field(alias="appId", description="Whose note it is.")
    text: str = Field(description="The note.")


def desire(source: Source) -> Iterable[Desired]:
    for key, entry in source.entries("stickers").items():
        body: dict[str, Any] = {"appId": entry.app_id, "notes": entry.text}
        yield Desired(Address("sticker", key), body, source.place("stickers", key))


def reads(view: View) -> Iterable[Read]:
    for desired in view.desired:
        path = f"/servicePrincipals(appId='{desired.body['appId']}')?$select=id,appId,notes"
        yield Read(str(desired.address), path)


def match(view: View) -> Matched:
    found = ((d.address, view.answers.get(str(d.address))) for d in view.desired)
    return Matched(
        tuple(LiveObject(a, answer.object, Ownership.ADOPTED) for a, answer in found if answer)
    )


def requests(work: Work) -> tuple[Request, ...]:
    assert work.live is not None
    body: dict[str, Any] = dict(work.patch)
    return (Request("PATCH", f"/servicePrincipals/{work.live.body['id']}", body=body),)


STICKER = Kind(
    name="sticker",
    fields=(Property("notes"),),
    sections=(Section("stickers", dict[str, Note], "Notes."),),
    desire=desire,
    reads=reads,
    match=match,
    requests=requests,
)


async def test_a_kind_in_one_place_is_planned_applied_and_in_sync(world: World) -> None:
    text = (
        "version: 1\nname: notes\ntenant: {domain: contoso.onmicrosoft.com, type: workforce}\n"
        "stickers: {graph: {appId: 00000003-0000-0000-c000-000000000000, text: hello}}\n"
    )
    loaded = manifest.load(world.write(text), kinds=(STICKER,))
    assert loaded.manifest is not None, loaded.findings
    async with world.run(loaded.manifest) as made:
        run = replace(made, kinds=(STICKER,))
        drafted = await reconcile.draft(run)
        assert [(str(s.address), s.changes[0].after) for s in drafted.plan.steps] == [
            ("sticker.graph", "hello")
        ]
        report = await reconcile.carry_out(run, drafted)
        assert not report.failed
        assert (await reconcile.draft(run)).plan.steps == ()
