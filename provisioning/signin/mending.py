"""From a refusal to the lines that mend it: the tenant's difference first, then the manifest's own.

Pure; asks nobody. A difference explains a refusal best: the line is right and only not applied.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from provisioning.core.model import Finding, Place
from provisioning.engine.reconcile import Draft
from provisioning.kinds.sections import shapes
from provisioning.manifest import Manifest
from provisioning.signin import differences, lines, policy_lines, refusal
from provisioning.signin.checks import Check, Diagnosis, Result
from provisioning.signin.lines import Line
from provisioning.signin.policy_lines import Chain, Spot

_GRAPH: Final = "https://graph.microsoft.com/"
_PERSONAL: Final = "AzureADandPersonalMicrosoftAccount"
_PROTOCOL: Final = frozenset({"openid", "offline_access", "profile", "email"})
_POLICY_CLAIMS: Final = frozenset({"tfp", "acr"})
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_FILES: Final = "customPolicies.files"


def mended(result: Result, check: Check, manifest: Manifest, draft: Draft) -> Result:
    """Return a failed result with its findings; a passed one as it is."""
    if result.diagnosis is None:
        return result
    # Where we lack what it takes to ask, the tenant has not been heard.
    heard = result.diagnosis.cause not in _OURS
    differing = differences.of(manifest, draft, check) if heard else ()
    case = _Case(check, result.diagnosis, manifest, draft, differs=bool(differing))
    own = tuple(_own(case))
    near = {finding.place for finding in own}
    ranked = sorted(differing, key=lambda finding: finding.place not in near)
    # A line that is only not applied needs no correction.
    applied = {finding.place for finding in differing}
    found = (*ranked, *(finding for finding in own if finding.place not in applied))
    return dataclasses.replace(result, findings=tuple(dict.fromkeys(found)))


_OURS: Final = frozenset(
    {"secret-unreadable", "incomplete-check", "no-browser", "not-loopback", "nobody-signed-in"}
)


@dataclass(frozen=True, slots=True)
class _Case:
    """A refusal with everything that helps to place it."""

    check: Check
    diagnosis: Diagnosis
    manifest: Manifest
    draft: Draft
    differs: bool

    @property
    def chain(self) -> Chain | None:
        if self.check.policy is None:
            return None
        return policy_lines.chain(
            self.check.policy, self.draft.build.wanted, self.draft.live.objects
        )

    @property
    def app(self) -> str:
        return self.check.application

    def line(self, path: str) -> Line:
        return lines.of(self.manifest, path)

    def finding(self, place: Place | None, remedy: str | None = None) -> Finding:
        diagnosis = self.diagnosis
        told = diagnosis.remedy if remedy is None else remedy
        return Finding(diagnosis.cause, diagnosis.message, told, place=place or self.check.place)

    def at(self, path: str, remedy: str | None = None) -> Finding:
        """Point at a path; where it is absent, at the entry that lacks it, and say so."""
        line = self.line(path)
        told = self.diagnosis.remedy if remedy is None else remedy
        if line.missing:
            lacking = ".".join(line.missing)
            told = f"{told} ({lacking} is absent here)" if told else f"add {lacking}"
        return self.finding(line.place, told)


def _own(case: _Case) -> Iterator[Finding]:
    """Yield what the manifest itself may have wrong."""
    diagnosis, chain = case.diagnosis, case.chain
    spot = _SPOTS.get(diagnosis.cause) if chain is not None else None
    if chain is not None and spot is not None:
        # The checks made before an upload know what goes wrong at sign-in.
        files = {document.file for document in chain.documents}
        yield from (f for f in case.manifest.findings if f.place and f.place.file in files)
    locate = _LOCATORS.get(diagnosis.cause)
    if locate is not None:
        yield from locate(case)
    elif chain is not None and spot is not None:
        yield case.finding(chain.find(spot))
    elif diagnosis.path == _FILES:
        yield (
            case.at(f"{case.check.path}.policy")
            if chain is None
            else case.finding(chain.find(Spot.POLICY))
        )
    elif diagnosis.path is None:
        yield case.finding(None)
    else:
        yield case.at(diagnosis.path)


def _consent(case: _Case) -> Iterator[Finding]:
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
    for name in lacking:
        entry = _entry_for(case, graph=asked[name])
        if entry is not None:
            yield case.at(f"{entry}.delegated", f"add {name}")
            return
    if not case.differs:
        yield case.at(path)


def _asked(case: _Case) -> Iterator[str]:
    """Yield the scopes that need consent; Entra's openid and the like come with any other."""
    for scope in case.check.scopes:
        protocol = scope in _PROTOCOL and case.check.policy is None
        if scope != case.check.client_id and not protocol:
            yield scope


def _is_graphs(scope: str) -> bool:
    return "/" not in scope or scope.startswith(_GRAPH)


def _consented(case: _Case) -> set[object]:
    path = f"{case.app}.permissions"
    entries = (f"{path}.{index}" for index in range(lines.count(case.manifest, path)))
    return {
        value
        for entry in entries
        if _consents(case, entry)
        for value, _ in lines.scalars(case.manifest, f"{entry}.delegated")
    }


def _consents(case: _Case, entry: str) -> bool:
    return case.line(f"{entry}.adminConsent").value is True


def _entry_for(case: _Case, *, graph: bool) -> str | None:
    """Return the path of the entry of `permissions` for Microsoft Graph, or for an API."""
    path = f"{case.app}.permissions"
    for index in range(lines.count(case.manifest, path)):
        resource = case.line(f"{path}.{index}.resource").value
        if (resource == shapes.MICROSOFT_GRAPH) is graph:
            return f"{path}.{index}"
    return None


def _scope(case: _Case) -> Iterator[Finding]:
    """The API's own scopes, where one of those asked for is not among them; else consent."""
    for key, asked in _apis(case):
        offered = {*lines.keys(case.manifest, f"applications.{key}.scopes")}
        for name in asked:
            if name not in offered:
                yield case.at(f"applications.{key}.scopes", f"add scope {name}")
                return
    for key, _ in _apis(case):
        if not lines.count(case.manifest, f"applications.{key}.identifierUris"):
            yield case.at(f"applications.{key}.identifierUris", "name the API as the scopes do")
            return
        yield case.at(
            f"applications.{key}.identifierUris", "begin the check's scopes with one of these"
        )
        return
    yield from _consent(case)


def _apis(case: _Case) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the manifest's applications that the client asks, with the scopes asked of them."""
    asked = tuple(
        scope.rpartition("/")[2]
        for scope in case.check.scopes
        if scope not in _PROTOCOL and scope != case.check.client_id
    )
    path = f"{case.app}.permissions"
    for index in range(lines.count(case.manifest, path)):
        resource = case.line(f"{path}.{index}.resource").value
        if isinstance(resource, str) and resource in lines.keys(case.manifest, "applications"):
            yield resource, asked


def _missing_scope(case: _Case) -> Iterator[Finding]:
    """A scope that came with no token: first whether the API has it, then consent."""
    for key, asked in _apis(case):
        offered = {*lines.keys(case.manifest, f"applications.{key}.scopes")}
        if name := next((each for each in asked if each not in offered), None):
            yield case.at(f"applications.{key}.scopes", f"add scope {name}")
            return
    yield from _consent(case)


def _key(case: _Case) -> Iterator[Finding]:
    """The key set that the service names, else where the policy names its keys."""
    message = case.diagnosis.message.casefold()
    for address, desired in case.draft.build.wanted.items():
        if address.kind == "policy_key" and address.key.casefold() in message:
            yield case.finding(desired.place)
            return
    if case.chain is not None:
        yield case.finding(case.chain.find(Spot.ISSUER))
    else:
        yield case.at("policyKeys")


def _framework(case: _Case) -> Iterator[Finding]:
    """The application that the service names by its id: ours, or one that the policy writes."""
    found = _GUID.search(case.diagnosis.message)
    for address, thing in case.draft.live.objects.items():
        desired = case.draft.build.wanted.get(address)
        ours = address.kind == "application" and desired is not None
        if ours and desired and found and thing.body.get("appId") == found.group():
            yield case.finding(desired.place)
            return
    mention = case.chain.mention(found.group()) if case.chain and found else None
    if mention is not None:
        yield case.finding(mention, "name the application of this tenant here")
    elif case.chain is not None and not case.line(lines.FRAMEWORK).missing:
        yield case.finding(case.chain.find(Spot.LOGIN))
    else:
        yield case.at(lines.FRAMEWORK)


def _internal(case: _Case) -> Iterator[Finding]:
    """An audience that B2C does not serve, else the journey that redeems refresh tokens."""
    path = f"{case.app}.signInAudience"
    if case.line(path).value != _PERSONAL and not case.line(case.app).missing:
        yield case.at(path, f"write signInAudience: {_PERSONAL}")
    if case.chain is not None:
        yield case.finding(case.chain.find(Spot.REFRESH))


def _credentials(case: _Case) -> Iterator[Finding]:
    """What was typed, and in a custom policy the profile that hands it on."""
    yield case.at(f"{case.check.path}.user")
    if case.chain is not None:
        yield case.finding(
            case.chain.find(Spot.LOGIN),
            "when the credentials are right, compare what this profile sends",
        )


def _grant(case: _Case) -> Iterator[Finding]:
    """A user flow of another type, else the check's flow."""
    flow = refusal.policy_path(case.check)
    if case.check.policy is not None and flow != _FILES and not case.line(flow).missing:
        yield case.at(f"{flow}.userFlowType", "write resourceOwner")
    yield case.at(f"{case.check.path}.flow")


def _secret(case: _Case) -> Iterator[Finding]:
    """Where the manifest stores a secret of its own, else what the check names."""
    path = case.diagnosis.path or f"{case.check.path}.secret"
    name = case.line(path).value
    store = f"{case.app}.secrets.{name}.store"
    stored = isinstance(name, str) and not case.line(store).missing
    yield case.at(store if stored else path)


def _claim(case: _Case) -> Iterator[Finding]:
    """Where the token's claim comes from, then what the check expects of it."""
    name = case.diagnosis.subject or ""
    expected = f"{case.check.path}.expect.{name}"
    if name == "scp":
        yield from _missing_scope(case)
    elif name == "ver":
        for key, _ in _apis(case):
            yield case.at(f"applications.{key}.api.requestedAccessTokenVersion")
    elif case.check.policy is None:
        yield case.at(f"{case.app}.optionalClaims")
    elif case.chain is None:
        flow = refusal.policy_path(case.check)
        yield case.at(f"{flow}.claims" if flow != _FILES else f"{case.check.path}.policy")
    elif name in _POLICY_CLAIMS:
        yield case.finding(case.chain.find(Spot.ISSUER))
    else:
        place, there = case.chain.claim(name)
        remedy = "correct what it puts out" if there else f"add an OutputClaim that is named {name}"
        yield case.finding(place, remedy)
    yield case.at(expected, "correct what the check expects, if the token is right")


_LOCATORS: Final[Mapping[str, Callable[[_Case], Iterator[Finding]]]] = MappingProxyType(
    {
        "consent-missing": _consent,
        "missing-scope": _missing_scope,
        "unknown-scope": _scope,
        "unknown-resource": _scope,
        "signing-key-missing": _key,
        "identity-experience-framework-broken": _framework,
        "internal-error": _internal,
        "wrong-credentials": _credentials,
        "grant-not-offered": _grant,
        "secret-unreadable": _secret,
        "missing-claim": _claim,
        "wrong-claim": _claim,
    }
)

_SPOTS: Final[Mapping[str, Spot]] = MappingProxyType(
    {
        "wrong-credentials": Spot.LOGIN,
        "internal-error": Spot.REFRESH,
        "page-instead-of-token": Spot.FIRST_STEP,
        "identity-experience-framework-broken": Spot.LOGIN,
        "no-user-journey": Spot.POLICY,
        "no-policy-claim": Spot.ISSUER,
        "wrong-policy": Spot.POLICY,
        "old-policy-version": Spot.OUTPUT_CLAIMS,
        "unknown-policy": Spot.POLICY,
        "no-id-token": Spot.ISSUER,
        "bad-token": Spot.ISSUER,
        "wrong-at-hash": Spot.ISSUER,
        "wrong-nonce": Spot.ISSUER,
        "other-subject": Spot.REFRESH,
        "refresh-token-expired": Spot.ISSUER,
    }
)
"""Cause -> where in a custom policy it lies."""
