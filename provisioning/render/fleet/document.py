"""The fleet document: byte for byte what `render.json.document` would make of all of it at once.

Must not hold two tenants.
"""

from __future__ import annotations

import json as encoder
import textwrap
from collections.abc import Iterable, Iterator

from provisioning.core.fleet import FleetRun, TenantResult, run_to_json, tenant_to_json
from provisioning.render.json import document

_INDENT = "    "


def json(run: FleetRun, tenants: Iterable[TenantResult]) -> Iterator[str]:
    """Yield `{formatVersion, command, …, tenants: […]}`; an iterator of tenants will do."""
    yield document(run_to_json(run)).removesuffix("\n}\n") + ',\n  "tenants": ['
    before = "\n"
    for result in tenants:
        # No JSON string holds a raw newline, so every line of it is one of the layout.
        shown = encoder.dumps(tenant_to_json(result), indent=2)
        yield before + textwrap.indent(shown, _INDENT)
        before = ",\n"
    yield "]\n}\n" if before == "\n" else "\n  ]\n}\n"
