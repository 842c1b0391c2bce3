"""Point a policy at the tenant it is uploaded to. Must not add what the file does not have.

The service refuses a policy whose TenantId is not the signed-in tenant's; files copied from a
starter pack or from another environment carry somebody else's.
"""

from __future__ import annotations

import re

from provisioning.core.model import Tenant
from provisioning.policies import document as documents
from provisioning.policies.document import Document


def set_tenant(document: Document, tenant: Tenant) -> Document:
    """Return the document for `tenant`: TenantId, BasePolicy's TenantId and PublicPolicyUri.

    PublicPolicyUri keeps its form, only the former tenant's name in it is replaced; a missing one
    is left to lint. TenantObjectId is set where the file has one and the tenant's id is known.
    The document itself comes back when it is right already.
    """
    base = documents.child(document.root, "BasePolicy", "TenantId")
    uri = document.root.get("PublicPolicyUri")
    wanted = {"TenantId": tenant.domain}
    if uri is not None and document.tenant_id:
        former = re.compile(re.escape(document.tenant_id), re.IGNORECASE)
        wanted["PublicPolicyUri"] = former.sub(lambda _match: tenant.domain, uri)
    if tenant.id is not None and "TenantObjectId" in document.root.attrib:
        wanted["TenantObjectId"] = tenant.id
    settled = all(document.root.get(name) == value for name, value in wanted.items())
    if not document.sound or (settled and (base is None or documents.text(base) == tenant.domain)):
        return document
    copied = documents.copy(document)
    for name, value in wanted.items():
        copied.root.set(name, value)
    copied_base = documents.child(copied.root, "BasePolicy", "TenantId")
    if copied_base is not None:
        copied_base.text = tenant.domain
    return copied
