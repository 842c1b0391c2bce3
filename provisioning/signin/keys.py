"""Discovery documents and signing keys, read once per run and shared by its checks.

Must not judge a token. Sources: OpenID Connect Discovery 1.0, RFC 7517.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import jwt

from provisioning.core.model import Json
from provisioning.signin import causes, wire
from provisioning.signin.authority import Authority
from provisioning.signin.refusal import Cause, Refused
from provisioning.signin.wire import Session


@dataclass(frozen=True, slots=True)
class Metadata:
    """What we use of an OpenID configuration."""

    issuer: str
    jwks_uri: str


@dataclass(slots=True)
class Keys:
    """One run's cache. Failures are not kept, so that a later attempt asks again."""

    _metadata: dict[str, Metadata] = field(default_factory=dict)
    _sets: dict[str, Mapping[str, jwt.PyJWK]] = field(default_factory=dict)
    _locks: defaultdict[str, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )

    async def metadata(self, session: Session, authority: Authority, *, missing: Cause) -> Metadata:
        """Return an authority's issuer and key set address; raises Refused.

        The keys must be on the authority's own hosts: whoever serves them decides what is valid.
        """
        url = authority.discovery
        async with self._locks[url]:
            if url not in self._metadata:
                answer = wire.json_answer(await session.get(url), missing=missing)
                self._metadata[url] = _metadata(answer, authority)
            return self._metadata[url]

    async def prefetch(self, session: Session, authority: Authority, *, missing: Cause) -> Metadata:
        """Read the metadata and its keys ahead of the tokens; raises Refused."""
        metadata = await self.metadata(session, authority, missing=missing)
        await self._load(session, metadata.jwks_uri, than=None)
        return metadata

    async def find(self, session: Session, metadata: Metadata, key_id: str) -> jwt.PyJWK | None:
        """Return the key with that id, reading the set once more when it is not there.

        A key may have been rotated between discovery and validation. Raises Refused.
        """
        known = await self._load(session, metadata.jwks_uri, than=None)
        if key_id not in known:
            known = await self._load(session, metadata.jwks_uri, than=known)
        return known.get(key_id)

    async def _load(
        self, session: Session, url: str, *, than: Mapping[str, jwt.PyJWK] | None
    ) -> Mapping[str, jwt.PyJWK]:
        """Return the key set, read anew when the cached one is still the one given as `than`."""
        async with self._locks[url]:
            cached = self._sets.get(url)
            if cached is None or cached is than:
                cached = _signing_keys(
                    wire.json_answer(await session.get(url), missing=causes.NOT_FOUND)
                )
                self._sets[url] = cached
            return cached


def _metadata(answer: Mapping[str, Json], authority: Authority) -> Metadata:
    issuer, announced = answer.get("issuer"), answer.get("jwks_uri")
    if not isinstance(issuer, str) or not isinstance(announced, str):
        raise Refused(causes.UNREADABLE, "the OpenID configuration lacks issuer or jwks_uri")
    if authority.tenant_id is not None and authority.tenant_id.lower() not in issuer.lower():
        raise Refused(causes.WRONG_ISSUER, f"{issuer} is not tenant {authority.tenant_id}")
    try:
        jwks_uri = authority.keys(announced)
    except ValueError:
        raise Refused(causes.UNREADABLE, "its jwks_uri is no URL") from None
    if jwks_uri is None:
        raise Refused(causes.FOREIGN_REDIRECT, "the OpenID configuration's jwks_uri")
    return Metadata(issuer, jwks_uri)


def _signing_keys(answer: Mapping[str, Json]) -> Mapping[str, jwt.PyJWK]:
    listed = answer.get("keys")
    if not isinstance(listed, list):
        raise Refused(causes.UNREADABLE, "the key set has no keys")
    found: dict[str, jwt.PyJWK] = {}
    for each in listed:
        if not isinstance(each, dict) or each.get("kty") != "RSA" or each.get("use") == "enc":
            continue
        # What else it holds is not for verifying; a private exponent would make it sign.
        public = {name: each.get(name) for name in ("kty", "n", "e")}
        try:
            if not all(isinstance(value, str) for value in public.values()):
                raise jwt.InvalidKeyError
            found[str(each.get("kid"))] = jwt.PyJWK(public, algorithm="RS256")
        except (jwt.PyJWTError, ValueError):
            raise Refused(causes.UNREADABLE, "the key set holds a key that is none") from None
    return found
