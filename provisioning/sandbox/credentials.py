"""Passwords and certificates of applications and service principals; must not keep a secret.

Sources: G:v1/api/application-{addpassword,removepassword,update}.md.
"""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from provisioning.sandbox import application_rules, entity_sets, errors, keys, odata, schema, side
from provisioning.sandbox.call import Answer, Call, Json

_USAGES = {"Sign", "Verify", "Encrypt"}
_TYPES = {"AsymmetricX509Cert", "X509CertAndPassword", "Symmetric"}


def add_password(call: Call, collection: entity_sets.Collection, key: str) -> Answer:
    """POST …/addPassword: 200 with secretText, shown this once; the end is two years off."""
    record = keys.target(call, collection, key)
    call.require_owner(record.id)
    sent = (call.body or {}).get("passwordCredential") or {}
    schema.check(sent, "passwordCredential")
    hold_back(call, record.id, record.body)
    credential = _password(call, sent)
    body = record.body
    personal = application_rules.is_personal(body) and collection is entity_sets.APPLICATIONS
    if personal and len(body["passwordCredentials"]) >= 2:
        # The limit is documented (supported-accounts-validation), its wording is not.
        raise errors.bad_request(
            "The number of password credentials has exceeded the limit for applications that "
            "support personal Microsoft accounts."
        )
    secret = f"{secrets.token_hex(2)[:3]}8Q~{secrets.token_urlsafe(24)}"
    shown = {**credential, "secretText": secret, "hint": secret[:3]}
    body["passwordCredentials"].append({**credential, "hint": secret[:3]})
    call.view.put(collection.stored, record.id, body)
    side.keep_secret(call.store, call.tenant.id, credential["keyId"], secret)
    _written(call, record.id)
    return Answer(
        200, {"@odata.context": odata.context(call, "microsoft.graph.passwordCredential"), **shown}
    )


def remove_password(call: Call, collection: entity_sets.Collection, key: str) -> Answer:
    """POST …/removePassword: 204; the wording for an unknown keyId is unverified."""
    record = keys.target(call, collection, key)
    call.require_owner(record.id)
    key_id = str((call.body or {}).get("keyId") or "").lower()
    if not schema.is_guid(key_id):
        raise errors.invalid_value("keyId", "PasswordCredential")
    hold_back(call, record.id, record.body)
    body = record.body
    left = [each for each in body["passwordCredentials"] if each["keyId"] != key_id]
    if len(left) == len(body["passwordCredentials"]):
        raise errors.bad_request(f"No password credential found with keyId '{key_id}'.")
    call.view.put(collection.stored, record.id, {**body, "passwordCredentials": left})
    side.forget_secret(call.store, call.tenant.id, key_id)
    _written(call, record.id)
    return Answer(204)


def hold_back(call: Call, identity: str, body: Mapping[str, Any]) -> None:
    """Refuse a credential write that follows another too closely, or too many in a minute.

    Source: nais/azurerator#448.

    Raises:
        GraphError: 409 Directory_ConcurrencyViolation, 429.
    """
    throttle(call, body)
    if call.count_down(f"credential:{identity}"):
        raise errors.GraphError(
            call.options.concurrency_status,
            "Directory_ConcurrencyViolation",
            "Error due to concurrent requests being made to the tenant. Please wait briefly and "
            "retry.",
        )


def throttle(call: Call, body: Mapping[str, Any]) -> None:
    """Count a write against the personal-audience limit when that limit is switched on."""
    if call.options.throttle and application_rules.is_personal(body):
        call.throttle.admit(call.tenant.id, call.caller.app_id, call.now)


def merged_keys(call: Call, stored: list[Json], sent: list[Json]) -> list[Json]:
    """The keyCredentials after a PATCH or POST that sends the whole collection.

    An item with a known keyId and no key stays as it is (microsoft-graph-docs#3579); a changed
    one is refused (azure-powershell#6784). A new certificate fills what was left out.

    Raises:
        GraphError: 400.
    """
    known = {each["keyId"]: each for each in stored}
    result: list[Json] = []
    for item in sent:
        old = known.get((item.get("keyId") or "").lower())
        if old is None:
            result.append(_certificate(call, item))
        elif (item.get("key") is None and call.options.key_null_keeps) or _bytes(
            item.get("key")
        ) == _bytes(old["key"]):
            result.append(old)
        else:
            message = f"Update to existing credential with KeyId '{old['keyId']}' is not allowed."
            detail = errors.Detail("KeyNotUpdatable", message, "keyCredentials")
            raise errors.bad_request(message, detail)
    if len({each["keyId"] for each in result}) < len(result):
        raise errors.duplicate_value("keyCredentials")
    return result


def _password(call: Call, sent: Mapping[str, Any]) -> Json:
    start = _moment(sent.get("startDateTime")) or call.now
    try:
        two_years_on = start.replace(year=start.year + 2)
    except ValueError:
        two_years_on = start.replace(year=start.year + 2, day=28)
    end = _moment(sent.get("endDateTime")) or two_years_on
    if end <= start:
        raise errors.invalid_value("endDateTime", "PasswordCredential")
    return {
        "customKeyIdentifier": sent.get("customKeyIdentifier"),
        "displayName": sent.get("displayName"),
        "endDateTime": _text(end),
        "keyId": str(uuid.uuid4()),
        "startDateTime": _text(start),
        "secretText": None,
        "hint": None,
    }


def _certificate(call: Call, item: Mapping[str, Any]) -> Json:
    if item.get("usage") not in _USAGES:
        raise errors.bad_request(
            'The value for the property "usage" in one of your credentials is invalid. '
            "Acceptable values are Sign, Verify."
        )
    if item.get("type") not in _TYPES or not item.get("key"):
        raise errors.invalid_value("keyCredentials", "KeyCredential")
    start, end, name, thumbprint = call.now, call.now.replace(year=call.now.year + 1), None, None
    if item["type"] == "AsymmetricX509Cert":
        certificate = load_certificate(item["key"])
        start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        name = certificate.subject.rfc4514_string()
        # SHA-1 is what `x5t` and Graph's customKeyIdentifier are made of (RFC 7517, 4.8).
        thumbprint = certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303
    given_start, given_end = _moment(item.get("startDateTime")), _moment(item.get("endDateTime"))
    if (given_end or end).timestamp() > end.timestamp():
        raise errors.GraphError(
            400, "KeyCredentialsInvalidEndDate", "Key credential end date is invalid."
        )
    if (given_start or start).timestamp() < start.timestamp():
        raise errors.GraphError(
            400, "KeyCredentialsInvalidStartDate", "Key credential start date is invalid."
        )
    return {
        "customKeyIdentifier": item.get("customKeyIdentifier") or thumbprint,
        "displayName": item.get("displayName") or name,
        "endDateTime": _text(given_end or end),
        "key": base64.b64encode(_bytes(item["key"])).decode(),
        "keyId": (item.get("keyId") or str(uuid.uuid4())).lower(),
        "startDateTime": _text(given_start or start),
        "type": item["type"],
        "usage": item["usage"],
    }


def load_certificate(key: str) -> x509.Certificate:
    """The certificate in a keyCredential's key, DER or PEM inside base64.

    Raises:
        GraphError: 400 when it is none.
    """
    data = _bytes(key)
    try:
        if data.lstrip().startswith(b"-----BEGIN"):
            return x509.load_pem_x509_certificate(data)
        return x509.load_der_x509_certificate(data)
    except ValueError:
        raise errors.invalid_value("key", "KeyCredential") from None


def public_key_pem(key: str) -> bytes:
    """The public key of a stored certificate, for checking client assertions."""
    return (
        load_certificate(key)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def _written(call: Call, identity: str) -> None:
    side.set_counter(
        call.store, call.tenant.id, f"credential:{identity}", call.options.concurrency_violation
    )


def _bytes(key: str | None) -> bytes:
    text = (key or "").replace("-", "+").replace("_", "/")
    return base64.b64decode(text + "=" * (-len(text) % 4))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
