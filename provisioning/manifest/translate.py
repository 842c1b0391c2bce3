"""pydantic's errors -> findings that name the place, the fault and what to write instead.

Never repeats a value that the user wrote, except one that nearly is an allowed word: a manifest
may hold a secret by mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

from pydantic import ValidationError
from pydantic_core.core_schema import ErrorType

from provisioning.core.model import Finding
from provisioning.manifest import composition, located, nodes, suggest
from provisioning.manifest.located import Fault, Path
from provisioning.manifest.nodes import Node, ScalarNode

SECRET_KEYS: Final = ("fromEnv", "fromFile", "fromKeyVault")

_TELLING: Final = (
    "greater_", "less_", "multiple_of", "too_", "string_too", "date", "time", "url_scheme",
)  # fmt: skip
"""Types of errors whose message repeats no input."""

_BUILT_IN: Final = frozenset(get_args(ErrorType))
"""Errors of pydantic's own; any other comes from a kind, which words it for the user."""

_QUOTED: Final = re.compile(r"'([^']*)'")


@dataclass(frozen=True, slots=True)
class Told:
    """A finding, and what has to go so that the rest can be judged."""

    finding: Finding
    cut: Path
    """The smallest part of the tree without which this fault would not be there."""
    meant: str | None = None
    """Unknown keys: the key that was meant."""


def findings(
    error: ValidationError, annotation: Any, root: Node, above: Path = ()
) -> Iterator[Told]:
    """Translate every error of validating the node at `above` in `root` with `annotation`."""
    node = nodes.select(root, above)
    faults = [
        located.locate(detail, annotation, node, above)
        for detail in error.errors(include_url=False, include_input=False)
    ]
    yield from _settle(faults, root)


def _settle(faults: Sequence[Fault], root: Node) -> Iterator[Told]:
    """Of the alternatives of a union, keep what is said about the one that was meant."""
    unions: dict[Path, dict[str, list[Fault]]] = {}
    meant = {
        (*fault.path[:-1], located.near(fault, root))
        for fault in faults
        if fault.kind == "extra_forbidden"
    }
    for fault in faults:
        if fault.kind == "missing" and fault.path in meant:
            continue  # its misspelling is reported
        if fault.branches:
            at, label, _ = fault.branches[0]
            unions.setdefault(at, {}).setdefault(label, []).append(fault)
        else:
            yield _told(fault, root)
    for at, alternatives in unions.items():
        yield from _meant(at, alternatives, root)


def _meant(at: Path, alternatives: dict[str, list[Fault]], root: Node) -> Iterator[Told]:
    fitting = {
        label: faults
        for label, faults in alternatives.items()
        if not all(fault.own and fault.path == at for fault in faults)
    }
    every = [fault for faults in alternatives.values() for fault in faults]
    if not fitting:
        yield Told(_mismatch(at, every, root), at)
        return
    fewest = min(len(faults) for faults in fitting.values())
    best = [faults for faults in fitting.values() if len(faults) == fewest]
    if len(best) > 1:
        best = [faults for faults in best if _misspelt(faults, root)] or best
    if len(best) > 1:
        yield Told(_no_form(at, best, root), at)
        return
    inner = [
        Fault(f.kind, f.context, f.message, f.path, f.here, f.owners, f.branches[1:])
        for f in best[0]
    ]
    yield from _settle(inner, root)


def _misspelt(faults: Sequence[Fault], root: Node) -> bool:
    return any(f.kind == "extra_forbidden" and located.near(f, root) is not None for f in faults)


def _mismatch(at: Path, faults: Sequence[Fault], root: Node) -> Finding:
    """Say that the value has none of the accepted types or words."""
    candidates = faults[0].branches[0][2] if faults[0].branches else faults[0].here
    node = nodes.select(root, at)
    place = nodes.value_place(root, at)
    forms = _secret_forms(candidates)
    if forms and isinstance(node, ScalarNode) and node.value is not None:
        return Finding(
            "secret-in-the-open",
            "a value stands where the source of a secret is expected",
            f"write {_either(forms)}; a secret that has been in a file is no secret any more: "
            "replace it",
            place=place,
        )
    words = [word for f in faults if f.kind in located.WORDS for word in _words(f)]
    types = [located.EXPECTED[f.kind] for f in faults if f.kind in located.EXPECTED]
    expected = _either(list(dict.fromkeys([*words, *types])))
    if words and isinstance(node, ScalarNode) and isinstance(node.value, str):
        close = suggest.closest(node.value, words)
        if close is not None:
            message = f"unknown value `{node.value}`"
            return Finding("unknown-value", message, f"write {close}", place=place)
        return Finding("unknown-value", f"expected {expected}", f"write {expected}", place=place)
    return Finding(
        "wrong-type", f"expected {expected}, found {nodes.found(node)}", _form(types, node),
        place=place,
    )  # fmt: skip


def _no_form(at: Path, best: Sequence[Sequence[Fault]], root: Node) -> Finding:
    forms = []
    for faults in best:
        missing = [str(f.path[-1]) for f in faults if f.kind == "missing"]
        if missing:
            forms.append("{" + ", ".join(f"{key}: …" for key in missing) + "}")
    return Finding(
        "no-such-form",
        "this has none of the forms that are accepted here",
        f"write {_either(forms)}" if forms else "see the schema",
        place=nodes.place(root, at),
    )


def _told(fault: Fault, root: Node) -> Told:
    finding = _finding(fault, root)
    match fault.kind:
        case "extra_forbidden":
            return Told(finding, fault.path, located.near(fault, root))
        case "missing":
            return Told(finding, fault.path[:-1])
        case _:
            return Told(finding, fault.path)


def _finding(fault: Fault, root: Node) -> Finding:
    key = str(fault.path[-1]) if fault.path else ""
    match fault.kind:
        case "extra_forbidden":
            return _unknown(fault, key, root)
        case "missing":
            told = located.description(fault, key)
            return Finding(
                "missing-key",
                f"`{key}` is missing",
                f"add {key}:" + (f" {told}" if told else ""),
                place=nodes.place(root, fault.path[:-1]),
            )
        case _ if fault.own:
            return _mismatch(fault.path, [fault], root)
        case _:
            message, remedy = _said(fault)
            told = located.description(fault, key)
            return Finding(
                "invalid-value", message, remedy or told, place=nodes.value_place(root, fault.path)
            )


def _said(fault: Fault) -> tuple[str, str]:
    match fault.kind:
        case "value_error" | "assertion_error":
            said = str(fault.context.get("error", "")) or "not valid here"
            message, _, remedy = said.partition("; ")
            return message, remedy
        case "string_pattern_mismatch":
            return f"not of the form {fault.context['pattern']}", ""
        case "union_tag_invalid":
            return "unknown value", f"write {fault.context['expected_tags']}"
        case "union_tag_not_found":
            return f"{fault.context['discriminator']} is missing", ""
        case kind if kind not in _BUILT_IN:
            message, _, remedy = fault.message.partition("; ")
            return message, remedy
        case kind if kind.startswith(_TELLING):
            said = fault.message.removeprefix("Input should ").removeprefix("have ")
            return f"the value should {said}" if said != fault.message else said, ""
        case _:
            return "the value is not valid here", ""


def _unknown(fault: Fault, key: str, root: Node) -> Finding:
    place = nodes.place(root, fault.path)
    owner = nodes.select(root, fault.path[:-1])
    for model in fault.owners:
        for name, field in model.model_fields.items():
            known = composition.spellings(name, field, model)
            if key in known:
                other = next(
                    (k for k in known if k != key and owner and nodes.child(owner, k)), known[0]
                )
                message = f"`{key}` and `{other}` are the same setting, and both are given"
                return Finding("both-spellings", message, "keep one of the two", place=place)
    close = located.near(fault, root)
    if close is not None:
        return Finding(
            "unknown-key", f"unknown key `{key}`; did you mean `{close}`?", f"write {close}:",
            place=place,
        )  # fmt: skip
    known_keys = ", ".join(sorted(located.keys(fault.owners)))
    remedy = f"use one of {known_keys}" if known_keys else "remove it"
    return Finding("unknown-key", f"unknown key `{key}`", remedy, place=place)


def _secret_forms(candidates: Sequence[Any]) -> list[str]:
    """Return the ways to name a secret, none where no secret is expected."""
    keys = located.keys(tuple(composition.models_among(candidates)))
    forms = [f"{{{key}: …}}" for key in SECRET_KEYS if key in keys]
    return forms if "fromEnv" in keys else []


def _words(fault: Fault) -> list[str]:
    expected = str(fault.context.get("expected", ""))
    return _QUOTED.findall(expected) or [expected]


def _either(options: Sequence[str]) -> str:
    *first, last = options or ["something else"]
    return f"{', '.join(first)} or {last}" if first else last


def _form(types: Sequence[str], node: Node | None) -> str:
    match types:
        case ["text"] if isinstance(node, ScalarNode) and node.value is not None:
            return "put it in quotes"
        case ["a list"]:
            return "write [a, b], or lines that begin with -"
        case ["a mapping"]:
            return "write {key: value}, or indented lines"
        case _:
            return f"write {_either(list(types))}"
