"""Which line of an API or of a client's permissions a refusal of scopes is about. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from provisioning.core.model import Finding
from provisioning.kinds.sections import shapes
from provisioning.signin import lines
from provisioning.signin.case import PROTOCOL, Case
from provisioning.signin.checks import Flow

_GRAPH: Final = "https://graph.microsoft.com/"


def consent(case: Case) -> Iterator[Finding]:
    """The permission that is not consented, or where it is not even asked for."""
    path = f"{case.app}.permissions"
    consented = _consented(case)
    asked = {scope.rpartition("/")[2]: _is_graphs(scope) for scope in _asked(case)}
    lacking = [name for name in asked if name not in consented]
    for index in range(lines.count(case.manifest, path)):
        entry = f"{path}.{index}"
        listed = {value for value, _ in lines.scalars(case.manifest, f"{entry}.delegated")}
        if listed.intersection(lacking) or (not lacking and not _consents(case, entry)):
            yield case.at(f"{entry}.adminConsent", "write adminConsent: true")
            return
    for key, names in apis(case):
        offered = lines.keys(case.manifest, f"applications.{key}.scopes")
        strange = [name for name in names if name in lacking and name not in offered]
        if strange and offered and not asked[strange[0]]:
            remedy = f"correct {strange[0]}, or expose it: {key} has {', '.join(offered)}"
            yield case.at(f"{case.check.path}.scopes", remedy)
            return
    for name in lacking:
        home = _entry_for(case, graph=asked[name])
        if home is not None:
            yield case.at(f"{home}.delegated", f"add {name}")
            return
    home = _entry_for(case, graph=False)
    as_itself = case.check.flow is Flow.CLIENT_CREDENTIALS and home is not None
    if as_itself and not lines.count(case.manifest, f"{home}.application"):
        yield case.at(f"{home}.application", "add the API's roles for applications")
        return
    if not case.differs:
        yield case.at(path)


def _asked(case: Case) -> Iterator[str]:
    """Yield the scopes that need consent; Entra's openid and the like come with any other."""
    for scope in case.check.scopes:
        protocol = scope in PROTOCOL and case.check.policy is None
        if scope != case.check.client_id and not protocol and not _is_whole(scope):
            yield scope


def _is_whole(scope: str) -> bool:
    """Tell `URI/.default`, which names no scope: it stands for whatever is consented."""
    return scope.endswith("/.default")


def _is_graphs(scope: str) -> bool:
    return "/" not in scope or scope.startswith(_GRAPH)


def _consented(case: Case) -> set[object]:
    path = f"{case.app}.permissions"
    entries = (f"{path}.{index}" for index in range(lines.count(case.manifest, path)))
    return {
        value
        for entry in entries
        if _consents(case, entry)
        for value, _ in lines.scalars(case.manifest, f"{entry}.delegated")
    }


def _consents(case: Case, entry: str) -> bool:
    return case.line(f"{entry}.adminConsent").value is True


def _entry_for(case: Case, *, graph: bool) -> str | None:
    """Return the path of the entry of `permissions` for Microsoft Graph, or for an API."""
    path = f"{case.app}.permissions"
    for index in range(lines.count(case.manifest, path)):
        resource = case.line(f"{path}.{index}.resource").value
        if (resource == shapes.MICROSOFT_GRAPH) is graph:
            return f"{path}.{index}"
    return None


def exposed(case: Case) -> Iterator[Finding]:
    """The API's own scopes, where one of those asked for is not among them; else consent."""
    for key, asked in apis(case):
        offered = {*lines.keys(case.manifest, f"applications.{key}.scopes")}
        for name in asked:
            if name not in offered:
                yield case.at(f"applications.{key}.scopes", f"add scope {name}")
                return
    for key, _ in apis(case):
        if not lines.count(case.manifest, f"applications.{key}.identifierUris"):
            yield case.at(f"applications.{key}.identifierUris", "name the API as the scopes do")
            return
        yield case.at(
            f"applications.{key}.identifierUris", "begin the check's scopes with one of these"
        )
        return
    yield from consent(case)


def apis(case: Case) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the manifest's applications that the client asks, with the scopes asked of them."""
    asked = tuple(
        scope.rpartition("/")[2]
        for scope in case.check.scopes
        if scope not in PROTOCOL and scope != case.check.client_id and not _is_whole(scope)
    )
    path = f"{case.app}.permissions"
    for index in range(lines.count(case.manifest, path)):
        resource = case.line(f"{path}.{index}.resource").value
        if isinstance(resource, str) and resource in lines.keys(case.manifest, "applications"):
            yield resource, asked


def missing_scope(case: Case) -> Iterator[Finding]:
    """A scope that came with no token: first whether the API has it, then consent."""
    for key, asked in apis(case):
        offered = {*lines.keys(case.manifest, f"applications.{key}.scopes")}
        if name := next((each for each in asked if each not in offered), None):
            yield case.at(f"applications.{key}.scopes", f"add scope {name}")
            return
    yield from consent(case)
