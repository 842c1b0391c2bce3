"""Break one thing, sign in: the service's real error comes, and the diagnosis names the line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import broken_manifests
import broken_policies
import leaves
import pytest
from leaves import Element, Leaf
from proving import Stage, line_of, staged
from world import ROOT, World

from provisioning.signin.checks import Result

MANIFESTS = sorted(path.parent.name for path in (ROOT / "manifests").glob("*/manifest.yaml"))
EVERY_CLAIM = (
    "expect: {acr: b2c_1a_ropc_auth}",
    (
        "expect: {acr: b2c_1a_ropc_auth, sub: Not supported currently. Use oid claim., "
        "objectId: USER-ID, displayName: ada, givenName: Ada, surname: Lovelace}"
    ),
)


@pytest.mark.parametrize("name", MANIFESTS)
async def test_every_leaf_of_a_manifest_is_noticed_at_its_line_or_harmless(
    world: World, name: str
) -> None:
    stage = await staged(world, name)
    parts = list(leaves.of(stage.text))
    assert sorted(leaf.path for leaf in parts) == sorted(listed(name))
    harmless = broken_manifests.HARMLESS[name]
    loud = [leaf for leaf in parts if leaf.path not in harmless]
    if await broken(stage, name, together(stage, harmless)):
        # One of them is noticed: say which.
        loud = parts
    faults = [fault for leaf in loud for fault in [await broken(stage, name, leaf)] if fault]
    assert faults == []


def together(stage: Stage, paths: Iterable[str]) -> Leaf:
    """Break several leaves at once; what goes with another is gone already."""
    text = stage.text
    for path in paths:
        found = next((leaf for leaf in leaves.of(text) if leaf.path == path), None)
        text = text if found is None else found.broken
    return Leaf("all that are harmless", 0, 0, 0, replaced=True, broken=text)


def listed(name: str) -> Iterator[str]:
    for table in (
        broken_manifests.CODES,
        broken_manifests.MOVED,
        broken_manifests.OURS,
        broken_manifests.REFUSED,
        broken_manifests.HARMLESS,
    ):
        yield from table.get(name, {})


async def broken(stage: Stage, name: str, leaf: Leaf) -> str:
    """Break a leaf, prove both manifests, put it back; returns what is not as the table says."""
    both = broken_manifests.CODES[name].get(leaf.path)
    drift = broken_manifests.MOVED.get(name, {}).get(leaf.path, both)
    own = broken_manifests.OURS.get(name, {}).get(leaf.path, both)
    refused = broken_manifests.REFUSED[name].get(leaf.path)
    wanted, rules = stage.broken(leaf.broken)
    if wanted is not None:
        rules = await stage.apply(wanted)
    if wanted is None or rules:
        return "" if refused in rules else f"{leaf.path} is refused: {rules}"
    try:
        if refused is not None:
            return f"{leaf.path} is not refused"
        results = await stage.verify(wanted)
        fault = unlike(results, own, leaf, place(stage, leaf, "broken"))
        if not fault:
            results = await stage.verify(stage.wanted)
            fault = unlike(results, drift, leaf, place(stage, leaf, "drift"))
        return fault
    finally:
        stage.put_back()


def place(stage: Stage, leaf: Leaf, what: str) -> tuple[str, range]:
    """The file and the lines that a finding may name: the leaf's, or of the entry that lacks it."""
    elsewhere = broken_manifests.ELSEWHERE.get((leaf.path, what))
    if elsewhere is not None:
        file, words = elsewhere
        found = next(path for path in stage.folder.rglob("*") if path.name == file)
        line = line_of(found, words)
        return file, range(line, line + 1)
    if what == "drift":
        return "manifest.yaml", range(leaf.line, leaf.last + 1)
    line = leaf.line if leaf.replaced else leaf.above
    return "broken.yaml", range(line, line + 1)


def unlike(
    results: Iterable[Result], code: str | None, leaf: Leaf | Element, where: tuple[str, range]
) -> str:
    failed = [result for result in results if result.diagnosis is not None]
    said = {(r.diagnosis.code or r.diagnosis.cause) for r in failed if r.diagnosis}
    if said != ({code} if code else set()):
        return f"{leaf.path} gives {said}, not {code}"
    for result in failed:
        found = result.findings[0].place
        if found is None or Path(found.file).name != where[0] or found.line not in where[1]:
            return f"{leaf.path}: {found} is named, not {where}"
    return ""


@pytest.mark.parametrize("policy", ["Base", "Extensions", "ROPC_Auth"])
async def test_every_element_of_a_policy_is_missed_at_its_line_or_harmless(
    world: World, policy: str
) -> None:
    stage = await staged(world, "ropc-custom-policy", EVERY_CLAIM)
    source = (stage.folder / "policies" / f"{policy}.xml").read_text("utf-8")
    elements = {element.path: element for element in leaves.elements(source)}
    codes = {
        path: code for code, paths in broken_policies.OUTCOMES[policy].items() for path in paths
    }
    harmless = {path for paths in broken_policies.HARMLESS[policy].values() for path in paths}
    harmless |= {path for path in elements if path.endswith(broken_policies.TOLD)}
    assert sorted((*codes, *harmless)) == sorted(elements)
    identity = f"B2C_1A_{policy}"
    xml = await stage.policy(identity)
    faults = []
    for path, code in codes.items():
        element = elements[path]
        status = await stage.upload(identity, leaves.without(xml, element.number))
        if (code == broken_policies.UPLOAD) is not (status == 400):
            faults.append(f"{path}: upload {status}")
        elif status < 400:
            (result,) = await stage.verify(stage.wanted)
            where = (f"{policy}.xml", range(element.line, element.last + 1))
            faults += filter(None, [unlike([result], code, element, where)])
            stage.put_back()
    assert faults == []
    # All of them at once: one that is missed would be missed among the others too.
    every = (elements[path].number for path in sorted(harmless))
    assert await stage.upload(identity, leaves.without(xml, *every)) < 400
    (result,) = await stage.verify(stage.wanted)
    assert result.passed, result.summary


async def test_a_key_is_found_in_the_spelling_that_the_manifest_uses(world: World) -> None:
    graphs = "    web: {implicitGrantSettings: {enableAccessTokenIssuance: true}}\n"
    stage = await staged(
        world,
        "ropc-user-flow",
        ("    oauth2AllowIdTokenImplicitFlow: true\n", ""),
        ("    oauth2AllowImplicitFlow: true\n", graphs),
    )
    wanted = await stage.edited(("Issuance: true", "Issuance: false"))
    (result,) = await stage.verify(wanted)
    place = result.findings[0].place
    assert place is not None
    line = line_of(stage.folder / "manifest.yaml", "web:")
    column = graphs.index("enableAccessTokenIssuance") + 1
    assert (place.line, place.column) == (line, column)
