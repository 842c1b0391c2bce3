"""Takes passwords, secrets and tokens out of everything that a result may show.

Must not decide what is worth showing; it only masks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, quote_plus

from provisioning.core.model import Json

MASK: Final = "(sensitive)"

_TOKEN: Final = re.compile(r"\beyJ[\w-]*(?:\.[\w-]*){1,4}")
_TELLING: Final = re.compile(r"token|password|secret", re.IGNORECASE)


@dataclass(slots=True)
class Redactor:
    """What one check must never show."""

    _spellings: tuple[str, ...] = field(default=(), repr=False)
    """The longest first: a value may hold another."""

    def hide(self, *values: str | None) -> None:
        """Remember values that must not appear again, and their spellings in URLs and code."""
        more = (spelled for value in values if value for spelled in _spelled(value))
        known = {*self._spellings, *more}
        self._spellings = tuple(sorted(known, key=lambda each: (-len(each), each)))

    def text(self, text: str) -> str:
        """Mask every remembered value, its other spellings, and what looks like a JWT."""
        for spelling in self._spellings:
            text = text.replace(spelling, MASK)
        return _TOKEN.sub(MASK, text)

    def claims(self, claims: Mapping[str, Json]) -> dict[str, Json]:
        """Mask claims that carry somebody's token or password, at any depth.

        A policy can put an identity provider's own token into a claim (`idp_access_token`).
        """
        return {
            self.text(name): MASK if _TELLING.search(name) else self._value(value)
            for name, value in claims.items()
        }

    def _value(self, value: Json) -> Json:
        match value:
            case str():
                return self.text(value)
            case list():
                return [self._value(each) for each in value]
            case dict():
                return {**self.claims(value)}
            case _:
                # A PIN of digits may come back as a number.
                return value if self.text(str(value)) == str(value) else MASK


def _spelled(value: str) -> Iterator[str]:
    """Yield a value as it is, and as URLs, JSON and Python's repr spell it."""
    yield value
    yield quote(value, safe="")
    yield quote_plus(value)
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield repr(value)[1:-1]
