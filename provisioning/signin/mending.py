"""From a refusal to the lines that mend it: the tenant's difference first, then the manifest's own.

Pure; asks nobody. A difference explains a refusal best: the line is right and only not applied.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from provisioning.core.model import Finding, Severity
from provisioning.engine.reconcile import Draft
from provisioning.manifest import Manifest
from provisioning.signin import consents, differences, lines, policy_lines, refusal
from provisioning.signin.case import Case
from provisioning.signin.checks import Check, Result
from provisioning.signin.policy_lines import Spot

_PERSONAL: Final = "AzureADandPersonalMicrosoftAccount"
_POLICY_CLAIMS: Final = frozenset({"tfp", "acr"})
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_FILES: Final = "customPolicies.files"
_HARMLESS: Final = frozenset({"reference-case"})
"""Warnings of policies that a sign-in survives: Microsoft's own packs have them."""


def mended(result: Result, check: Check, manifest: Manifest, draft: Draft) -> Result:
    """Return a failed result with its findings; a passed one as it is."""
    if result.diagnosis is None:
        return result
    # Where we lack what it takes to ask, the tenant has not been heard.
    heard = result.diagnosis.cause not in _OURS
    differing = differences.of(manifest, draft, check) if heard else ()
    chain = None
    if check.policy is not None:
        chain = policy_lines.chain(check.policy, draft.build.wanted, draft.live.objects)
    case = Case(check, result.diagnosis, manifest, draft, chain, differs=bool(differing))
    own = tuple(_own(case))
    near = {finding.place for finding in own}
    ranked = sorted(differing, key=lambda finding: finding.place not in near)
    # A line that is only not applied needs no correction.
    applied = {finding.place for finding in differing}
    found = (*ranked, *(finding for finding in own if finding.place not in applied))
    findings = tuple(dict.fromkeys(found)) or (case.finding(check.place),)
    return dataclasses.replace(result, findings=findings)


_OURS: Final = frozenset(
    {"secret-unreadable", "incomplete-check", "no-browser", "not-loopback", "nobody-signed-in"}
)


def _own(case: Case) -> Iterator[Finding]:
    """Yield what the manifest itself may have wrong."""
    diagnosis, chain = case.diagnosis, case.chain
    spot = _SPOTS.get(diagnosis.cause) if chain is not None else None
    if chain is not None and spot is not None:
        # The checks made before an upload know what goes wrong at sign-in.
        files = {document.file for document in chain.documents}
        for found in case.manifest.findings:
            warned = found.severity is Severity.WARNING and found.rule not in _HARMLESS
            if warned and found.place and found.place.file in files:
                yield found
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


def _key(case: Case) -> Iterator[Finding]:
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


def _framework(case: Case) -> Iterator[Finding]:
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


def _internal(case: Case) -> Iterator[Finding]:
    """An audience that B2C does not serve, else the journey that redeems refresh tokens."""
    path = f"{case.app}.signInAudience"
    if case.line(path).value != _PERSONAL and not case.line(case.app).missing:
        yield case.at(path, f"write signInAudience: {_PERSONAL}")
    if case.chain is not None:
        yield case.finding(case.chain.find(Spot.REFRESH))
    elif (flow := refusal.policy_path(case.check)) != _FILES:
        yield case.at(flow)


def _credentials(case: Case) -> Iterator[Finding]:
    """What was typed, and in a custom policy the profile that hands it on."""
    yield case.at(f"{case.check.path}.user")
    if case.chain is not None:
        yield case.finding(
            case.chain.find(Spot.LOGIN),
            "when the credentials are right, compare what this profile sends",
        )


def _grant(case: Case) -> Iterator[Finding]:
    """A user flow of another type, else the check's flow."""
    flow = refusal.policy_path(case.check)
    if case.check.policy is not None and flow != _FILES and not case.line(flow).missing:
        yield case.at(f"{flow}.userFlowType", "write resourceOwner")
    yield case.at(f"{case.check.path}.flow")


def _secret(case: Case) -> Iterator[Finding]:
    """Where the manifest stores a secret of its own, else what the check names."""
    path = case.diagnosis.path or f"{case.check.path}.secret"
    name = case.line(path).value
    store = f"{case.app}.secrets.{name}.store"
    stored = isinstance(name, str) and not case.line(store).missing
    yield case.at(store if stored else path)


def _claim(case: Case) -> Iterator[Finding]:
    """Where the token's claim comes from, then what the check expects of it."""
    name = case.diagnosis.subject or ""
    expected = f"{case.check.path}.expect.{name}"
    if name in {"scp", "roles"}:
        yield from consents.missing_scope(case)
    elif name == "ver":
        for key, _ in consents.apis(case):
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


_LOCATORS: Final[Mapping[str, Callable[[Case], Iterator[Finding]]]] = MappingProxyType(
    {
        "consent-missing": consents.consent,
        "missing-scope": consents.missing_scope,
        "unknown-scope": consents.exposed,
        "unknown-resource": consents.exposed,
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
