"""Secret sinks of a manifest: which key ids are stored, and the place for a new value.

Must not return a value. A sink that is absent or unreadable is unknown, never lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from provisioning.core.errors import SecretError
from provisioning.core.model import Address, Finding, SinkState, Value
from provisioning.secrets import dotenv, github, key_vault, local


@dataclass(frozen=True, slots=True)
class KeyVault:
    """A secret in a vault; the key id is a tag of each version."""

    vault: str
    name: str


Sink: TypeAlias = "local.Dotenv | local.File | KeyVault | github.Place"


@dataclass(frozen=True, slots=True)
class Sinks:
    """Every sink that a manifest in `root` may name."""

    root: Path
    """The manifest's folder: relative paths start here."""
    ci: bool = False
    """On a CI runner a local file is lost with the machine, so it is refused."""
    vaults: key_vault.Vaults | None = None
    """None where no token for Key Vault can be had."""
    repositories: github.GitHub | None = None
    """None where no token for GitHub is given."""
    sandbox: bool = False
    """A rehearsal: it may write where no real value would be lost."""

    async def state(self, stores: Mapping[Address, Value]) -> Mapping[Address, SinkState]:
        """Return what each address's store setting tells; an unreadable sink is no error."""
        states = await asyncio.gather(*map(self._state, stores.values()))
        return dict(zip(stores, states, strict=True))

    async def store(self, address: Address, store: Value, key_id: str, value: str) -> None:
        """Put a new value in its place, with its key id. Raises SecretError."""
        if fault := self.check(store):
            raise SecretError(f"{address}: {fault.message}", remedy=fault.remedy)
        match self._sink(store):
            case KeyVault(vault, name) if self.vaults is not None:
                await self.vaults.write(vault, name, key_id=key_id, value=value)
            case github.Place() as place if self.repositories is not None:
                await self.repositories.write(place, key_id=key_id, value=value)
            case local.Dotenv() | local.File() as sink:
                await asyncio.to_thread(sink.write, key_id, value)

    def check(self, store: Value) -> Finding | None:
        """Say before the first write why a sink cannot be used."""
        match self._sink(store):
            case None:
                return _finding(
                    f"no secret sink: {store!r}",
                    "write {dotenv: PATH, name: NAME}, {file: PATH}, {keyVault: URL, name: NAME} "
                    "or {githubSecret: OWNER/REPOSITORY, name: NAME}",
                )
            case local.Dotenv(path) | local.File(path) if self.ci:
                return _finding(
                    f"{path.name} would be lost with this runner (CI is set)",
                    "store it with keyVault: or githubSecret:, "
                    "or apply from a machine that keeps its files",
                )
            case local.Dotenv(_, name) if not dotenv.NAME.fullmatch(name):
                return _finding(
                    f"{name!r} is no name for a dotenv line", "use letters, digits and _"
                )
            case KeyVault(vault, name):
                return self._check_vault(vault, name)
            case github.Place() as place:
                return self._check_repository(place)
            case local.Dotenv() | local.File() as sink if self.sandbox:
                return _rehearsal(sink)
            case _:
                return None

    def _check_vault(self, vault: str, name: str) -> Finding | None:
        if fault := key_vault.check(vault):
            return _finding(fault, "write https://NAME.vault.azure.net")
        if not key_vault.NAME.fullmatch(name):
            return _finding(
                f"{name!r} is no name for a Key Vault secret",
                "use 1 to 127 letters, digits and hyphens",
            )
        if not key_vault.installed():
            return _finding(
                "Key Vault needs the extra keyvault", "pip install 'provisioning[keyvault]'"
            )
        if self.vaults is None:
            return _finding(
                f"this run has no access to {vault}", "run against the tenant, not the sandbox"
            )
        return None

    def _check_repository(self, place: github.Place) -> Finding | None:
        if not github.REPOSITORY.fullmatch(place.repository):
            return _finding(f"{place.repository!r} is no repository", "write OWNER/REPOSITORY")
        if not github.NAME.fullmatch(place.name):
            return _finding(
                f"{place.name!r} is no name for a GitHub secret",
                "use capitals, digits and _, and begin with anything but a digit or GITHUB_",
            )
        if not github.installed():
            return _finding(
                "GitHub secrets need the extra github", "pip install 'provisioning[github]'"
            )
        if self.repositories is None:
            return _finding(
                f"this run has no access to {place.repository}",
                "run against the tenant, with a token in GH_TOKEN that may write Secrets and "
                "Variables there",
            )
        if fault := github.check(self.repositories.api):
            return _finding(fault, "mend GITHUB_API_URL")
        return None

    async def _state(self, store: Value) -> SinkState:
        try:
            match self._sink(store):
                case KeyVault(vault, name) if self.vaults is not None:
                    return await self.vaults.key_ids(vault, name)
                case github.Place() as place if self.repositories is not None:
                    return await self.repositories.key_ids(place)
                case local.Dotenv() | local.File() as sink:
                    return await asyncio.to_thread(sink.read)
                case _:
                    return local.UNKNOWN
        except SecretError:
            return local.UNKNOWN

    def _sink(self, store: Value) -> Sink | None:
        match store:
            case {"dotenv": str(path), "name": str(name), **rest} if not rest:
                return local.Dotenv(self.root / path, name, self.sandbox)
            case {"file": str(path), **rest} if not rest:
                return local.File(self.root / path, self.sandbox)
            case {"keyVault": str(vault), "name": str(name), **rest} if not rest:
                return KeyVault(vault, name)
            case {"githubSecret": str(repository), "name": str(name), **rest} if not rest:
                return github.Place(repository, name)
            case {
                "githubSecret": str(repository),
                "environment": str(environment),
                "name": str(name),
                **rest,
            } if not rest:
                return github.Place(repository, name, environment)
            case _:
                return None


def _rehearsal(sink: local.Dotenv | local.File) -> Finding | None:
    try:
        real = sink.holds_real_value()
    except SecretError as problem:
        return _finding(problem.message, problem.remedy)
    if not real:
        return None
    return _finding(
        f"{sink.path} holds a value that a run on the sandbox would overwrite",
        "rehearse on a copy of the manifest's folder, or move the file away",
    )


def _finding(message: str, remedy: str) -> Finding:
    return Finding(rule="secret-sink", message=message, remedy=remedy)
