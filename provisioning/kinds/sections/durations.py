"""ISO 8601 durations of the manifest: the type that validates them, days and weeks as time.

It knows no clock: years and months have the length that a comparison needs, not a calendar's.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

_DURATION = re.compile(
    r"P(?=.)(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=.)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)


def parse(text: str) -> timedelta:
    """Read `P180D`, `P2Y`, `PT12H`; a year counts 365 days and a month 30.

    Raises ValueError for anything else, and for a duration of nothing (ISO 8601-1, 5.5.2).
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        message = f"{text!r} is no ISO 8601 duration"
        raise ValueError(message)
    part = {name: int(value) for name, value in found.groupdict(default="0").items()}
    length = timedelta(
        days=part["years"] * 365 + part["months"] * 30 + part["days"],
        weeks=part["weeks"],
        hours=part["hours"],
        minutes=part["minutes"],
        seconds=part["seconds"],
    )
    if not length:
        message = f"{text!r} lasts no time"
        raise ValueError(message)
    return length


def _checked(text: str) -> str:
    try:
        parse(text)
    except (ValueError, OverflowError) as problem:
        remedy = "write an ISO 8601 duration such as P180D, P2Y or PT12H"
        raise ValueError(f"{problem}; {remedy}") from problem
    return text


Duration: TypeAlias = Annotated[
    str, AfterValidator(_checked), Field(json_schema_extra={"examples": ["P180D", "P2Y", "PT12H"]})
]
"""An ISO 8601 duration, kept as text."""
