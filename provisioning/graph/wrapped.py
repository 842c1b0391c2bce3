"""Credentials of our own around azure-identity's: in a thread, in one tenant, in plain words.

Must not show a secret in any text, and must not choose: that is for provisioning.graph.credentials.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Final, Protocol, Self

import jwt
from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError

from provisioning.graph import tokens
from provisioning.graph.clock import Clock

_OPAQUE_LIFETIME: Final = 3600.0
"""Seconds that a token of unknown expiry is taken to last; Graph tells otherwise by 401."""


class SynchronousCredential(Protocol):
    """What azure.identity's interactive credentials have in common."""

    def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
    ) -> AccessToken:
        """Sign in, blocking."""

    def close(self) -> None:
        """Close the connections."""


class Credential:
    """What every `AsyncTokenCredential` of ours has: it can be closed."""

    async def close(self) -> None:
        """Close the connections."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()


class _Around(Credential):
    def __init__(self, inner: AsyncTokenCredential) -> None:
        self._inner = inner

    async def close(self) -> None:
        await self._inner.close()


class Guarded(_Around):
    """Turns a failed sign-in into one sentence without secrets."""

    def __init__(
        self,
        inner: AsyncTokenCredential,
        secrets: tuple[str, ...],
        *,
        slow: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(inner)
        self._secrets = secrets
        self._slow = slow

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Sign in; raises ProvisioningError."""
        slow = None if self._slow is None else asyncio.ensure_future(self._slow())
        try:
            return await self._inner.get_token(*scopes, **options)
        except (AzureError, OSError, ValueError) as error:
            # A federated token file, for one, is read only now.
            raise tokens.failure(error, secrets=self._secrets) from None
        finally:
            if slow is not None:
                slow.cancel()


class InTenant(_Around):
    """Asks a credential that finds its own way for a token of one tenant."""

    def __init__(self, inner: AsyncTokenCredential, tenant_id: str | None) -> None:
        super().__init__(inner)
        self._tenant_id = tenant_id

    async def get_token(
        self, *scopes: str, tenant_id: str | None = None, **options: Any
    ) -> AccessToken:
        """Sign in."""
        return await self._inner.get_token(
            *scopes, tenant_id=tenant_id or self._tenant_id, **options
        )


class Threaded(Credential):
    """Runs a blocking sign-in beside the loop; an interrupted run does not wait for it."""

    def __init__(self, inner: SynchronousCredential) -> None:
        self._inner = inner

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Sign in; raises what the inner credential raises."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[AccessToken] = loop.create_future()

        def settle(token: AccessToken | None, error: BaseException | None) -> None:
            if answer.cancelled():
                return
            if token is None:
                answer.set_exception(error or RuntimeError("the sign-in gave no token"))
            else:
                answer.set_result(token)

        def wait() -> None:
            outcome: tuple[AccessToken | None, BaseException | None]
            try:
                outcome = (self._inner.get_token(*scopes, **options), None)
            except BaseException as error:  # noqa: BLE001 - carried to the loop, raised there
                outcome = (None, error)
            # The loop may have ended: then nobody waits for the answer any more.
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, *outcome)

        # A daemon, unlike the loop's executor: Ctrl-C must not wait until a device code expires.
        threading.Thread(target=wait, daemon=True, name="sign-in").start()
        return await answer

    async def close(self) -> None:
        """Close the connections."""
        self._inner.close()


class Given(Credential):
    """A token that was given: it lasts as long as it says and is never renewed."""

    def __init__(self, token: str, clock: Clock) -> None:
        self._token = token
        self._expires_on = _expiry(token)
        self._clock = clock

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return the token for whatever is asked."""
        del scopes, options
        otherwise = self._clock.now().timestamp() + _OPAQUE_LIFETIME
        return AccessToken(self._token, self._expires_on or int(otherwise))


def _expiry(token: str) -> int | None:
    try:
        expiry = jwt.decode(token, options={"verify_signature": False}).get("exp")
    except (jwt.InvalidTokenError, ValueError):
        return None
    return expiry if isinstance(expiry, int) else None
