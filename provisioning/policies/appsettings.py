"""Read the VS Code extension's `appsettings.json` as it is. Must not open it.

Its shape, as the extension's documentation has it: `{"Environments": [{"Name", "Production",
"Tenant", "PolicySettings": {KEY: VALUE}}]}`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Environment:
    """One entry of an `appsettings.json`."""

    name: str
    tenant: str
    production: bool
    values: Mapping[str, str]


class AppSettingsError(ValueError):
    """The text is no `appsettings.json`, or it lacks the environment."""


def read(text: str, name: str | None = None) -> Environment:
    """Read the environment `name` (ignoring case) of the VS Code extension's appsettings.json.

    Without a name the only environment is meant.

    Raises:
        AppSettingsError: no JSON of the right shape, no such environment, or several and no name.
    """
    try:
        content = json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        message = f"no JSON: {error.msg} at line {error.lineno} column {error.colno}"
        raise AppSettingsError(message) from None
    entries = content.get("Environments") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise AppSettingsError('no list "Environments": write {"Environments": [{"Name": …}]}')
    names = [str(entry.get("Name", "")) for entry in entries]
    if name is None and len(entries) != 1:
        message = f"{len(entries)} environments: append #NAME, one of {', '.join(names)}"
        raise AppSettingsError(message)
    wanted = names[0] if name is None else name
    for entry in entries:
        if str(entry.get("Name", "")).casefold() == wanted.casefold():
            return _environment(entry)
    message = f"no environment {wanted!r}: it has {', '.join(names) or 'none'}"
    raise AppSettingsError(message)


def _environment(entry: Mapping[str, object]) -> Environment:
    values = entry.get("PolicySettings", {})
    if not isinstance(values, dict):
        message = f'PolicySettings of {entry.get("Name")!r} is no object: write {{"Key": "value"}}'
        raise AppSettingsError(message)
    read: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, dict | list) or value is None:
            message = f"PolicySettings.{key} is no plain value: write text, a number or a boolean"
            raise AppSettingsError(message)
        read[key] = str(value).lower() if isinstance(value, bool) else str(value)
    production = entry.get("Production") is True
    return Environment(str(entry.get("Name", "")), str(entry.get("Tenant", "")), production, read)
