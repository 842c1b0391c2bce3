"""`checks:`: sign-ins that prove the tenant, by name. Secret values are only named.

Must not ask for a token; the command line does, with what `desire` yields.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, TypeAlias

from pydantic import Field

from provisioning.core.kind import Section, Source
from provisioning.core.model import Address, Desired, Ref, TenantType, Value
from provisioning.kinds import trust_framework
from provisioning.kinds.sections import references, shapes
from provisioning.kinds.sections.secret_source import SecretSource
from provisioning.kinds.sections.shapes import Items, Key, Shape, Text

_SECTION: Final = "checks"
_POLICY_ID: Final = re.compile(rb"\sPolicyId\s*=\s*[\"']([^\"'{}]+)[\"']")
Claim: TypeAlias = bool | int | float | str | tuple[Text, ...] | None


class User(Shape):
    """Who signs in."""

    name: Text | SecretSource = Field(description="User name, or where it comes from.")
    password: SecretSource = Field(description="Where the password comes from.")


class Check(Shape):
    """One sign-in and what its tokens must say."""

    flow: Literal["ropc", "code", "client_credentials"] = Field(
        description="How to sign in: user name and password, a browser, or the application itself."
    )
    application: Text = Field(description="Key of the application that signs in.")
    policy: Text | None = Field(
        default=None,
        description="Custom policy or user flow, with or without B2C_1A_ or B2C_1_; "
        "without it Microsoft Entra ID is asked.",
    )
    scopes: Items[Text] = Field(
        default=None, description="Scopes to ask for; a policy also gets the client id."
    )
    user: User | None = Field(
        default=None, description="Who signs in; flow code without it opens a browser."
    )
    refresh: bool | None = Field(
        default=None, description="Also redeem the refresh token; needs offline_access."
    )
    resource: Text | None = Field(
        default=None,
        description="Ask the v1 endpoint for this API: a key of applications, an appId or a URI.",
    )
    redirect_uri: Text | None = Field(
        default=None, description="Flow code: a redirect URI that the application registers."
    )
    secret: Text | SecretSource | None = Field(
        default=None,
        description="Client secret: a key of the application's secrets, or its source.",
    )
    expect: dict[Text, Claim] | None = Field(
        default=None, description="Claims and their values; null means that it must not be there."
    )


SECTIONS: Final = (
    Section(
        key=_SECTION,
        annotation=dict[Key, Check] | None,
        description="Sign-ins that prove that the tenant works, by name.",
    ),
)


def desire(source: Source) -> Iterable[Desired]:
    """Yield `check.NAME` for every entry; its settings are `clientId`, `flow` and so on."""
    for name, entry in source.entries(_SECTION).items():
        path = (_SECTION, name)
        for message, remedy, key, missed in _contradictions(entry):
            if not missed or not source.doubtful(*path, missed):
                source.fault("check", message, remedy, *path, *((key,) if key else ()))
        target = references.require(
            source,
            entry.application,
            ("application", "framework", "existingApplication", "appId"),
            *path,
            "application",
        )
        if target is None:
            continue
        settings: dict[str, Value] = {
            "flow": entry.flow,
            "application": f"applications.{entry.application}",
            "clientId": target.app_id,
            "scopes": [*(entry.scopes or ())],
            "audiences": [*_audiences(source, entry)],
            "refresh": entry.refresh is True,
            "expect": shapes.dump(entry.expect or {}),
            "user": _user(entry),
            "policy": _policy(source, entry, *path),
            "resource": _resource(source, entry),
            "redirectUri": entry.redirect_uri,
            "secret": _secret(source, entry, *path),
        }
        yield Desired(
            address=Address("check", name),
            body={},
            place=source.place(*path),
            settings={key: value for key, value in settings.items() if value is not None},
        )


def _contradictions(entry: Any) -> Iterator[tuple[str, str, str, str]]:
    """Yield (what is wrong, what to write, the key it stands at, the key that is missed)."""
    flow = entry.flow
    if flow == "ropc" and entry.user is None:
        said = "flow ropc signs a user in, and none is named"
        yield said, "add user: {name: …, password: …}", "", "user"
    if flow == "client_credentials" and entry.user is not None:
        yield "flow client_credentials signs no user in", "delete user", "user", ""
    if flow == "client_credentials" and entry.secret is None:
        yield "flow client_credentials needs a client secret", "add secret:", "", "secret"
    if flow == "client_credentials" and entry.refresh:
        yield "flow client_credentials brings no refresh token", "delete refresh", "refresh", ""
    if flow == "code" and entry.redirect_uri is None:
        said = "flow code needs a redirect URI"
        yield said, "add redirectUri: as the application has it", "", "redirectUri"
    if flow != "code" and entry.redirect_uri is not None:
        yield f"flow {flow} uses no redirect URI", "delete redirectUri", "redirectUri", ""
    if entry.policy is not None and entry.resource is not None:
        yield (
            "a policy has no v1 endpoint",
            "delete resource, and write the API's scopes instead",
            "resource",
            "",
        )
    asked = entry.scopes or ()
    if flow != "client_credentials" and entry.refresh and "offline_access" not in asked:
        yield (
            "without offline_access there is no refresh token",
            "add offline_access to scopes",
            "refresh",
            "scopes",
        )


def _user(entry: Any) -> Value:
    if entry.user is None:
        return None
    name = entry.user.name
    return {
        "name": name if isinstance(name, str) else name.setting(),
        "password": entry.user.password.setting(),
    }


def _resource(source: Source, entry: Any) -> Value:
    if entry.resource is None:
        return None
    target = references.resolve(source, entry.resource)
    if target is None or target.sort in {"group", "user"}:
        return str(entry.resource)
    return target.app_id


def _audiences(source: Source, entry: Any) -> Iterator[Value]:
    """Yield the appIds of this manifest's APIs whose scopes are asked for."""
    asked = (*(entry.scopes or ()), f"{entry.resource or ''}/")
    for key, application in source.entries("applications").items():
        stems = (
            *shapes.items(application, "identifierUris"),
            f"${{application.{key}.appId}}",
            f"api://${{application.{key}.appId}}",
        )
        if any(scope.startswith(f"{stem.rstrip('/')}/") for scope in asked for stem in stems):
            yield Ref(Address("application", key), "appId")


def _secret(source: Source, entry: Any, *path: str | int) -> Value:
    """Return `{fromEnv: …}` and the like, or `{stored: STORE}` for a secret of the manifest."""
    if entry.secret is None:
        return None
    if not isinstance(entry.secret, str):
        setting: Value = entry.secret.setting()
        return setting
    application = source.entries("applications").get(entry.application)
    known = {} if application is None else shapes.entries(application, "secrets")
    if entry.secret not in known and source.doubtful("applications", entry.application):
        return None
    if entry.secret not in known:
        source.fault(
            "unknown-reference",
            f"{entry.secret!r} is no key of the application's secrets",
            references.suggest(entry.secret, known, "declare it there, or write {fromEnv: NAME}"),
            *path,
            "secret",
        )
        return None
    store = known[entry.secret].store
    if store.github_secret is not None:
        source.fault(
            "secret-not-readable",
            f"{entry.secret!r} goes to GitHub, which gives no secret back",
            "write {fromEnv: NAME} and hand the job the secret in that variable",
            *path,
            "secret",
        )
        return None
    return {"stored": store.setting()}


def _policy(source: Source, entry: Any, *path: str | int) -> str | None:
    """Return the id of the check's policy, with its prefix; reports one that nobody declares.

    It may live in the tenant, so only a name that looks misspelt is an error. Nothing is said where
    the manifest declares no policies, or gets some from overlays.
    """
    if entry.policy is None:
        return None
    written = str(entry.policy)
    where = (*path, "policy")
    if source.tenant.type is not TenantType.B2C:
        source.fault(
            "not-in-this-tenant",
            f"a tenant of type {source.tenant.type} has no policies",
            "delete policy, or correct tenant.type",
            *where,
        )
        return None
    flows = [
        trust_framework.with_prefix(name, trust_framework.FLOW)
        for name in source.entries("userFlows")
    ]
    custom = [*_custom(source)]
    folded = {each.casefold(): each for each in (*custom, *flows)}
    for prefix in ("", trust_framework.CUSTOM, trust_framework.FLOW):
        found = folded.get(f"{prefix}{written}".casefold())
        if found is not None:
            return found
    if folded and not _open_ended(source):
        otherwise = f"write one of {', '.join(folded.values())}, if it is not in the tenant"
        remedy = references.suggest(written, folded.values(), otherwise)
        source.fault(
            "unknown-reference",
            f"{written!r} is no policy or user flow of this manifest",
            remedy,
            *where,
            warning=remedy == otherwise,
        )
    prefixes = (trust_framework.CUSTOM.casefold(), trust_framework.FLOW.casefold())
    bare = not written.casefold().startswith(prefixes)
    return trust_framework.with_prefix(written) if bare else written


def _custom(source: Source) -> Iterator[str]:
    """Yield the ids of the policy files, read by their root element alone: building is dear."""
    for entry in source.entries("customPolicies").values():
        for index, pattern in enumerate(entry.files):
            for _, content in source.files(pattern, "customPolicies", "files", index):
                found = _POLICY_ID.search(content)
                if found is not None:
                    yield trust_framework.with_prefix(found[1].decode("utf-8", "replace"))


def _open_ended(source: Source) -> bool:
    return (
        any(entry.overlays for entry in source.entries("customPolicies").values())
        or source.doubtful("customPolicies")
        or source.doubtful("userFlows")
    )
