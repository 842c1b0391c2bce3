"""Application claims of user flows: the portal's names and what tokens call them. Facts only.

Names of claims: learn.microsoft.com/azure/active-directory-b2c/tokens-overview and
user-profile-attributes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

_IN_TOKENS: Final = {
    "display name": "name",
    "given name": "given_name",
    "surname": "family_name",
    "email addresses": "emails",
    "identity provider": "idp",
    "city": "city",
    "country/region": "country",
    "job title": "jobTitle",
    "postal code": "postalCode",
    "state/province": "state",
    "street address": "streetAddress",
    "user is new": "newUser",
    "user's object id": "oid",
}


def in_token(name: str) -> str:
    """Return what a token calls a claim that the portal names so; an own attribute's otherwise."""
    return _IN_TOKENS.get(name.casefold(), f"extension_{name}")


def unseen(names: Iterable[str], claims: Collection[str]) -> tuple[str, ...]:
    """Return the names whose claims a token does not show."""
    return tuple(name for name in names if in_token(name) not in claims)
