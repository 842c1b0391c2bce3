"""One request to sign somebody in, as everything below the endpoints sees it; must not answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from provisioning.sandbox.signin.standing import Standing
from provisioning.sandbox.store import Record, Store, Tenant

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A request at a policy's endpoints.

    Attributes:
        standing: the tenant's objects in effect.
        root: scheme and host that were asked, such as https://contoso.b2clogin.com.
        policy_id: the policy's id as it is stored.
        parameters: form of the token request, or query of the authorize request.
        grant: what the presented refresh token holds; empty when none is redeemed.
        interactive: whether a page may be shown.
        client: the application that asks.
    """

    standing: Standing
    root: str
    policy_id: str
    parameters: Mapping[str, str]
    grant: Mapping[str, Any] = field(default_factory=dict)
    interactive: bool = False
    client: Record | None = None

    @property
    def tenant(self) -> Tenant:
        """The directory."""
        return self.standing.tenant

    @property
    def store(self) -> Store:
        """The database."""
        return self.standing.store

    @property
    def seconds(self) -> int:
        """Now, in seconds since 1970."""
        return int(self.standing.now.timestamp())


@dataclass(frozen=True, slots=True)
class Field:
    """One input of a page: the claim it fills, what it is called, whether it hides its text."""

    name: str
    label: str
    secret: bool = False
    value: str = ""
    required: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """What the user is asked, and what went wrong with the last answer."""

    title: str
    fields: tuple[Field, ...]
    problem: str = ""

    def again(self, problem: str, answers: Mapping[str, str]) -> Page:
        """The same page with what went wrong; what was typed stays, secrets do not."""
        fields = tuple(
            each if each.secret else replace(each, value=answers.get(each.name, each.value))
            for each in self.fields
        )
        return Page(self.title, fields, problem)


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """How a policy's tokens are made.

    Attributes:
        key_set: id of the signing key set; empty for Microsoft's own key (user flows).
        encryption_key_set: id of the key set of refresh tokens, or empty.
        issuer: the `iss` claim.
        policy_claim: `tfp`, `acr` or empty.
        numbers: whether expires_in and the like are JSON numbers.
        lifetimes: seconds of access token, ID token, refresh token, sliding window.
    """

    key_set: str
    encryption_key_set: str
    issuer: str
    policy_claim: str
    numbers: bool
    lifetimes: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a journey came to: the user, the claims for the tokens and all claims that it held."""

    object_id: str
    token_claims: Mapping[str, Any]
    claims: Mapping[str, Any]
    settings: TokenSettings
