"""Attributes, identity providers and languages of a user flow: lists of their own. Pure.

https://learn.microsoft.com/graph/api/b2cidentityuserflow-list-userattributeassignments,
-list-userflowidentityproviders, -list-languages (beta).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from provisioning.core.diff import canonical
from provisioning.core.kind import View
from provisioning.core.model import Address, Json, Ref, Template, Value
from provisioning.core.request import Read, Request
from provisioning.kinds import known, query, trust_framework, wire

ATTRIBUTES: Final = "userAttributeAssignments"
PROVIDERS: Final = "userFlowIdentityProviders"
LANGUAGES: Final = "languages"
_SHOWN: Final = {
    ATTRIBUTES: (
        "id",
        "displayName",
        "isOptional",
        "requiresVerification",
        "userInputType",
        "userAttributeValues",
    ),
    LANGUAGES: ("id", "isEnabled", "displayName"),
}


PARTS: Final = (ATTRIBUTES, PROVIDERS, LANGUAGES)


def read(part: str, flow: str) -> Read:
    """Ask for one list of a flow."""
    where = f"{flow}/{part}"
    return Read(where, where, version=trust_framework.BETA, many=True)


def shown(view: View, flow: str) -> dict[str, Json]:
    """Return the lists that were read, in the shape of the manifest's."""
    found: dict[str, Json] = {}
    for part in PARTS:
        answer = view.answers.get(read(part, flow).key)
        if answer is None:
            continue
        if part == PROVIDERS:
            found[part] = [known.text(item, "id") for item in answer.items]
        else:
            found[part] = [_entry(part, item) for item in answer.items]
    return found


def requests(
    flow: str, patch: Mapping[str, Value], live: Mapping[str, Json], *, lock: Address
) -> tuple[Request, ...]:
    """Bring the lists that differ to what is wanted, entry by entry."""
    return (
        *_attributes(flow, _wanted(patch, ATTRIBUTES), known.items(live, ATTRIBUTES), lock),
        *_providers(flow, patch.get(PROVIDERS), live.get(PROVIDERS), lock),
        *_languages(flow, _wanted(patch, LANGUAGES), known.items(live, LANGUAGES), lock),
    )


def _attributes(
    flow: str,
    wanted: Iterable[dict[str, Value]] | None,
    live: Iterable[dict[str, Json]],
    lock: Address,
) -> Iterator[Request]:
    if wanted is None:
        return
    here = {canonical(item["id"]): item for item in live}  # type: ignore[arg-type]
    entries = {canonical(item["id"]): item for item in wanted}
    for key, item in here.items():
        if key not in entries:
            yield _write("DELETE", f"{flow}/{ATTRIBUTES}/{item['id']}", lock)
    for key, entry in entries.items():
        how: Value = {name: value for name, value in entry.items() if name != "id"}
        if key not in here:
            assert isinstance(how, dict)
            body: Value = {**how, "userAttribute": {"id": entry["id"]}}
            yield _write("POST", f"{flow}/{ATTRIBUTES}", lock, body)
        elif any(not _equal(here[key].get(name), entry[name]) for name in entry):
            yield _write("PATCH", f"{flow}/{ATTRIBUTES}/{here[key]['id']}", lock, how)


def _providers(flow: str, wanted: Value, live: Json, lock: Address) -> Iterator[Request]:
    if not isinstance(wanted, list):
        return
    here = [str(item) for item in live] if isinstance(live, list) else []
    for identity in here:
        if identity not in wanted:
            yield _write("DELETE", f"{flow}/{PROVIDERS}/{identity}/$ref", lock)
    for item in wanted:
        if item not in here:
            # Graph reads the id out of the address; the host in it is its own name.
            start = "https://graph.microsoft.com/beta/identity/identityProviders/"
            link = Template((start, item)) if isinstance(item, Ref) else f"{start}{item}"
            yield _write("POST", f"{flow}/{PROVIDERS}/$ref", lock, {"@odata.id": link})


def _languages(
    flow: str,
    wanted: Iterable[dict[str, Value]] | None,
    live: Iterable[dict[str, Json]],
    lock: Address,
) -> Iterator[Request]:
    if wanted is None:
        return
    here = {known.text(item, "id"): item for item in live}
    entries = {str(item["id"]): item for item in wanted}
    for tag in here:
        if tag not in entries:
            yield _write("DELETE", f"{flow}/{LANGUAGES}/{tag}", lock)
    for tag, entry in entries.items():
        now = here.get(tag)
        if now is None or any(not _equal(now.get(name), entry[name]) for name in entry):
            yield _write("PUT", f"{flow}/{LANGUAGES}/{tag}", lock, dict(entry))


def _write(method: str, path: str, lock: Address, body: Value = None) -> Request:
    tolerate = (wire.NOT_FOUND,) if method == "DELETE" else ()
    return Request(
        method,
        query.joined(path),
        version=trust_framework.BETA,
        body=body,
        tolerate=tolerate,
        transient=trust_framework.NOT_THERE,
        lock=lock,
    )


def _wanted(patch: Mapping[str, Value], name: str) -> tuple[dict[str, Value], ...] | None:
    value = patch.get(name)
    if not isinstance(value, list):
        return None
    return tuple(item for item in value if isinstance(item, dict))


def _equal(live: Json, wanted: Value) -> bool:
    return canonical(live) == canonical(wanted)  # type: ignore[arg-type]


def _entry(name: str, item: Mapping[str, Json]) -> Json:
    entry = {key: item[key] for key in _SHOWN[name] if key in item}
    sort = entry.get("userInputType")
    if isinstance(sort, str):
        # Graph's own samples write TextBox, its metadata textBox.
        entry["userInputType"] = f"{sort[:1].lower()}{sort[1:]}"
    return entry
