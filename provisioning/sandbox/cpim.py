"""What every resource of the B2C service behind Graph shares; must not know any of them.

The service is called CPIM in its own leaks (microsoft-graph-docs#10820); its error codes and texts
come from B2CERR, a full copy of its error-code list.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from provisioning.sandbox import errors, odata
from provisioning.sandbox.call import Answer, Call, Limit, Operation
from provisioning.sandbox.lag import View
from provisioning.sandbox.store import Record

IDENTITY_REQUESTS = Limit("identity", 200, "ReadWrite")
"""Per application and tenant (G:concepts/includes/throttling-cpim.md)."""


def view(call: Call) -> View:
    """The tenant's objects, which lag only when the switch says so."""
    if call.options.cpim_lag:
        return call.view
    at_once = dataclasses.replace(call.options, read_lag=0)
    return View(call.store, call.tenant.id, at_once)


def visible(call: Call, collection: str, key: str, kind: str) -> Record:
    """The object that a read sees; ids ignore case.

    Raises:
        GraphError: 404 AADB2C90073 (status unverified).
    """
    name = plain(key)
    record = view(call).get(collection, name.casefold())
    if record is None:
        raise not_found(call, kind, name, status=404)
    return record


def b2c_only(operation: Operation, call: Call, *keys: str) -> Answer:
    """Do an operation that other kinds of tenant do not have.

    Raises:
        GraphError: 403 (the inverse of microsoft-graph-docs-contrib#8478, seen with the id).
    """
    if call.tenant.kind != "b2c":
        raise refused(
            f"'{call.tenant.id}' is not an Azure AD B2C directory. Access to this Api can only be "
            "made for an Azure AD B2C directory.",
            status=403,
        )
    return operation(call, *keys)


def throttled(operation: Operation, call: Call, *keys: str) -> Answer:
    """Do an operation that counts against the limit on /identity, where that is switched on."""
    if call.options.cpim_throttle:
        call.throttle.admit(call.tenant.id, call.caller.app_id, call.now, limit=IDENTITY_REQUESTS)
    return operation(call, *keys)


def refused(message: str, *, code: str = "AADB2C", status: int = 400) -> errors.GraphError:
    """A refusal of the service; most have no code of their own and 400."""
    return errors.GraphError(status, code, message)


def not_found(
    call: Call, kind: str, identity: str, *, key: str = "id", status: int = 400
) -> errors.GraphError:
    """AADB2C90073 for an object that is not there (IEF: 400 for key sets, not 404)."""
    message = (
        f"{kind} with '{key}': '{identity}' cannot be found in the directory '{call.tenant.id}'."
    )
    return refused(message, code="AADB2C90073", status=status)


def invalid_field(name: str) -> errors.GraphError:
    """A body that does not fit its type (msgraph-beta-sdk-dotnet#885)."""
    return refused(
        f"The '{name}' field is invalid in request. Please check the request body and parameters."
    )


def service_problem() -> errors.GraphError:
    """AADB2C90063, the answer to everything unforeseen (microsoft-graph-docs#10820)."""
    return refused("There is a problem with the service.", code="AADB2C90063", status=500)


def sent(call: Call, known: Iterable[str], field: str) -> Mapping[str, Any]:
    """The JSON object of a write, holding known properties only.

    Raises:
        GraphError: 400.
    """
    body = call.body
    if not isinstance(body, dict):
        raise invalid_field(field)
    unknown = [each for each in body if not each.startswith("@") and each not in known]
    if unknown:
        raise invalid_field(field)
    return body


def listing(call: Call, place: str, items: Iterable[Mapping[str, object]]) -> Answer:
    """A whole collection; $filter and the like are not offered."""
    if {"$filter", "$orderby", "$search"} & set(call.query):
        raise errors.not_offered(call.method, f"{call.path} with these query options")
    return odata.plain_list(call, place, items)


def entity(
    call: Call,
    place: str,
    body: Mapping[str, object],
    *,
    status: int = 200,
    location: str | None = None,
) -> Answer:
    """One object, with a relative Location when it was created (G:b/api pages' samples)."""
    names = odata.selected(call, "")
    answer = {"@odata.context": odata.context(call, place, names, entity=True)}
    headers = {} if location is None else {"Location": location}
    return Answer(status, answer | odata.shown(body, names), headers)


def plain(key: str) -> str:
    """The id in a path, with or without the quotes of `keySets('X')`."""
    return key.strip("'")
