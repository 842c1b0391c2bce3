"""Check: a sign-in that proves the tenant. Only declared here: no object, no read, no step.

Its settings hold references to what it signs in with; the command line resolves them.
"""

from __future__ import annotations

from provisioning.core.kind import Kind
from provisioning.kinds.sections import checks as section

KIND = Kind(name="check", sections=section.SECTIONS, desire=section.desire, lookup=True)
