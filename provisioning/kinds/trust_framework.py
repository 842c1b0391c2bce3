"""What policies, key sets and user flows share on the wire: names, errors. Facts only.

Graph shows them under /beta alone: https://learn.microsoft.com/graph/api/resources/
trustframeworkpolicy, trustframeworkkeyset, b2cidentityuserflow. Codes are those of Azure AD B2C's
error list, which Graph passes on.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from provisioning.core.request import ErrorMatch, Version

BETA: Final[Version] = "beta"
LANE: Final = "trustframework"
"""Writes that go side by side until the service refuses that (AADB2C95053)."""
CUSTOM: Final = "B2C_1A_"
"""What the service puts before ids of policies and key sets."""
FLOW: Final = "B2C_1_"
"""What the service puts before ids of user flows."""

NOT_THERE: Final = (ErrorMatch(status=(400, 404), code="AADB2C90073"), ErrorMatch(status=(404,)))
"""`… cannot be found in the directory`; a missing key set is a 400, not a 404."""
KEY_SET_EXISTS: Final = ErrorMatch(status=(400, 409), code="AADB2C95028")
KEY_SET_NOT_CREATED: Final = ErrorMatch(status=(400, 404), code="AADB2C95052")
ATTRIBUTE_EXISTS: Final = ErrorMatch(status=(400, 409), code="AADB2C90074")
SERVICE_PROBLEM: Final = ErrorMatch(code="AADB2C90063")
"""`There is a problem with the service.`: what creating a ROPC user flow may end in
(microsoft-graph-docs#10820)."""


def with_prefix(name: str, prefix: str = CUSTOM) -> str:
    """Return a name as the service spells it, whether or not the manifest wrote the prefix."""
    bare = name[len(prefix) :] if name.casefold().startswith(prefix.casefold()) else name
    return f"{prefix}{bare}"


def without_prefix(name: str, prefix: str = CUSTOM) -> str:
    """Return a name as the service wants it in a create, where it adds the prefix itself."""
    return name.removeprefix(prefix)


def policy(policy_id: str) -> str:
    """Spell the path of a policy."""
    return f"/trustFramework/policies/{quote(policy_id, safe='')}"


def key_set(key_set_id: str) -> str:
    """Spell the path of a key set."""
    return f"/trustFramework/keySets/{quote(key_set_id, safe='')}"
