"""Graph's error answers; must not decide when one is due.

The envelope and the wire strings come from G:concepts/errors.md, G:concepts/json-batching.md and
the issues named at each constructor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Detail:
    """One entry of `error.details`: the specific code and the property it is about."""

    code: str
    message: str
    target: str | None = None


class GraphError(Exception):
    """A refusal, carrying everything its HTTP answer needs."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: tuple[Detail, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.headers = dict(headers or {})

    def envelope(self, *, now: datetime, request_id: str, client_request_id: str) -> dict[str, Any]:
        """The JSON body (microsoft-graph-docs#21667: `details` appears on validation errors)."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = [
                {"code": each.code, "message": each.message, "target": each.target}
                for each in self.details
            ]
        error["innerError"] = {
            "date": now.strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": request_id,
            "client-request-id": client_request_id,
        }
        if self.code.startswith("AADB2C"):
            # The B2C service behind Graph adds its own id (microsoft-graph-docs#10820).
            error["innerError"]["correlationId"] = request_id
        return {"error": error}


def bad_request(message: str, *details: Detail) -> GraphError:
    """400 `Request_BadRequest`, the directory's catch-all."""
    return GraphError(400, "Request_BadRequest", message, details=details)


def malformed(message: str) -> GraphError:
    """400 `BadRequest`, said by the gateway before the directory is asked."""
    return GraphError(400, "BadRequest", message)


def unsupported_query(message: str = "Unsupported Query.") -> GraphError:
    """400 `Request_UnsupportedQuery` (G:concepts/aad-advanced-queries.md)."""
    return GraphError(400, "Request_UnsupportedQuery", message)


def invalid_value(name: str, resource: str) -> GraphError:
    """400 for a value outside the property's domain (microsoft-graph-docs-contrib#4750)."""
    message = f"Invalid value specified for property '{name}' of resource '{resource}'."
    return bad_request(message, Detail("InvalidValue", message, name))


def duplicate_value(target: str) -> GraphError:
    """400 for twins inside one collection (microsoft-graph-docs#21667)."""
    message = "Request contains a property with duplicate values."
    return GraphError(
        400, "DuplicateValue", message, details=(Detail("DuplicateValue", message, target),)
    )


def property_conflict(name: str) -> GraphError:
    """400 for a unique property held by another object (Azure/go-autorest#308, omadia#916)."""
    message = f"Another object with the same value for property {name} already exists."
    return bad_request(message, Detail("ObjectConflict", message, name))


def same_key(message: str, *, status: int = 409) -> GraphError:
    """409 `Request_MultipleObjectsWithSameKeyValue` (azure-cli#20974)."""
    return GraphError(status, "Request_MultipleObjectsWithSameKeyValue", message)


def not_found(identity: str) -> GraphError:
    """404 for an object that is not there (G:concepts/errors.md)."""
    return GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{identity}' does not exist or one of its queried reference-property objects "
        "are not present.",
    )


def object_not_found() -> GraphError:
    """404 of a replica that has not heard of the object, or of an unknown tenant."""
    return GraphError(
        404,
        "Directory_ObjectNotFound",
        "Unable to read the company information from the directory.",
    )


def invalid_identifier(identity: str) -> GraphError:
    """400 for a key that is no GUID."""
    return bad_request(f"Invalid object identifier '{identity}'.")


def unauthenticated(message: str) -> GraphError:
    """401 `InvalidAuthenticationToken`, with the challenge of RFC 6750, 3."""
    challenge = (
        'Bearer realm="", authorization_uri='
        '"https://login.microsoftonline.com/common/oauth2/authorize", '
        'client_id="00000003-0000-0000-c000-000000000000"'
    )
    headers = {"WWW-Authenticate": challenge}
    return GraphError(401, "InvalidAuthenticationToken", message, headers=headers)


def denied() -> GraphError:
    """403 `Authorization_RequestDenied`."""
    return GraphError(
        403,
        "Authorization_RequestDenied",
        "Insufficient privileges to complete the operation.",
    )


def method_not_allowed() -> GraphError:
    """405 for a verb that the path does not take."""
    return GraphError(
        405,
        "Request_BadRequest",
        "Specified HTTP method is not allowed for the request target.",
    )


def unknown_segment(segment: str) -> GraphError:
    """400 for a path that this version of the API does not have (beta against v1.0)."""
    return malformed(f"Resource not found for the segment '{segment}'.")


def not_offered(method: str, path: str) -> GraphError:
    """501: Graph may know this, the sandbox does not; never a silent success."""
    return GraphError(501, "NotImplemented", f"The sandbox does not offer {method} {path}.")
