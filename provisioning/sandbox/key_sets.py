"""Policy key sets: create, fill, replace, read, delete; must not make keys itself.

Sources: G:b/api/trustframework-{list,post}-keysets.md, G:b/api/trustframeworkkeyset-*.md; IEF for
400 where another service says 404; microsoft-graph-docs#21475 for PUT.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from provisioning.sandbox import cpim, errors, key_material, key_uploads, odata, policies
from provisioning.sandbox.call import Answer, Call, Json
from provisioning.sandbox.key_material import Key
from provisioning.sandbox.store import Record

STORED = "keySets"
_PLACE = "trustFramework/keySets"
_PREFIX = "B2C_1A_"
_FIELD = "keySet"


def list_all(call: Call) -> Answer:
    """GET /trustFramework/keySets."""
    return cpim.listing(call, _PLACE, [each.body for each in cpim.view(call).select(STORED)])


def get(call: Call, key: str) -> Answer:
    """GET /trustFramework/keySets/{id}: 200, or 400 AADB2C90073."""
    return cpim.entity(call, _PLACE, _visible(call, key).body)


def create(call: Call) -> Answer:
    """POST /trustFramework/keySets {"id"}: 201; the id gets its prefix."""
    sent = cpim.sent(call, ("id", "keys"), _FIELD)
    name = sent.get("id")
    if not isinstance(name, str) or not name:
        raise cpim.invalid_field(_FIELD)
    name = prefixed(name)
    if cpim.view(call).truth(STORED, name.casefold()) is not None:
        raise cpim.refused(
            f"Can't create trustframework key set with name '{name}' because it already exists.",
            code="AADB2C95028",
        )
    if sent.get("keys") and call.options.inline_keys == "refuse":
        raise cpim.invalid_field(_FIELD)
    keys = _keys(call, sent.get("keys"))
    body = _put(call, name, keys)
    return cpim.entity(
        call, _PLACE, body, status=201, location=f"/trustFramework/keySets('{name}')"
    )


def replace(call: Call, key: str) -> Answer:
    """PUT /trustFramework/keySets/{id}: 200; all keys are new ones from then on."""
    record = _target(call, key)
    sent = cpim.sent(call, ("id", "keys"), _FIELD)
    keys = _keys(call, sent.get("keys"))
    return cpim.entity(call, _PLACE, _put(call, record.body["id"], keys))


def delete(call: Call, key: str) -> Answer:
    """DELETE /trustFramework/keySets/{id}: 204."""
    record = _visible(call, key)
    _hold_back(call)
    name = record.body["id"]
    if call.options.referenced_key_set_delete == "refuse" and _is_referenced(call, name):
        # Whether this is refused at all is unverified, and so is the wording.
        raise cpim.refused(f"The key set '{name}' is referenced by a policy.")
    view = cpim.view(call)
    view.remove(STORED, record.id)
    if call.options.key_set_backup and not name.endswith(".bak"):
        view.put(STORED, f"{record.id}.bak", {**record.body, "id": f"{name}.bak"})
    return Answer(204)


def generate_key(call: Call, key: str) -> Answer:
    """POST …/generateKey {"use", "kty", "nbf", "exp"}: 200 with the key, which is added."""
    record = _target(call, key)
    sent = cpim.sent(call, ("use", "kty", "nbf", "exp"), "key")
    return _added(call, record, key_material.generated(sent))


def upload_secret(call: Call, key: str) -> Answer:
    """POST …/uploadSecret {"use", "k", "nbf", "exp"}: 200; adds."""
    record = _target(call, key)
    sent = cpim.sent(call, ("use", "k", "nbf", "exp"), "key")
    answer = _added(call, record, key_material.secret(call, sent))
    if call.options.key_times == "text":
        times = {name: str(answer.body[name] or "") for name in ("nbf", "exp")}
        return Answer(200, {**answer.body, **times})
    return answer


def upload_certificate(call: Call, key: str) -> Answer:
    """POST …/uploadCertificate {"key"}: 200; adds."""
    record = _target(call, key)
    sent = cpim.sent(call, ("key",), "key")
    return _added(call, record, key_uploads.from_certificate(call, sent.get("key")))


def upload_pkcs12(call: Call, key: str) -> Answer:
    """POST …/uploadPkcs12 {"key", "password"}: 200; adds."""
    record = _target(call, key)
    sent = cpim.sent(call, ("key", "password"), "key")
    made = key_uploads.from_pkcs12(call, sent.get("key"), sent.get("password"))
    return _added(call, record, made)


def active_key(call: Call, key: str) -> Answer:
    """GET …/getActiveKey: the key activated last (G:b/api/trustframeworkkeyset-getactivekey.md)."""
    record = _visible(call, key)
    found = active(call, record.body)
    if found is None:
        raise cpim.refused(
            f"The key container in tenant '{call.tenant.domain}' with storage reference identifier "
            f"'{record.body['id']}' exists but does not contain a valid certificate. The "
            "certificate might be expired or your certificate might become active in the future "
            "(nbf).",
            code="AADB2C90220",
        )
    return _key_answer(call, found)


def active(call: Call, body: Mapping[str, Any]) -> Json | None:
    """The usable key that began last; of several the one added last."""
    usable = [each for each in body["keys"] if key_material.is_active(each, call.now)]
    return max(reversed(usable), key=lambda each: each["nbf"] or 0, default=None)


def single_key(call: Call, key: str, kid: str) -> Answer:
    """GET, PATCH, PUT, DELETE …/keys_v2/{kid}: one key, where the switch offers it.

    DEVX and the beta SDK list the four; what they do is unverified.
    """
    if not call.options.keys_v2:
        raise errors.unknown_segment("keys_v2")
    record = _visible(call, key) if call.method == "GET" else _target(call, key)
    position = next((n for n, each in enumerate(record.body["keys"]) if each["kid"] == kid), None)
    if position is None:
        raise cpim.not_found(call, "Key", kid)
    found = record.body["keys"][position]
    if call.method == "GET":
        return _key_answer(call, found)
    pairs = _pairs(record.body)
    if call.method == "DELETE":
        del pairs[position]
    else:
        pairs[position] = _changed(call, pairs[position])
    _put(call, record.body["id"], pairs)
    return Answer(204)


def prefixed(name: str) -> str:
    """The id with the prefix that every key set has."""
    return name if name.upper().startswith(_PREFIX) else _PREFIX + name


def body(name: str, keys: Iterable[Key]) -> Json:
    """A key set as the database keeps it: what nobody may read stands under `_private`."""
    made = list(keys)
    return {
        "id": name,
        "keys": [each.public for each in made],
        "_private": {each.public["kid"]: each.private for each in made},
    }


def _keys(call: Call, sent: object) -> list[Key]:
    items = sent or []
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        raise cpim.invalid_field(_FIELD)
    return [key_material.sent_in_full(call, each) for each in items]


def _visible(call: Call, key: str) -> Record:
    name = prefixed(cpim.plain(key))
    record = cpim.view(call).get(STORED, name.casefold())
    if record is None:
        raise cpim.not_found(call, "KeyContainer", name)
    return record


def _target(call: Call, key: str) -> Record:
    _hold_back(call)
    name = prefixed(cpim.plain(key))
    record = cpim.view(call).get(STORED, name.casefold())
    truth = cpim.view(call).truth(STORED, name.casefold())
    if record is None or truth is None:
        raise cpim.refused(
            f"The trustframework key set with id '{name}' in tenant '{call.tenant.domain}' is not "
            "created. Please use 'Create api' to create the key set first.",
            code="AADB2C95052",
        )
    return truth


def _hold_back(call: Call) -> None:
    if call.overlapping and call.options.concurrent_policy_writes == "refuse":
        raise policies.concurrent(call)


def _added(call: Call, record: Record, made: Key) -> Answer:
    _put(call, record.body["id"], [*_pairs(record.body), made], new=made)
    return _key_answer(call, made.public)


def _put(call: Call, name: str, keys: Iterable[Key], *, new: Key | None = None) -> Json:
    made = list(keys)
    for each in [new] if new else made:
        _check_expiry(call, name, each.public)
    for member, code, text in (
        ("kty", "AADB2C95032", "One can't mix RSA and Oct types in one key set."),
        ("use", "AADB2C95042", "One can't mix 'sig' and 'enc' keys in one key set."),
    ):
        if len({each.public[member] for each in made}) > 1:
            raise cpim.refused(text, code=code)
    result = body(name, made)
    cpim.view(call).put(STORED, name.casefold(), result)
    return result


def _check_expiry(call: Call, name: str, public: Mapping[str, Any]) -> None:
    if public["exp"] is not None and public["exp"] <= call.now.timestamp():
        raise cpim.refused(
            f"The expiry date for the key container in tenant '{call.tenant.domain}' with "
            f"storageReferenceId '{name}' is in the past. Passed date :'{public['exp']}'.",
            code="AADB2C90214",
        )


def _changed(call: Call, old: Key) -> Key:
    sent = cpim.sent(call, key_material.MEMBERS, "key")
    if call.method == "PUT":
        made = key_material.sent_in_full(call, {**sent, "kid": None})
        return Key({**made.public, "kid": old.public["kid"]}, made.private)
    changes = {name: sent[name] for name in ("status", "nbf", "exp") if name in sent}
    times = {n: key_material.moment(v) for n, v in changes.items() if n != "status"}
    if changes.get("status", "enabled") not in ("enabled", "disabled"):
        raise cpim.invalid_field("key")
    return Key({**old.public, **changes, **times}, old.private)


def _pairs(stored: Mapping[str, Any]) -> list[Key]:
    return [Key(each, stored["_private"].get(each["kid"], {})) for each in stored["keys"]]


def _is_referenced(call: Call, name: str) -> bool:
    wanted = f'"{name}"'.encode().lower()
    return any(
        wanted in base64.b64decode(each.body["_xml"]).lower()
        for each in cpim.view(call).select(policies.STORED)
    )


def _key_answer(call: Call, public: Json) -> Answer:
    context = {"@odata.context": odata.context(call, "microsoft.graph.trustFrameworkKey")}
    return Answer(200, context | public)
