"""Query options, projections and pages; must not know what the objects mean."""

from __future__ import annotations

import base64
import binascii
import itertools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote

from provisioning.sandbox import errors, filter_syntax, filters
from provisioning.sandbox.call import Answer, Call, Json
from provisioning.sandbox.entity_sets import Collection
from provisioning.sandbox.layout import INDEXED, LIVE
from provisioning.sandbox.property_types import TYPES
from provisioning.sandbox.store import Record

_DEFAULT_PAGE, _LARGEST_PAGE = 100, 999
_KNOWN = {"$filter", "$select", "$top", "$skiptoken", "$expand", "$count", "$search", "$orderby"}


def check_options(call: Call) -> None:
    """Refuse what the query may not ask here.

    Advanced parts need `ConsistencyLevel: eventual`, and all but $search also `$count=true`;
    B2C tenants have neither $count nor $search (G:concepts/aad-advanced-queries.md,
    G:v1/api/application-list.md).
    """
    for name in call.query:
        if name.startswith("$") and name not in _KNOWN:
            raise errors.malformed(f"Query option '{name}' was not recognized.")
    wanted = [name for name in ("$count", "$search") if name in call.query]
    if not wanted:
        return
    if call.tenant.kind == "b2c":
        raise errors.unsupported_query(
            f"Request with {wanted[0]} query parameter is not supported in Azure AD B2C tenants."
        )
    if not _eventual(call):
        raise errors.unsupported_query(
            f"Request with {wanted[0]} query parameter only works through MSGraph with a special "
            "request header: 'ConsistencyLevel: eventual'"
        )
    if "$search" in call.query or "$orderby" in call.query:
        raise errors.not_offered(call.method, "$search and $orderby")


def condition(call: Call, collection: Collection) -> filters.Filter | None:
    """The parsed and admitted `$filter`, None without one."""
    text = call.query.get("$filter")
    if text is None:
        return None
    tree = filter_syntax.parse(text)
    if filters.alternatives(tree) > call.options.max_or_clauses:
        raise errors.unsupported_query(
            "Too many child clauses specified in search filter expression containing 'OR' "
            f"operators: {filters.alternatives(tree)}. Max allowed: {call.options.max_or_clauses}."
        )
    for leaf in filters.leaves(tree):
        _admit(call, collection, leaf)
    return tree


def _admit(call: Call, collection: Collection, leaf: filters.Filter) -> None:
    advanced = _eventual(call) and "$count" in call.query
    match leaf:
        case filters.Negation():
            if not advanced:
                raise errors.unsupported_query()
        case filters.Each(path, _):
            _admit_property(collection, path)
            if path == "tags" and call.options.tag_filter == "eventual" and not _eventual(call):
                raise errors.unsupported_query()
        case filters.Compare(op, path, _):
            _admit_property(collection, path)
            if path == "uniqueName" and call.options.unique_name_filter == "refuse":
                raise _unfilterable(collection, path)
            if op == "endswith" and not _eventual(call):
                raise errors.unsupported_query(
                    "Operator 'endsWith' is not supported because the "
                    "'ConsistencyLevel:eventual' header is missing."
                )
            if op not in {"eq", "startswith"} and not advanced:
                raise errors.unsupported_query()
            if collection.equality_only and op != "eq":
                raise errors.unsupported_query()


def _admit_property(collection: Collection, path: str) -> None:
    if path in INDEXED[collection.stored] and not path.startswith("_"):
        return
    root = path.split("/", maxsplit=1)[0]
    if path == "id":
        return
    if root in TYPES.get(collection.type, {}):
        raise _unfilterable(collection, root)
    raise errors.malformed(
        f"Invalid filter clause: Could not find a property named '{root}' on type "
        f"'microsoft.graph.{collection.type}'."
    )


def _unfilterable(collection: Collection, name: str) -> errors.GraphError:
    return errors.unsupported_query(
        f"Unsupported or invalid query filter clause specified for property '{name}' of "
        f"resource '{collection.title}'."
    )


def _eventual(call: Call) -> bool:
    return call.headers.get("consistencylevel", "").lower() == "eventual"


def selected(call: Call, type_name: str) -> tuple[str, ...]:
    """Names in `$select`, empty without one; unknown names are a 400."""
    names = tuple(name.strip() for name in call.query.get("$select", "").split(",") if name.strip())
    known = TYPES.get(type_name)
    for name in names:
        if known is not None and name not in known and name != "*":
            raise errors.malformed(
                f"Could not find a property named '{name}' on type 'microsoft.graph.{type_name}'."
            )
    return () if "*" in names else names


def shown(body: Mapping[str, object], names: tuple[str, ...]) -> Json:
    """What a client sees of a stored body.

    `keyCredentials.key` comes only with `$select=keyCredentials` (G:v1/api/application-list.md).
    """
    visible: Json = {
        name: value
        for name, value in body.items()
        if not name.startswith("_") and (not names or name in names)
    }
    if "keyCredentials" in visible and "keyCredentials" not in names:
        visible["keyCredentials"] = [{**each, "key": None} for each in visible["keyCredentials"]]
    return visible


def context(call: Call, place: str, names: tuple[str, ...] = (), *, entity: bool = False) -> str:
    """The `@odata.context` of an answer."""
    projection = f"({','.join(names)})" if names else ""
    return f"{call.root}/$metadata#{place}{projection}{'/$entity' if entity else ''}"


Expansion = Callable[[Call, Record], Json]


def one(
    call: Call,
    collection: Collection,
    record: Record,
    *,
    status: int = 200,
    place: str | None = None,
    expand: Expansion | None = None,
) -> Answer:
    """The answer that holds one entity."""
    check_options(call)
    names = selected(call, collection.type)
    body = {"@odata.context": context(call, place or collection.name, names, entity=True)}
    body |= shown(record.body, names or call.projection)
    if expand is not None:
        body |= expand(call, record)
    return Answer(status, body)


def created(call: Call, collection: Collection, body: Json) -> Answer:
    """201 with the full object and its Location."""
    answer = {"@odata.context": context(call, collection.name, entity=True)} | shown(body, ())
    location = (
        f"{call.root.rsplit('/', 1)[0]}/v2/{call.tenant.id}/directoryObjects/{body['id']}/"
        f"Microsoft.DirectoryServices.{collection.title}"
    )
    return Answer(201, answer, {"Location": location})


def page(
    call: Call,
    collection: Collection,
    *,
    within: filters.Filter | None = None,
    state: int = LIVE,
    place: str | None = None,
    expand: Expansion | None = None,
) -> Answer:
    """One page of a collection, 100 by default and 999 at most, with an opaque nextLink."""
    check_options(call)
    names = selected(call, collection.type)
    wanted = condition(call, collection)
    if within is not None:
        wanted = within if wanted is None else filters.Both(within, wanted)
    size = _size(call)
    records = call.view.select(collection.stored, wanted, state=state, after=_after(call))
    found = list(itertools.islice(records, size + 1))
    body: Json = {"@odata.context": context(call, place or collection.name, names)}
    if len(found) > size:
        body["@odata.nextLink"] = _next_link(call, found[size - 1].seq)
    body["value"] = [
        shown(record.body, names or call.projection) | (expand(call, record) if expand else {})
        for record in found[:size]
    ]
    return Answer(200, body)


def plain_list(call: Call, place: str, items: Iterable[Mapping[str, object]]) -> Answer:
    """A short list that is never paged."""
    check_options(call)
    names = selected(call, "")
    values = [shown(item, names) for item in items]
    return Answer(200, {"@odata.context": context(call, place, names), "value": values})


def _size(call: Call) -> int:
    text = call.query.get("$top")
    if text is None:
        return _DEFAULT_PAGE
    if not re.fullmatch(r"\d+", text) or not 1 <= int(text) <= _LARGEST_PAGE:
        raise errors.bad_request(
            f"Invalid page size specified: '{text}'. Must be between 1 and {_LARGEST_PAGE} "
            "inclusive."
        )
    return int(text)


def _after(call: Call) -> int:
    token = call.query.get("$skiptoken")
    if token is None:
        return 0
    try:
        document = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, binascii.Error):
        document = None
    if not isinstance(document, dict) or document.get("filter") != call.query.get("$filter"):
        raise errors.bad_request("The specified page token value has expired or is invalid.")
    return int(document["after"])


def _next_link(call: Call, after: int) -> str:
    document = {"after": after, "filter": call.query.get("$filter")}
    token = base64.urlsafe_b64encode(json.dumps(document).encode()).decode()
    options = {**call.query, "$skiptoken": token}
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in options.items())
    return f"{call.root}{call.path}?{query}"
