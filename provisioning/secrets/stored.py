"""Reads back what a dotenv sink keeps, for sign-in checks alone.

Must not let a value reach an error, a repr or a log.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from provisioning.core.errors import SecretError
from provisioning.secrets import dotenv, private_file


async def read(path: Path, name: str) -> str:
    """Return the value of `name` in the dotenv file at `path`; raises SecretError without one."""
    text = await asyncio.to_thread(private_file.read, path)
    value = dotenv.values(text or "").get(name)
    if not value:
        raise SecretError(
            f"{path.name} holds no {name}", remedy="verify where the secret was stored"
        )
    return value
