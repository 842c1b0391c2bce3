"""The desired objects as a Mermaid flowchart: applications, service principals, grants, lookups.

Must not read the tenant: it draws what the manifest says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from provisioning.core import refs
from provisioning.core.model import Address, Desired, Value
from provisioning.render import escape

_SHAPES = {
    "application": ("[", "]"),
    "service_principal": ("([", "])"),
    "existing": ("{{", "}}"),
}


def mermaid(desired: Iterable[Desired]) -> str:
    """Return a flowchart: nodes for objects, arrows for grants, assignments and children."""
    objects = sorted(desired, key=lambda item: item.address)
    lines = [
        "flowchart LR",
        *(_node(item) for item in objects if item.address.kind in _SHAPES),
        *(line for item in objects for line in _edges(item)),
    ]
    return "\n".join(lines) + "\n"


def _node(item: Desired) -> str:
    opening, closing = _SHAPES[item.address.kind]
    name = item.body.get("displayName") or item.settings.get("value")
    labels = (str(item.address), name if isinstance(name, str) else "")
    text = "<br/>".join(escape.mermaid(label) for label in labels if label)
    return f'  {_id(item.address)}{opening}"{text}"{closing}'


def _edges(item: Desired) -> Iterator[str]:
    body = item.body
    match item.address.kind:
        case "delegated_permission_grant":
            yield from _arrow(
                body.get("clientId"), body.get("resourceId"), _words(body.get("scope"))
            )
        case "app_role_assignment":
            *_, role = item.address.key.split(".", 2)
            yield from _arrow(body.get("principalId"), body.get("resourceId"), role)
        case "service_principal":
            yield from _arrow_between(item.parent, item.address, "", "-.->")
        case kind if kind not in _SHAPES and item.parent is not None:
            label = f"{item.address.kind} {item.address.key.partition('.')[2]}"
            yield f'  {_id(item.parent)} --- {_id(item.address)}["{escape.mermaid(label)}"]'


def _arrow(start: Value, end: Value, label: str) -> Iterator[str]:
    first, last = next(refs.find(start), None), next(refs.find(end), None)
    if first is not None and last is not None:
        yield from _arrow_between(first.address, last.address, label, "-->")


def _arrow_between(start: Address | None, end: Address, label: str, arrow: str) -> Iterator[str]:
    if start is not None:
        named = f'|"{escape.mermaid(label)}"|' if label else ""
        yield f"  {_id(start)} {arrow}{named} {_id(end)}"


def _words(value: Value) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else ""


def _id(address: Address) -> str:
    """Spell an address with letters, digits and underscores; different ones stay different."""
    return re.sub(r"[^0-9A-Za-z]", lambda found: f"_{ord(found[0]):x}_", str(address))
