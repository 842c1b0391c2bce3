"""What a plain YAML scalar means, and which ones mean something else than they look like.

YAML 1.1, which PyYAML reads, and YAML 1.2, which editors read, differ about `yes`, `on`, `0777`,
`1:30` and `2024-01-01`. Such a scalar is refused instead of guessed. Holds no state.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Final

import yaml

from provisioning.manifest.nodes import Scalar

_RESOLVER: Final[Any] = yaml.resolver.Resolver()
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_DECIMAL: Final = re.compile(r"[-+]?[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?")
_QUOTE: Final = "put it in quotes if text is meant"


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A scalar that YAML versions read differently: `message` tells, `remedy` the ways out."""

    message: str
    remedy: str


def resolve(text: str) -> Scalar | Ambiguous:
    """Return the value of an unquoted scalar (https://yaml.org/type/)."""
    tag = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))
    match str(tag).rpartition(":")[2]:
        case "null":
            return None
        case "bool":
            return _switch(text)
        case "int":
            if _INTEGER.fullmatch(text):
                return int(text)
            return Ambiguous(
                "this number has another value than it seems (octal, hexadecimal, base 60, `_`)",
                f"write it in decimal digits, or {_QUOTE}",
            )
        case "float":
            if _DECIMAL.fullmatch(text) and math.isfinite(float(text)):
                return float(text)
            return Ambiguous(
                "this number is written in a form that JSON does not have",
                f"write it in decimal digits, or {_QUOTE}",
            )
        case "timestamp":
            return Ambiguous("without quotes this is a date, not text", "put it in quotes")
        case _:
            return text


def _switch(text: str) -> bool | Ambiguous:
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    meant = "true" if text.lower() in {"yes", "on", "y"} else "false"
    return Ambiguous(
        f"`{text}` is a true/false switch for some YAML readers and text for others",
        f"write {meant}, or {_QUOTE}",
    )
