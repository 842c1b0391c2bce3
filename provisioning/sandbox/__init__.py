"""An embedded stand-in for Microsoft Graph and its login hosts; imports nothing else of ours."""

from provisioning.sandbox.box import Sandbox
from provisioning.sandbox.faults import Fault
from provisioning.sandbox.options import Options
from provisioning.sandbox.serve import serve
from provisioning.sandbox.store import Tenant
from provisioning.sandbox.wire import Seen

__all__ = ["Fault", "Options", "Sandbox", "Seen", "Tenant", "serve"]
