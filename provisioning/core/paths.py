"""Paths into bodies: `web.redirectUris`, `appRoles[value=reader].id`, `api.scopes[0]`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from provisioning.core.refs import MISSING, Missing

_SEGMENT = re.compile(r"(?P<name>[^.\[\]]+)(?:\[(?P<where>[^\]=]+)=(?P<value>[^\]]*)\])?(?:\.|$)")


def select(body: object, path: str) -> object | Missing:
    """Return what stands at `path`, or MISSING. `[name=value]` picks the entry of a list."""
    here: object = body
    position = 0
    while position < len(path):
        segment = _SEGMENT.match(path, position)
        if segment is None:
            message = f"{path!r} is no path into a body"
            raise ValueError(message)
        position = segment.end()
        if not isinstance(here, Mapping) or segment["name"] not in here:
            return MISSING
        here = here[segment["name"]]
        if segment["where"] is not None:
            here = _entry(here, segment["where"], segment["value"])
            if here is MISSING:
                return MISSING
    return here


def _entry(items: object, name: str, value: str) -> object:
    if isinstance(items, list | tuple):
        for item in items:
            if isinstance(item, Mapping) and str(item.get(name)) == value:
                return item
    return MISSING


def nest(values: Mapping[str, object]) -> dict[str, object]:
    """Turn `{"web.redirectUris": […]}` into `{"web": {"redirectUris": […]}}`."""
    body: dict[str, object] = {}
    for path, value in values.items():
        *above, last = path.split(".")
        here = body
        for name in above:
            inner = here.setdefault(name, {})
            if not isinstance(inner, dict):
                message = f"{path!r} goes through the value at {name!r}"
                raise TypeError(message)
            here = inner
        here[last] = value
    return body
