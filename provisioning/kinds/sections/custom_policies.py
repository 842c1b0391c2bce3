"""`customPolicies:`: trust-framework policies from the user's files, compiled and checked.

Files, settings and overlays in; one desired object per policy out, and every fault at its place
in the file that it comes from. What only the tenant knows is checked by the kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any, Final

from pydantic import Field

from provisioning.core.kind import Section, Source
from provisioning.core.model import Address, Desired, Finding, Ref, Template, TenantType, Value
from provisioning.kinds.sections import (
    identity_experience_framework,
    markless,
    policy_keys,
    references,
)
from provisioning.kinds.sections.shapes import Shape, Text
from provisioning.policies import appsettings, build, canonical, lint, overlays
from provisioning.policies import document as documents
from provisioning.policies.build import Policy, PolicySet
from provisioning.policies.document import NAMESPACE, Document
from provisioning.policies.overlays import Overlay
from provisioning.policies.settings import Settings, SettingValue

_SECTION: Final = "customPolicies"


class CustomPolicies(Shape):
    """Where the policies are and what is filled into them."""

    files: tuple[Text, ...] = Field(
        min_length=1, description="Policy files: names or patterns such as policies/*.xml."
    )
    settings: dict[Text, str | int | float | bool] | None = Field(
        default=None,
        description="Values of {Settings:Key}; ${application.KEY.appId} and the like may stand "
        "in them.",
    )
    appsettings: Text | None = Field(
        default=None,
        description="appsettings.json of the VS Code extension as it is, FILE or "
        "FILE#ENVIRONMENT; `settings` win over it.",
    )
    overlays: tuple[Text, ...] | None = Field(
        default=None,
        description="Changes to the whole set, in this order: built-in ones "
        f"({', '.join(overlays.built_in_names())}) or files of your own.",
    )


SECTIONS: Final = (
    Section(
        key=_SECTION,
        annotation=CustomPolicies | None,
        description="Custom (Identity Experience Framework) policies.",
    ),
)


def desire(source: Source) -> Iterable[Desired]:
    """Yield `custom_policy.POLICYID` for every policy of the built set."""
    for entry in source.entries(_SECTION).values():
        if source.tenant.type is not TenantType.B2C:
            source.fault(
                "not-in-this-tenant",
                f"a tenant of type {source.tenant.type} has no custom policies",
                "delete customPolicies, or correct tenant.type",
                _SECTION,
            )
            return
        built = None if _doubtful(source) else compile_set(source, entry)
        if built is None:
            return
        for finding in _findings(built):
            source.report(finding)
        for policy in built.policies:
            yield _desired(source, built, policy)


def _doubtful(source: Source) -> bool:
    """Whether settings, files or overlays may be missing: the built set would be another one."""
    return source.doubtful(_SECTION) or source.doubtful("identityExperienceFramework")


def compile_set(source: Source, entry: Any) -> PolicySet | None:
    """Read the files that an entry names and build the set; faults of the manifest are told.

    None without settings to build with: every placeholder would be a fault that is none.
    """
    settings = _settings(source, entry)
    if settings is None:
        return None
    return build.policy_set(
        tuple(_documents(source, entry)),
        settings=settings,
        tenant=source.tenant,
        apply=tuple(_overlays(source, entry)),
    )


def _findings(built: PolicySet) -> Iterable[Finding]:
    return dict.fromkeys((*built.findings, *lint.lint(built.documents)))


def _documents(source: Source, entry: Any) -> Iterator[Document]:
    seen: set[str] = set()
    for index, pattern in enumerate(entry.files):
        path = (_SECTION, "files", index)
        for name, content in source.files(pattern, *path):
            if name not in seen:
                seen.add(name)
                yield documents.parse(content, _file(source, name, *path))


def _settings(source: Source, entry: Any) -> Settings | None:
    values: dict[str, SettingValue] = {**identity_experience_framework.settings(source)}
    environment = _environment(source, entry)
    if environment is None and entry.appsettings is not None:
        return None
    values |= environment.values if environment is not None else {}
    for key, written in (entry.settings or {}).items():
        text = str(written).lower() if isinstance(written, bool) else str(written)
        values[key] = references.value(text)
    return Settings(
        tenant=source.tenant.domain,
        values=values,
        environment=environment.name if environment is not None else None,
        place=source.place(_SECTION, "settings"),
    )


def _environment(source: Source, entry: Any) -> appsettings.Environment | None:
    if entry.appsettings is None:
        return None
    path = (_SECTION, "appsettings")
    file, _, name = entry.appsettings.partition("#")
    content = source.file(file, *path)
    if content is None:
        return None
    try:
        return appsettings.read(content.decode("utf-8-sig"), name or None)
    except UnicodeDecodeError:
        source.fault("appsettings", f"{file} is not UTF-8", "save it as UTF-8", *path)
    except appsettings.AppSettingsError as problem:
        what, _, remedy = str(problem).partition(": ")
        source.fault("appsettings", f"{file}: {what}", remedy or "correct the file", *path)
    return None


def _overlays(source: Source, entry: Any) -> Iterator[Overlay]:
    for index, name in enumerate(entry.overlays or ()):
        path = (_SECTION, "overlays", index)
        built_in = overlays.built_in(name)
        if built_in is not None:
            yield built_in
        elif "." not in name and "/" not in name:
            known = overlays.built_in_names()
            source.fault(
                "unknown-overlay",
                f"there is no overlay {name!r}",
                references.suggest(name, known, f"write one of {', '.join(known)}, or a file"),
                *path,
            )
        else:
            content = source.file(name, *path)
            if content is not None:
                yield overlays.read(content, _file(source, name, *path))


def _file(source: Source, name: str, *path: str | int) -> str:
    """Name a file as the manifest's own places do, so that they can be opened."""
    return (PurePosixPath(source.place(*path).file).parent / name).as_posix()


def _desired(source: Source, built: PolicySet, policy: Policy) -> Desired:
    content = policy.content
    body: dict[str, Value] = {
        "id": policy.id,
        "content": content if isinstance(content, Template) else references.hold(content),
    }
    parent = built.tree.parents.get(policy.id.casefold())
    if parent is not None and parent in built.tree.documents:
        # An edge: the service checks a policy against its ancestors, so they go first.
        base = Address("custom_policy", built.tree.documents[parent].policy_id)
        body["base"] = Ref(base)
    if keys := [*_keys(source, policy.document)]:
        body["keys"] = keys
    return Desired(
        address=Address("custom_policy", policy.id),
        body=body,
        place=policy.document.place(),
        settings={
            "digest": canonical.digest(policy.document),
            "base": parent,
            "file": policy.document.file,
            "places": _places(policy.document),
            "stamp": _stamp(policy.document, built.digest),
        },
        parent=markless.ledger(source),
    )


def _stamp(document: Document, digest: str) -> Value:
    """Return `{claim, value}` where the relying party puts the set's digest into every token."""
    party = documents.child(document.root, "RelyingParty", "TechnicalProfile", "OutputClaims")
    for claim in () if party is None else documents.children(party):
        if claim.get("DefaultValue") == digest:
            name = claim.get("PartnerClaimType") or claim.get("ClaimTypeReferenceId", "")
            return {"claim": name, "value": digest}
    return None


def _keys(source: Source, document: Document) -> Iterator[Value]:
    """Yield references to the declared key sets that a policy names: they have to be there."""
    declared = {name.casefold(): name for name in policy_keys.declared(source)}
    named = {
        key.get("StorageReferenceId", "").casefold()
        for key in document.root.iter(f"{{{NAMESPACE}}}Key")
    }
    yield from (
        Ref(Address("policy_key", declared[name])) for name in sorted(named & set(declared))
    )


def _places(document: Document) -> str:
    """Write the place of every element, in document order, so that it outlives the tree.

    The text is `FILE|FILE…` on one line, then `file line column` of each element.
    """
    files: dict[str, int] = {}
    lines: list[str] = []
    for element in document.root.iter("*"):
        place = document.place(element)
        number = files.setdefault(place.file, len(files))
        lines.append(f"{number} {place.line} {place.column}")
    return "\n".join(["|".join(files), *lines])
