"""Custom policy: one trust-framework policy of the Identity Experience Framework.

https://learn.microsoft.com/graph/api/resources/trustframeworkpolicy (beta). Declares the kind;
its functions are in the modules beside it, the XML is `provisioning.policies`' affair. Must not
send anything.
"""

from __future__ import annotations

from provisioning.core.kind import Kind
from provisioning.kinds import granted
from provisioning.kinds.custom_policy import compare, inherited, observe, requests
from provisioning.kinds.sections import custom_policies as section

KIND = Kind(
    name=observe.KIND,
    sections=section.SECTIONS,
    desire=section.desire,
    reads=observe.reads,
    match=observe.match,
    propose=compare.propose,
    requests=requests.requests,
    guards=inherited.guards,
    findings=inherited.findings,
    read_permissions=(granted.READ_POLICIES, granted.READ_APPLICATIONS),
    write_permissions=(granted.WRITE_POLICIES, granted.WRITE_APPLICATIONS),
    prunable=True,
)
