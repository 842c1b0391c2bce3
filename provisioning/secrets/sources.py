"""Reads secret values that a manifest names by `fromEnv`, `fromFile` or `fromKeyVault`.

Must not let a value reach an error, a repr or a log: what leaves here is a `Secret`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from pydantic import SecretBytes

from provisioning.core.errors import SecretError
from provisioning.secrets import key_vault

Secret: TypeAlias = SecretBytes
"""Bytes behind a repr of asterisks; `get_secret_value()` is the only way in."""


async def read(
    source: Mapping[str, object],
    *,
    root: Path,
    env: Mapping[str, str],
    vaults: key_vault.Vaults | None = None,
) -> Secret:
    """Return the value that `{fromEnv: NAME}` and its siblings name.

    `root` is the folder that a relative `fromFile` starts from. `fromKeyVault` takes Key Vault's
    own secret identifier, `https://VAULT.vault.azure.net/secrets/NAME[/VERSION]`.
    Raises SecretError when there is nothing to read, naming the place and never the content.
    """
    match source:
        case {"fromEnv": str(name), **rest} if not rest:
            return _environment(name, env)
        case {"fromFile": str(name), **rest} if not rest:
            return await asyncio.to_thread(_file, root / name)
        case {"fromKeyVault": str(identifier), **rest} if not rest:
            if vaults is None:
                raise SecretError(
                    f"cannot read {identifier} here: this run has no access to Key Vault",
                    remedy="run against the tenant, or use fromEnv or fromFile",
                )
            return Secret((await vaults.read(identifier)).encode())
        case _:
            raise SecretError(
                f"no secret source with the keys {', '.join(sorted(source)) or '(none)'}",
                remedy="write exactly one of fromEnv, fromFile, fromKeyVault",
            )


def text(secret: Secret) -> str:
    """Decode a value as UTF-8 without the newline that editors put at a file's end."""
    try:
        return secret.get_secret_value().decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        # The original error quotes the bytes, so it must not become the cause.
        raise SecretError(
            "the secret is no UTF-8 text", remedy="store it as text, or use a key file's own kind"
        ) from None


def _environment(name: str, env: Mapping[str, str]) -> Secret:
    value = env.get(name, "")
    if not value:
        raise SecretError(
            f"the environment variable {name} is {'empty' if name in env else 'not set'}",
            remedy=f"export {name} before the run",
        )
    return Secret(value.encode("utf-8", "surrogateescape"))


def _file(path: Path) -> Secret:
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise SecretError(
            f"cannot read the secret file {path}: {problem.strerror}",
            remedy="check that the path is right, relative to the manifest's folder",
        ) from problem
    if not content:
        raise SecretError(f"the secret file {path} is empty", remedy="write the value into it")
    return Secret(content)
