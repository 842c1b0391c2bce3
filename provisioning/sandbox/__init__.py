"""An embedded stand-in for Microsoft Graph and its login hosts; imports nothing else of ours.

Every rule names its source. `G:` is microsoftgraph/microsoft-graph-docs-contrib (`v1` and `b` its
api-reference folders), `E:` MicrosoftDocs/entra-docs (docs/identity-platform), `CSDL` the schema
in microsoftgraph/msgraph-metadata, `DEVX` microsoftgraph/microsoft-graph-devx-content, `TF`
hashicorp/terraform-provider-azuread; `owner/repo#n` is an issue. What no source settles is
called unverified, and is a switch in `Options`.
"""

from provisioning.sandbox.box import Sandbox
from provisioning.sandbox.faults import Fault
from provisioning.sandbox.options import Options
from provisioning.sandbox.serve import serve
from provisioning.sandbox.store import Tenant
from provisioning.sandbox.wire import Seen

__all__ = ["Fault", "Options", "Sandbox", "Seen", "Tenant", "serve"]
