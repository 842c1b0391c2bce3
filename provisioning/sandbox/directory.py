"""Organization, domains, users, groups and directory objects, read only.

Must not write. Sources: G:v1/api/{organization-get,domain-list,user-get,
group-get,directoryobject-get}.md.
"""

from __future__ import annotations

from provisioning.sandbox import entity_sets, errors, keys, odata, owners, schema
from provisioning.sandbox.call import Answer, Call, Json
from provisioning.sandbox.store import Record

_TENANT_TYPES = {"b2c": "AAD B2C", "workforce": "AAD", "external": "CIAM"}
_USER_DEFAULTS = (
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
)
"""What GET on users shows without $select (G:v1/api/user-get.md)."""


def organization(call: Call) -> Answer:
    """GET /organization: a collection of one; tenantType values are unverified."""
    return odata.plain_list(call, "organization", [_organization(call)])


def organization_by_id(call: Call, key: str) -> Answer:
    """GET /organization/{tenant id}."""
    if key.lower() != call.tenant.id:
        raise errors.not_found(key)
    record = Record(0, call.tenant.id, 0, _organization(call))
    return odata.one(call, entity_sets.Collection("organization", "", "", ""), record)


def domains(call: Call) -> Answer:
    """GET /domains."""
    return odata.plain_list(call, "domains", [_domain(call)])


def domain(call: Call, key: str) -> Answer:
    """GET /domains/{name}."""
    if key.lower() != call.tenant.domain:
        raise errors.not_found(key)
    record = Record(0, call.tenant.domain, 0, _domain(call))
    return odata.one(call, entity_sets.Collection("domains", "", "", ""), record)


def users(call: Call) -> Answer:
    """GET /users."""
    _default_select(call)
    return odata.page(call, entity_sets.USERS)


def user(call: Call, key: str) -> Answer:
    """GET /users/{id or userPrincipalName}."""
    _default_select(call)
    name = key.strip("'")
    if "=" in key or schema.is_guid(name):
        return odata.one(call, entity_sets.USERS, keys.visible(call, entity_sets.USERS, key))
    record = call.view.find("users", "userPrincipalName", name)
    if record is None:
        raise errors.not_found(name)
    return odata.one(call, entity_sets.USERS, record)


def me(call: Call) -> Answer:
    """GET /me, with a delegated token only (G:v1/api/user-get.md)."""
    if not call.caller.is_user:
        raise errors.malformed("/me request is only valid with delegated authentication flow.")
    return user(call, call.caller.object_id)


def groups(call: Call) -> Answer:
    """GET /groups."""
    return odata.page(call, entity_sets.GROUPS)


def group(call: Call, key: str) -> Answer:
    """GET /groups/{id}."""
    return odata.one(call, entity_sets.GROUPS, keys.visible(call, entity_sets.GROUPS, key))


def directory_object(call: Call, key: str) -> Answer:
    """GET /directoryObjects/{id}: the object with its type."""
    if not schema.is_guid(key):
        raise errors.invalid_identifier(key)
    found = owners.find_object(call, key.lower())
    if found is None:
        raise errors.not_found(key)
    names = odata.selected(call, "")
    body = {
        "@odata.context": odata.context(call, "directoryObjects", names, entity=True),
        "@odata.type": found[0],
    }
    return Answer(200, body | odata.shown(found[1].body, names))


def new_user(user_principal_name: str, display_name: str, created: str) -> Json:
    """A user as Graph shows it."""
    empty = dict.fromkeys(
        [
            "givenName",
            "jobTitle",
            "mail",
            "mobilePhone",
            "officeLocation",
            "preferredLanguage",
            "surname",
            "deletedDateTime",
        ]
    )
    return {
        "id": schema.new_id(),
        **empty,
        "businessPhones": [],
        "accountEnabled": True,
        "createdDateTime": created,
        "displayName": display_name,
        "userPrincipalName": user_principal_name,
        "userType": "Member",
    }


def new_group(display_name: str, created: str) -> Json:
    """A security group as Graph shows it."""
    empty = dict.fromkeys(["description", "mail", "deletedDateTime", "visibility"])
    return {
        "id": schema.new_id(),
        **empty,
        "createdDateTime": created,
        "displayName": display_name,
        "groupTypes": [],
        "mailEnabled": False,
        "mailNickname": schema.new_id()[:10],
        "securityEnabled": True,
    }


def _default_select(call: Call) -> None:
    if "$select" not in call.query:
        call.projection = _USER_DEFAULTS


def _organization(call: Call) -> Json:
    tenant = call.tenant
    return {
        "id": tenant.id,
        "displayName": tenant.domain.split(".")[0],
        "tenantType": _TENANT_TYPES[tenant.kind],
        "countryLetterCode": "US",
        "verifiedDomains": [
            {
                "capabilities": "Email, OfficeCommunicationsOnline",
                "isDefault": True,
                "isInitial": True,
                "name": tenant.domain,
                "type": "Managed",
            }
        ],
    }


def _domain(call: Call) -> Json:
    return {
        "id": call.tenant.domain,
        "authenticationType": "Managed",
        "availabilityStatus": None,
        "isAdminManaged": True,
        "isDefault": True,
        "isInitial": True,
        "isRoot": True,
        "isVerified": True,
        "supportedServices": ["Email", "OfficeCommunicationsOnline"],
        "passwordNotificationWindowInDays": None,
        "passwordValidityPeriodInDays": None,
        "state": None,
    }
