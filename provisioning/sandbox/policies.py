"""Custom policies: list, get, upload, delete; must not judge what a policy says.

Sources: G:b/api/trustframework-{list,post}-trustframeworkpolicies.md,
G:b/api/trustframeworkpolicy-{get,update,delete}.md; VSC for statuses.
"""

from __future__ import annotations

import base64

from provisioning.sandbox import cpim, errors, policy_spellings, side
from provisioning.sandbox.call import Answer, Call, Json
from provisioning.sandbox.store import Record
from provisioning.sandbox.trustframework import reader, validation

STORED = "policies"
_PLACE = "trustFramework/policies"
_XML = "application/xml"
_UPLOADS, _STRANGE = "policy-uploads", "policy-unauthenticated"


def list_all(call: Call) -> Answer:
    """GET /trustFramework/policies: ids only."""
    items = [{"id": each.body["id"]} for each in cpim.view(call).select(STORED)]
    return cpim.listing(call, _PLACE, items)


def get(call: Call, key: str) -> Answer:
    """GET /trustFramework/policies/{id}: the id, in any case, as it was written."""
    return cpim.entity(call, _PLACE, {"id": _visible(call, key).body["id"]})


def get_value(call: Call, key: str) -> Answer:
    """GET /trustFramework/policies/{id}/$value: the XML."""
    return _shown(call, _visible(call, key).body, 200)


def create(call: Call) -> Answer:
    """POST /trustFramework/policies: 201 with the XML and a relative Location."""
    document = _uploaded(call)
    if cpim.view(call).truth(STORED, document.id.casefold()) is not None:
        # That it is refused is plausible, its wording unverified.
        raise cpim.refused(
            f"Policy with 'policyId': {document.id} already exists in the directory "
            f"'{call.tenant.id}'.",
            status=409,
        )
    return _stored(call, document, 201)


def put_value(call: Call, key: str) -> Answer:
    """PUT /trustFramework/policies/{id}/$value: 201 when new, else 200; answers the XML."""
    document = _uploaded(call)
    name = cpim.plain(key)
    mismatch = document.id and document.id.casefold() != name.casefold()
    if mismatch and call.options.policy_id_mismatch == "refuse":
        text = (
            f"PolicyId in the policy xml '{document.id}' is not same as the one in the request "
            f"'{name}'."
        )
        raise validation.refusal(call, document.id, [text])
    known = cpim.view(call).truth(STORED, document.id.casefold())
    return _stored(call, document, 201 if known is None else call.options.policy_put_status)


def put_without_value(_: Call, __: str) -> Answer:
    """PUT /trustFramework/policies/{id}: never (B2CERR)."""
    raise cpim.refused(
        "Put operation not supported for this entity on this uri. Please append '$value' to the "
        "request uri and send the request again.",
        code="AADB2C99009",
    )


def delete(call: Call, key: str) -> Answer:
    """DELETE /trustFramework/policies/{id}: 204."""
    _hold_back(call)
    record = _visible(call, key)
    children = call.store.find(call.tenant.id, STORED, "_base", record.id)
    if children and call.options.policy_delete_with_children == "refuse":
        raise cpim.refused(
            f"Policy '{record.body['id']}' cannot be deleted because it is the base policy of "
            f"'{children[0].body['id']}'."
        )
    cpim.view(call).remove(STORED, record.id)
    return Answer(204)


def content(body: Json) -> bytes:
    """The bytes that were uploaded."""
    return base64.b64decode(body["_xml"])


def stored(document: reader.Document, data: bytes) -> Json:
    """A policy as the database keeps it."""
    base = document.base
    return {
        "id": document.id,
        "_base": None if base is None else base.casefold(),
        "_xml": base64.b64encode(data).decode(),
    }


def _visible(call: Call, key: str) -> Record:
    name = cpim.plain(key)
    record = cpim.view(call).get(STORED, name.casefold())
    if record is None:
        raise cpim.not_found(
            call, "Policy", name, key="policyId", status=call.options.missing_policy_status
        )
    return record


def _uploaded(call: Call) -> reader.Document:
    _hold_back(call)
    if call.content is None:
        raise reader.not_xml()
    limit = call.options.max_policy_kilobytes
    if len(call.content) > limit * 1024:
        # The limit is documented, its wording is not.
        raise cpim.refused(f"The uploaded policy is larger than the limit of {limit} KB.")
    return reader.read(call.content)


def _hold_back(call: Call) -> None:
    if call.overlapping and call.options.concurrent_policy_writes == "refuse":
        raise concurrent(call)
    if call.count_down(_STRANGE):
        raise errors.GraphError(401, "Unauthenticated", "Unauthenticated")


def concurrent(call: Call) -> errors.GraphError:
    """AADB2C95053 (B2CERR)."""
    return cpim.refused(
        "Multiple concurrent writes to the same object detected. Please perform update operations "
        "on the same object sequentially.",
        code="AADB2C95053",
        status=call.options.concurrent_policy_status,
    )


def _stored(call: Call, document: reader.Document, status: int) -> Answer:
    assert call.content is not None
    validation.check(call, document)
    identity = document.id.casefold()
    view = cpim.view(call)
    if view.truth(STORED, identity) is None:
        check_room(call)
    body = stored(document, call.content)
    view.put(STORED, identity, body)
    _count(call)
    answer = _shown(call, body, status)
    location = {"Location": f"/{_PLACE}/{document.id}/"} if status == 201 else {}
    return Answer(status, None, {**answer.headers, **location}, answer.content)


def check_room(call: Call) -> None:
    """Refuse one more policy or user flow than a tenant may hold (service limits).

    Raises:
        GraphError: 400, wording unverified.
    """
    view = cpim.view(call)
    held = sum(1 for kind in (STORED, "b2cUserFlows") for _ in view.select(kind))
    if held >= call.options.max_policies:
        raise cpim.refused(
            f"The number of policies in the directory '{call.tenant.id}' has reached the limit of "
            f"{call.options.max_policies}."
        )


def _count(call: Call) -> None:
    if call.options.unauthenticated_after <= 0:
        return
    uploads = side.counter(call.store, call.tenant.id, _UPLOADS) + 1
    if uploads >= call.options.unauthenticated_after:
        side.set_counter(call.store, call.tenant.id, _STRANGE, 1)
        uploads = 0
    side.set_counter(call.store, call.tenant.id, _UPLOADS, uploads)


def _shown(call: Call, body: Json, status: int) -> Answer:
    spelled = policy_spellings.spelled(content(body), call.options.get_policy, call.tenant.id)
    return Answer(status, None, {"Content-Type": _XML}, spelled)
