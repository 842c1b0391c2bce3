"""Application: an app registration, with scopes, roles, redirect URIs and asked permissions.

https://learn.microsoft.com/graph/api/resources/application. Declares the kind; its functions are
in the modules beside it. Must not send anything.
"""

from __future__ import annotations

from collections.abc import Iterable

from provisioning.core.kind import Kind, View
from provisioning.core.model import Finding
from provisioning.kinds import granted, permission_names, wire
from provisioning.kinds.application import adjust, fields, guards, identifier_uris, reads, requests
from provisioning.kinds.sections import application as section


def findings(view: View) -> Iterable[Finding]:
    """Report permissions that their resource does not know, and URIs of what has gone."""
    for desired in view.desired:
        yield from permission_names.unknown(view, desired)
    yield from identifier_uris.findings(view)


KIND = Kind(
    name="application",
    fields=fields.FIELDS,
    sections=section.SECTIONS,
    desire=section.desire,
    reads=reads.reads,
    match=reads.match,
    adjust=adjust.adjust,
    requests=requests.requests,
    guards=guards.guards,
    findings=findings,
    read_permissions=(granted.READ_APPLICATIONS,),
    write_permissions=(granted.WRITE_APPLICATIONS,),
    transient=wire.CONCURRENCY,
    prunable=True,
)
