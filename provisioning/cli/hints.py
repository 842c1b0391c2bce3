"""What a way to sign in can never get for a manifest, said before anything is sent.

Must not refuse: what the token really holds decides that later.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from provisioning.cli.options import Auth
from provisioning.graph import auth
from provisioning.kinds import KINDS
from provisioning.manifest import Manifest


def before(wanted: Manifest, chosen: Auth | None) -> Iterator[str]:
    """Yield what is worth knowing before the sign-in."""
    needed = tuple(_needed(wanted))
    if chosen is not None and chosen is not Auth.DEFAULT:
        hint = auth.offline_hint(chosen.value, needed, env=os.environ)
    elif os.environ.get("AZURE_CLIENT_ID"):
        # An application's or an identity's own credentials come first in the default.
        hint = None
    else:
        hint = auth.offline_hint(Auth.AZURE_CLI.value, needed, env=os.environ)
        hint = hint and f"If the default sign-in finds only the Azure CLI: {hint}"
    if hint:
        yield hint


def _needed(wanted: Manifest) -> Iterator[str]:
    declared = {desired.address.kind for desired in wanted.desired}
    for kind in KINDS:
        if kind.name in declared:
            for permission in (*kind.read_permissions, *kind.write_permissions):
                yield permission.any_of[0]
