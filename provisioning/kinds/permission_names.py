"""Permission names against what their resource offers in this tenant. Pure.

A name that is no scope or role of its resource is an error before the first write.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Final

from provisioning.core import paths, refs
from provisioning.core.kind import View
from provisioning.core.model import Desired, Finding, Ref
from provisioning.core.refs import Missing
from provisioning.kinds import known

_NAMED: Final = re.compile(
    r"(?P<list>(?:api\.)?oauth2PermissionScopes|appRoles)\[value=(?P<name>[^\]]*)\]\.id"
)
_WORDS: Final = {"appRoles": "application permission (app role)"}


def unknown(view: View, desired: Desired) -> Iterable[Finding]:
    """Report each permission of an object that its resource does not offer, once."""
    for ref in dict.fromkeys(refs.find(desired.body)):
        found = _NAMED.fullmatch(ref.path)
        if found is None or not _is_missing(view, ref):
            continue
        offered = _offered(view, ref, found["list"])
        close = difflib.get_close_matches(found["name"], offered, n=3, cutoff=0.5)
        word = _WORDS.get(found["list"], "delegated permission (scope)")
        yield Finding(
            "unknown-permission",
            f"{_resource(view, ref)} has no {word} {found['name']!r}",
            f"did you mean {' or '.join(close)}?" if close else _all(offered),
            place=desired.places.get(found["name"], desired.place),
            address=desired.address,
        )


def _is_missing(view: View, ref: Ref) -> bool:
    """Whether the resource is there, or will be, without that permission."""
    if ref.address.kind == "existing" and ref.address not in view.objects:
        return False
    return all(isinstance(paths.select(body, ref.path), Missing) for body in _bodies(view, ref))


def _bodies(view: View, ref: Ref) -> tuple[Mapping[str, object], ...]:
    thing, wanted = view.objects.get(ref.address), view.wanted.get(ref.address)
    living = (thing.body,) if thing is not None else ()
    return (*living, wanted.body) if wanted is not None else living


def _offered(view: View, ref: Ref, path: str) -> tuple[str, ...]:
    values = [
        known.text(item, "value") for body in _bodies(view, ref) for item in known.items(body, path)
    ]
    return tuple(sorted({value for value in values if value}))


def _resource(view: View, ref: Ref) -> str:
    thing = view.objects.get(ref.address)
    name = known.text(thing.body, "displayName") if thing else ""
    return f"{ref.address} ({name})" if name else str(ref.address)


def _all(offered: tuple[str, ...]) -> str:
    if not offered:
        return "it offers none"
    shown = ", ".join(offered[:10])
    more = f" and {len(offered) - 10} more" if len(offered) > 10 else ""
    return f"it offers {shown}{more}"
