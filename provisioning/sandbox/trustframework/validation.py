"""What the service finds wrong with an upload, in its words; must not store anything.

The file and its ancestors are looked at, never its children (azure-docs, "validate the policy").
Texts: azure-docs#30477 and #6559, custom-policy-starterpack#113; and the modules asked here.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence

from provisioning.sandbox import cpim, errors
from provisioning.sandbox.call import Call
from provisioning.sandbox.trustframework import (
    journey_rules,
    merged,
    profile_rules,
    reader,
    references,
    schema_check,
)


def check(call: Call, document: reader.Document) -> None:
    """Refuse a policy that the service would not take.

    Raises:
        GraphError: 400 with every text that was found, one behind the other. A later part is
            looked at only when the earlier ones are sound.
    """
    tenant = call.tenant.domain
    _refuse(call, document, _identity(call, document))
    _refuse(call, document, schema_check.errors_in(document, tenant))
    _refuse(call, document, _base(call, document))
    lineage = merged.lineage(
        document, lambda name: stored(call, name), call.options.max_policy_depth
    )
    _refuse(call, document, _depth(call, lineage))
    held = {each.id for each in cpim.view(call).select("keySets")}
    missing = [
        *references.missing_keys(lineage, tenant, held),
        *references.missing(lineage, tenant),
        *profile_rules.broken(lineage, tenant),
    ]
    _refuse(call, document, missing)
    _refuse(call, document, journey_rules.broken(lineage, tenant))


def refusal(call: Call, policy_id: str, texts: Sequence[str]) -> errors.GraphError:
    """The message as the service joins it: no separator, and often everything again."""
    head = (
        f"Validation failed: {len(texts)} validation error(s) found in policy "
        f'"{policy_id.upper()}" of tenant "{call.tenant.domain}".'
    )
    return cpim.refused(head + "".join(texts) * call.options.message_repeats)


def stored(call: Call, policy_id: str) -> reader.Document | None:
    """A policy of the tenant."""
    record = cpim.view(call).truth("policies", policy_id.casefold())
    return None if record is None else reader.read(base64.b64decode(record.body["_xml"]))


def _refuse(call: Call, document: reader.Document, found: Iterator[str] | Sequence[str]) -> None:
    texts = tuple(found)
    if texts:
        raise refusal(call, document.id, texts)


def _identity(call: Call, document: reader.Document) -> Iterator[str]:
    for tenant in (document.tenant, document.base_tenant):
        if tenant and tenant.lower() != call.tenant.domain:
            yield (
                f"TenantId in the policy xml '{tenant}' is not same as the one in login tenant "
                f"'{call.tenant.domain}'."
            )
    if document.id and not document.id.upper().startswith("B2C_1A_"):
        # The prefix is documented (trustframeworkpolicy), the wording is not.
        yield f"PolicyId '{document.id}' in the policy xml must start with 'B2C_1A_'."


def _base(call: Call, document: reader.Document) -> Iterator[str]:
    base = document.base
    if base is not None and stored(call, base) is None:
        yield (
            f"Policy with 'policyId': {base.upper()} cannot be found in the directory "
            f"'{call.tenant.id}'."
        )


def _depth(call: Call, lineage: merged.Lineage) -> Iterator[str]:
    """Service limits; the wording is unverified. A circle is endless."""
    if len(lineage.documents) > call.options.max_policy_depth:
        yield (
            f"The inheritance of policy '{lineage.policy.id.upper()}' is deeper than the limit of "
            f"{call.options.max_policy_depth}."
        )
