"""Tenants on the workers of a Dask cluster. Needs the extra `dask`, there and here.

The scheduler sees jobs and results, which are plain JSON, and no secret: workers sign in with
their own environment and files. It runs what it is sent with the rights of its workers, so a
cluster that more than loopback can reach should be one with TLS (`tls://`,
https://distributed.dask.org/en/stable/tls.html).

A job whose worker dies is carried out again by another one, at most as often as the scheduler's
`distributed.scheduler.allowed-failures` says. That is safe because every write can be repeated.
The function that does it is told, by an event of the job's name on the scheduler, whether an
earlier worker had begun it.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.util
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import provisioning
from provisioning.core import fleet
from provisioning.core.errors import ProvisioningError
from provisioning.core.fleet import TenantResult
from provisioning.tenants.executors import Job

if TYPE_CHECKING:
    from distributed import Client

CONNECT_SECONDS: Final = 10.0
RETRIES: Final = 1
"""How often a job is sent again that ended with an error of the worker's, not of the tenant's."""
_SETUP: Final = (
    "every worker needs this version of provisioning with the extra dask, and the inventory and "
    "manifests at the same paths"
)

_CONNECTED: Final = frozenset({"running", "connecting"})
_GONE: Final = "the connection to the Dask scheduler is lost"
_BACK: Final = "start the cluster again; then run it again, or --resume"


def installed() -> bool:
    """Whether the extra `dask` is there; imports nothing of it."""
    return importlib.util.find_spec("distributed") is not None


@dataclass(frozen=True, slots=True)
class Cluster:
    """A connected cluster; an `Executor`."""

    client: Client
    call: str
    """What carries out a job on a worker: `module:function`, from document to document."""

    async def result(self, job: Job) -> TenantResult:
        """Send a job to any worker and wait; see `Executor`."""
        if self.client.status not in _CONNECTED:
            # It would wait for ever.
            raise ProvisioningError(_GONE, remedy=_BACK)
        text = json.dumps(job.document)
        # Only new keys: an old one would be answered with what it came to then.
        key = f"{job.tenant}-{uuid.uuid4().hex}"
        future = self.client.submit(
            carry_out,
            self.call,
            provisioning.__version__,
            text,
            key,
            key=key,
            pure=False,
            retries=RETRIES,
        )
        try:
            return fleet.tenant_from_json(json.loads(await future))
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                await future.cancel()
            raise
        except Exception as problem:
            raise _lost(problem) from problem
        finally:
            await self._forget(key)

    async def _forget(self, key: str) -> None:
        """Remove the event of a job from the scheduler."""
        from distributed import Event

        with contextlib.suppress(Exception):
            await Event(key, client=self.client).clear()


@contextlib.asynccontextmanager
async def connect(
    address: str, call: str, *, seconds: float = CONNECT_SECONDS
) -> AsyncIterator[Cluster]:
    """Yield a cluster by its scheduler's address, such as `tcp://10.0.0.5:8786`.

    `call` names the function that workers import; it takes a document and whether the job was
    begun before, and returns a document. `seconds` is how long to wait.

    Raises ProvisioningError without the extra, and when no scheduler answers.
    """
    if not installed():
        raise ProvisioningError(
            "the Dask executor needs the extra dask",
            remedy="pip install 'provisioning[dask]', here and on the workers",
        )
    from distributed import Client

    try:
        client = await Client(address, asynchronous=True, set_as_default=False, timeout=seconds)
    except (OSError, ValueError, ImportError) as problem:
        raise ProvisioningError(
            f"no Dask scheduler answers at {address}",
            remedy="name a running one, such as --scheduler tcp://10.0.0.5:8786",
        ) from problem
    try:
        yield Cluster(client, call)
    finally:
        await client.close()


def carry_out(call: str, version: str, text: str, key: str) -> str:
    """Do a job: what a worker runs. Raises RuntimeError in another version than the sender's."""
    if version != provisioning.__version__:
        raise RuntimeError(f"provisioning {provisioning.__version__} here, {version} there")
    module, _, name = call.partition(":")
    function = getattr(importlib.import_module(module), name)
    return json.dumps(function(json.loads(text), _begun(key)))


def _begun(key: str) -> bool:
    """Tell whether a worker began the job before, and note that one does now."""
    from distributed import Event

    event = Event(key)
    before = bool(event.is_set())
    event.set()
    return before


def _lost(problem: Exception) -> ProvisioningError:
    from distributed.client import FutureCancelledError
    from distributed.scheduler import KilledWorker

    if isinstance(problem, FutureCancelledError):
        return ProvisioningError(
            f"{_GONE}; what a worker had sent may have been carried out", remedy=_BACK
        )
    if isinstance(problem, KilledWorker):
        return ProvisioningError(
            "every worker that took this tenant died with it",
            remedy="look at the workers' logs, memory first; then run it again",
        )
    told = str(problem).partition("\n")[0]
    return ProvisioningError(
        f"the job could not be carried out: {type(problem).__name__}: {told}", remedy=_SETUP
    )
