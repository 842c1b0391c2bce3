"""Technical profiles that read and write users in the directory; must not run anything else.

Source: P active-directory-technical-profile.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioning.sandbox import accounts
from provisioning.sandbox.signin.attempt import Attempt
from provisioning.sandbox.signin.b2c_errors import B2CError, NotOfferedError
from provisioning.sandbox.store import Record
from provisioning.sandbox.trustframework.merged import Profile

_SIGN_IN_NAMES = "signinnames."
_NAMES = {
    "objectid": "id",
    "displayname": "displayName",
    "givenname": "givenName",
    "surname": "surname",
    "userprincipalname": "userPrincipalName",
    "accountenabled": "accountEnabled",
    "othermails": "otherMails",
    "jobtitle": "jobTitle",
    "city": "city",
    "country": "country",
    "postalcode": "postalCode",
    "state": "state",
    "streetaddress": "streetAddress",
    "mobile": "mobilePhone",
    "usertype": "userType",
    "refreshtokensvalidfromdatetime": "signInSessionsValidFromDateTime",
}


def run(profile: Profile, attempt: Attempt, given: Mapping[str, Any]) -> dict[str, Any]:
    """Values by the case-folded names that the directory has for them.

    `given` are input and persisted claims by their names in the directory.

    Raises:
        B2CError: 90128 where the user must exist and does not; 90085 without Operation or an
            input claim, which the page asks for (the number is unverified).
        NotOfferedError: an operation or a key that the sandbox does not interpret.
    """
    operation = profile.metadata.get("Operation", "")
    if not operation or not profile.inputs:
        raise B2CError("90085")
    user = _found(attempt, given, _keys(profile))
    if user is None and _raises(profile, "RaiseErrorIfClaimsPrincipalDoesNotExist"):
        raise B2CError("90128")
    match operation:
        case "Read":
            return {} if user is None else _attributes(user)
        case "Write":
            if user is not None and _raises(profile, "RaiseErrorIfClaimsPrincipalAlreadyExists"):
                raise B2CError("90225")
            return _written(attempt, user, given)
        case _:
            raise NotOfferedError(f"the directory operation {operation}")


def _keys(profile: Profile) -> list[str]:
    return [claim.partner.casefold() for claim in profile.inputs.values()]


def _raises(profile: Profile, name: str) -> bool:
    return profile.metadata.get(name, "").lower() == "true"


def _found(attempt: Attempt, given: Mapping[str, Any], keys: list[str]) -> Record | None:
    """The user under the profile's input claim: an object id, a UPN or a sign-in name."""
    for key in keys:
        value = str(given.get(key) or "")
        if key == "objectid":
            return accounts.by_id(attempt.store, attempt.tenant, value)
        if key == "userprincipalname":
            return accounts.by_principal_name(attempt.store, attempt.tenant, value)
        if key.startswith(_SIGN_IN_NAMES):
            kind = key.removeprefix(_SIGN_IN_NAMES)
            kinds = {"emailaddress": "emailAddress", "username": "userName"}
            return accounts.by_sign_in_name(
                attempt.store, attempt.tenant, value, kind=kinds.get(kind)
            )
    raise NotOfferedError(f"looking up a user by {', '.join(keys)}")


def _attributes(user: Record) -> dict[str, Any]:
    body = user.body
    found = {name: body.get(property_) for name, property_ in _NAMES.items()}
    for each in body.get("identities", ()):
        found[_SIGN_IN_NAMES + each["signInType"].casefold()] = each["issuerAssignedId"]
    extensions = {n.casefold(): v for n, v in body.items() if n.startswith("extension_")}
    return {name: value for name, value in (found | extensions).items() if value is not None}


def _written(attempt: Attempt, user: Record | None, given: Mapping[str, Any]) -> dict[str, Any]:
    created = attempt.standing.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    name = next((str(v) for k, v in given.items() if k.startswith(_SIGN_IN_NAMES)), "")
    body = (
        accounts.new_local(attempt.tenant, name, "unknown", created)
        if user is None
        else dict(user.body)
    )
    for key, value in given.items():
        if key in _NAMES and _NAMES[key] != "id" and value not in (None, ""):
            body[_NAMES[key]] = value
        elif key.startswith("extension_"):
            body[key] = value
    names = [
        ("emailAddress" if "email" in key else "userName", attempt.tenant.domain, str(value))
        for key, value in given.items()
        if key.startswith(_SIGN_IN_NAMES) and value
    ]
    accounts.save(
        attempt.store,
        attempt.tenant,
        body,
        password=str(given["password"]) if given.get("password") else None,
        sign_in_names=names,
        state=accounts.state(body),
    )
    saved = accounts.by_id(attempt.store, attempt.tenant, body["id"])
    assert saved is not None
    return {**_attributes(saved), "newclaimsprincipalcreated": user is None}
