"""Names in a manifest that stand for something else in it: applications, `existing`, appIds.

Resolving is silent, so that several kinds can ask the same; `require` reports, once, where the
name is written.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from provisioning.core.kind import Source
from provisioning.core.model import Address, Ref, Template
from provisioning.kinds.sections import identity_experience_framework, shapes

Sort = Literal[
    "application",
    "framework",
    "appId",
    "existingApplication",
    "servicePrincipal",
    "group",
    "user",
]

CLIENTS: Final[tuple[Sort, ...]] = (
    "application",
    "framework",
    "appId",
    "existingApplication",
    "servicePrincipal",
)
"""What has an appId, so can be a client or a resource."""
_WORDS: Final[dict[Sort, str]] = {
    "application": "application of this manifest",
    "framework": "application of this manifest",
    "appId": "appId",
    "existingApplication": "existing application",
    "servicePrincipal": "existing service principal",
    "group": "existing group",
    "user": "existing user",
}


@dataclass(frozen=True, slots=True)
class Target:
    """What a name stands for. `key` is what addresses of grants and assignments show."""

    sort: Sort
    key: str
    literal: str | None = None
    """The appId, where the manifest tells it."""

    @property
    def address(self) -> Address:
        """The object itself."""
        return Address("application" if self._is_ours else "existing", self.key)

    @property
    def app_id(self) -> str | Ref:
        """Its appId; not for groups and users."""
        return self.literal if self.literal is not None else Ref(self.address, "appId")

    @property
    def principal(self) -> Address:
        """What can hold grants and roles: the service principal, the group, the user."""
        match self.sort:
            case "application" | "framework":
                return Address("service_principal", self.key)
            case "existingApplication":
                return Address("existing", f"{self.key}/service_principal")
            case _:
                return self.address

    def scope_id(self, value: str) -> Ref:
        """Return the id of its delegated permission of that name."""
        if self._is_ours:
            return Ref(self.address, f"api.oauth2PermissionScopes[value={value}].id")
        return Ref(self.principal, f"oauth2PermissionScopes[value={value}].id")

    def role_id(self, value: str) -> Ref:
        """Return the id of its app role of that name."""
        whose = self.address if self._is_ours else self.principal
        return Ref(whose, f"appRoles[value={value}].id")

    @property
    def _is_ours(self) -> bool:
        return self.sort in {"application", "framework"}


def resolve(source: Source, name: str) -> Target | None:
    """Find what a name stands for; None when the manifest has nothing of that name.

    An appId that an `existing` entry already names is that entry, so that no API is twice there.
    """
    existing = source.entries("existing")
    if name in source.entries("applications"):
        return Target("application", name)
    if name in identity_experience_framework.applications(source):
        return Target("framework", name)
    if name == shapes.MICROSOFT_GRAPH or name.lower() == shapes.MICROSOFT_GRAPH_APP_ID:
        return Target("appId", shapes.MICROSOFT_GRAPH, shapes.MICROSOFT_GRAPH_APP_ID)
    if name in existing:
        return _existing(name, existing[name].lookup())
    if not shapes.is_guid(name):
        return None
    for key, entry in existing.items():
        if entry.lookup() == {"type": "servicePrincipal", "by": "appId", "value": name.lower()}:
            return Target("appId", key, name.lower())
    return Target("appId", name.lower(), name.lower())


def require(
    source: Source, name: str, sorts: Iterable[Sort], *path: str | int, bare: bool = True
) -> Target | None:
    """Resolve a name and report it at `path` when it is unknown or of another sort.

    `bare` False refuses an appId that only stands there as a GUID.
    """
    target = resolve(source, name)
    wanted = tuple(sorts)
    if target is None and _is_faulty(source, name):
        return None
    if target is None or (not bare and shapes.is_guid(name)):
        known = [*source.entries("applications"), *source.entries("existing")]
        if "appId" in wanted:
            known.append(shapes.MICROSOFT_GRAPH)
        source.fault(
            "unknown-reference",
            f"{name!r} is no key of applications or existing",
            suggest(name, known, "declare it under `existing`"),
            *path,
        )
        return None
    if target.sort not in wanted:
        source.fault(
            "wrong-reference",
            f"{name!r} is an {_WORDS[target.sort]}, which cannot stand here",
            f"name an {' or an '.join(dict.fromkeys(_WORDS[sort] for sort in wanted))}",
            *path,
        )
        return None
    return target


def suggest(name: str, known: Iterable[str], otherwise: str) -> str:
    """Return "did you mean" for the nearest known name, ignoring case, or else `otherwise`."""
    names = {item.lower(): item for item in known}
    close = difflib.get_close_matches(name.lower(), names, n=1)
    return f"did you mean {names[close[0]]!r}?" if close else otherwise


def _is_faulty(source: Source, name: str) -> bool:
    """Whether an entry of that name is written but has faults of its own, told elsewhere."""
    if name in identity_experience_framework.KEYS and source.doubtful(
        "identityExperienceFramework"
    ):
        return True
    return any(source.doubtful(section, name) for section in ("applications", "existing"))


def _existing(key: str, lookup: dict[str, str]) -> Target:
    match lookup:
        case {"type": "application"}:
            return Target("existingApplication", key)
        case {"type": "servicePrincipal", "by": "appId", "value": str(app_id)}:
            return Target("appId", key, app_id)
        case {"type": "servicePrincipal"}:
            return Target("servicePrincipal", key)
        case {"type": "group"}:
            return Target("group", key)
        case _:
            return Target("user", key)


_REFERENCE: Final = re.compile(r"\$\{([A-Za-z_]+)\.([A-Za-z0-9_-]+)\.([^${}]+)\}")
_HELD: Final = "\x00{"
"""How a literal `${` is held in text until all references are read."""


def value(text: str) -> str | Ref | Template:
    """Read `${application.KEY.appId}` inside text that a kind has to understand itself."""
    parts: list[str | Ref] = []
    position = 0
    for found in _REFERENCE.finditer(text):
        if found.start() > position:
            parts.append(release(text[position : found.start()]))
        parts.append(Ref(Address(found[1], found[2]), found[3]))
        position = found.end()
    if position < len(text):
        parts.append(release(text[position:]))
    match parts:
        case []:
            return ""
        case [only]:
            return only
        case _:
            return Template(tuple(parts))


def release(text: str) -> str:
    """Turn held text into what the user meant."""
    return text.replace(_HELD, "${")


def hold(text: str) -> str:
    """Keep every `${` of a text from being read as a reference."""
    return text.replace("${", _HELD)
