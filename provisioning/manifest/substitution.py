"""The substitution of `${var.…}` and `${tenant.…}` in values.

Values are never expanded again. Must not resolve references to objects: it only notes them. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from provisioning.core.model import Finding, Place, Ref
from provisioning.manifest import suggest, tokens
from provisioning.manifest.nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode, found

REFERABLE: Final = ("application", "service_principal", "existing")
"""Kinds that text may refer to: the ones whose ids other systems ask for."""

TENANT_FACTS: Final = ("domain", "id", "name")


@dataclass(frozen=True, slots=True)
class Reference:
    """An object that some text refers to, and where the text stands."""

    ref: Ref
    place: Place


@dataclass(slots=True)
class Scope:
    """What `${…}` may name, and what was met."""

    findings: list[Finding]
    variables: Mapping[str, Node] | None
    """Values, expanded. None where variables can't be used."""
    tenant: Mapping[str, str | None] | None
    """`TENANT_FACTS`; None where the tenant is not known yet."""
    unknown: frozenset[str] = frozenset()
    """Variables that have no usable value, already reported."""
    late: frozenset[str] = frozenset()
    """Variables whose value needs the tenant, while the tenant itself is being read."""
    references: bool = False
    noted: list[Reference] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def fault(self, rule: str, message: str, remedy: str, place: Place) -> None:
        """Note an error."""
        self.findings.append(Finding(rule, message, remedy, place=place))


def needs_tenant(node: Node) -> bool:
    """Whether some text inside names `${tenant.…}`."""
    match node:
        case ScalarNode(value=str(text)) if "${" in text:
            names = (part.name for part in tokens.split(text) if isinstance(part, tokens.Name))
            return any(name.startswith("tenant.") for name in names)
        case SequenceNode():
            return any(needs_tenant(item) for item in node.items)
        case MappingNode():
            return any(needs_tenant(entry.node) for entry in node.entries.values())
        case _:
            return False


def expand(node: Node, scope: Scope) -> Node:
    """Replace what `${…}` names; unchanged parts are shared with `node`."""
    match node:
        case ScalarNode(value=str(text)) if "${" in text:
            return _text(text, node.place, scope)
        case SequenceNode():
            items = tuple(expand(item, scope) for item in node.items)
            changed = any(new is not old for new, old in zip(items, node.items, strict=True))
            return SequenceNode(items, node.place) if changed else node
        case MappingNode():
            return _mapping(node, scope)
        case _:
            return node


def _mapping(node: MappingNode, scope: Scope) -> MappingNode:
    entries: dict[str, Entry] = {}
    changed = False
    for key, entry in node.entries.items():
        if "${" in key:
            scope.fault("variable-in-key", "a key holds `${`", "write the key out", entry.key)
        value = expand(entry.node, scope)
        changed = changed or value is not entry.node
        entries[key] = entry if value is entry.node else Entry(entry.key, value)
    return MappingNode(entries, node.place) if changed else node


def _text(text: str, place: Place, scope: Scope) -> Node:
    parts = list(tokens.split(text))
    if len(parts) == 1 and isinstance(parts[0], tokens.Name):
        value = _named(parts[0].name, place, scope)
        return ScalarNode(value.value, place) if isinstance(value, ScalarNode) else value
    joined = ""
    for part in parts:
        match part:
            case tokens.Name(name):
                joined = tokens.join(joined, _inline(name, place, scope))
            case tokens.Unclosed():
                remedy = "close it with }, or write $${ for a literal ${"
                scope.fault("unclosed", "`${` without its }", remedy, place)
            case _:
                joined = tokens.join(joined, part)
    return ScalarNode(joined, place)


def _inline(name: str, place: Place, scope: Scope) -> str:
    match value := _named(name, place, scope):
        case ScalarNode(value=bool(switch)):
            return str(switch).lower()
        case ScalarNode(value=str() | int() | float() as simple):
            return str(simple)
        case _:
            message = f"`${{{name}}}` is {found(value)}, which can't stand inside text"
            scope.fault("variable-type", message, "use it as the whole value", place)
            return ""


def _named(name: str, place: Place, scope: Scope) -> Node:
    """Return the value of `${name}`; its own text for references, literal after a fault."""
    space, _, rest = name.partition(".")
    value: Node | None = None
    match space:
        case "var":
            value = _variable(rest, place, scope)
        case "tenant":
            value = _tenant(rest, place, scope)
        case _ if space in REFERABLE:
            value = _note(name, place, scope)
        case _:
            close = suggest.closest(space, ("var", "tenant", *REFERABLE))
            remedy = (
                f"write ${{{close}.{rest or '…'}}}"
                if close
                else "write ${var.NAME}, ${tenant.domain}, ${application.KEY.appId}, or $${ for "
                "a literal ${"
            )
            scope.fault("unknown-expression", f"unknown `${{{name}}}`", remedy, place)
    return ScalarNode(tokens.hold(f"${{{name}}}"), place) if value is None else value


def _variable(name: str, place: Place, scope: Scope) -> Node | None:
    if scope.variables is None:
        message = "a variable's default can't use another variable"
        scope.fault("variable-in-variable", message, "use ${tenant.…} or plain text", place)
        return None
    scope.used.add(name)
    value = scope.variables.get(name)
    if name in scope.late:
        message = f"the variable `{name}` needs the tenant, which is described by it here"
        scope.fault("tenant-circle", message, "write one of the two out", place)
    elif value is None and name not in scope.unknown:
        close = suggest.closest(name, scope.variables)
        remedy = f"write ${{var.{close}}}" if close else f"declare it: variables: {{{name}: …}}"
        scope.fault("undefined-variable", f"the variable `{name}` is not declared", remedy, place)
    return value


def _tenant(name: str, place: Place, scope: Scope) -> Node | None:
    if name not in TENANT_FACTS:
        close = suggest.closest(name, TENANT_FACTS) or "domain"
        scope.fault(
            "unknown-expression",
            f"unknown `${{tenant.{name}}}`",
            f"write ${{tenant.{close}}}",
            place,
        )
        return None
    if scope.tenant is None:
        scope.fault(
            "tenant-circle", "the tenant can't be described by itself", "write it out", place
        )
        return None
    value = scope.tenant.get(name)
    if value is None:
        if scope.tenant:
            scope.fault(
                "tenant-unknown", f"the tenant's {name} is not known", f"add tenant: {name}:", place
            )
        return None
    return ScalarNode(tokens.hold(value), place)


def _note(name: str, place: Place, scope: Scope) -> Node | None:
    ref = tokens.reference(name)
    if not scope.references:
        message = "a reference to an object can't stand here"
        scope.fault("reference-misplaced", message, "write the value out", place)
    elif ref is None:
        message = f"`${{{name}}}` is no reference"
        remedy = "write ${application.KEY.appId}: kind, key and property"
        scope.fault("reference-form", message, remedy, place)
    else:
        scope.noted.append(Reference(ref, place))
        return ScalarNode(f"${{{name}}}", place)
    return None
