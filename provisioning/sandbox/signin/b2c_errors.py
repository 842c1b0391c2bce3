"""Errors of the B2C endpoints, with their numbers and texts; must not decide when one is due.

Texts: PERR. The envelope, its line ends and stamp: azure-docs#23780. Which OAuth error goes with a
number is reported for most (azure-docs#43340, #11469, #50330, #57651, #9885, #42825, #49743,
#44225) and unverified for the rest.
"""

from __future__ import annotations

import uuid
from datetime import datetime

TEXTS = {
    "90006": (
        "redirect_uri_mismatch",
        "The redirect URI '{}' provided in the request is not registered for the client id '{}'.",
    ),
    "90007": (
        "invalid_request",
        "The application associated with client id '{}' has no registered redirect URIs.",
    ),
    "90008": ("invalid_request", "The request does not contain a client id parameter."),
    "90010": ("invalid_request", "The request does not contain a scope parameter."),
    "90013": (
        "unsupported_response_type",
        "The requested response type '{}' provided in the request is not supported.",
    ),
    "90014": (
        "invalid_request",
        "The requested response mode '{}' provided in the request is not supported.",
    ),
    "90018": (
        "invalid_client",
        "The client id '{}' specified in the request is not registered in tenant '{}'.",
    ),
    "90031": (
        "server_error",
        (
            "Policy '{}' does not specify a default user journey. Ensure that the policy or "
            "it's parents specify a default user journey as part of a relying party section."
        ),
    ),
    "90055": (
        "invalid_request",
        (
            "The scope '{}' provided in request must specify a resource, such as "
            "'https://example.com/calendar.read'."
        ),
    ),
    "90057": (
        "unauthorized_client",
        "The provided application is not configured to allow the 'OAuth' Implicit flow.",
    ),
    "90058": (
        "unauthorized_client",
        "The provided application is not configured to allow public clients.",
    ),
    "90068": (
        "unauthorized_client",
        (
            "The provided application with ID '{}' is not valid against this service. Please "
            "use an application created via the B2C portal and try again."
        ),
    ),
    "90073": ("server_error", "KeyContainer with 'id': '{}' cannot be found in the directory '{}'"),
    "90077": (
        "interaction_required",
        "User does not have an existing session and request prompt parameter has a value of '{}'.",
    ),
    "90079": (
        "invalid_request",
        "Clients must send a client_secret when redeeming a confidential grant.",
    ),
    "90080": (
        "invalid_grant",
        (
            "The provided grant has expired. Please re-authenticate and try again. Current "
            "time: {}, Grant issued time: {}, Grant expiration time: {}"
        ),
    ),
    "90081": (
        "invalid_client",
        (
            "The specified client_secret does not match the expected value for this client. "
            "Please correct the client_secret and try again."
        ),
    ),
    "90083": ("invalid_request", "The request is missing required parameter: {}."),
    "90084": (
        "invalid_request",
        "Public clients should not send a client_secret when redeeming a publicly acquired grant.",
    ),
    "90085": (
        "invalid_grant",
        "The service has encountered an internal error. Please reauthenticate and try again.",
    ),
    "90086": ("unsupported_grant_type", "The supplied grant_type [{}] is not supported."),
    "90088": (
        "invalid_grant",
        (
            "The provided grant has not been issued for this endpoint. Actual Value : {} and "
            "Expected Value : {}"
        ),
    ),
    "90090": ("invalid_grant", "{}"),
    "90091": ("access_denied", "The user has cancelled entering self-asserted information."),
    "90092": (
        "unauthorized_client",
        (
            "The provided application with ID '{}' is disabled for the tenant '{}'. Please "
            "enable the application and try again."
        ),
    ),
    "90110": (
        "invalid_request",
        (
            "The scope parameter must include 'openid' when requesting a response_type that "
            "includes 'id_token'."
        ),
    ),
    "90111": (
        "access_denied",
        "Your account has been locked. Contact your support person to unlock it, then try again.",
    ),
    "90114": (
        "access_denied",
        "Your account is temporarily locked to prevent unauthorized use. Try again later.",
    ),
    "90115": (
        "invalid_request",
        (
            "When requesting the 'code' response_type, the scope parameter must include a "
            "resource or client ID for access tokens, and 'openid' for ID tokens. Additionally "
            "include 'offline_access' for refresh tokens."
        ),
    ),
    "90117": ("invalid_request", "The scope '{}' provided in the request is not supported."),
    "90128": (
        "invalid_grant",
        (
            "The account associated with this grant no longer exists. Please reauthenticate and"
            " try again."
        ),
    ),
    "90129": (
        "invalid_grant",
        "The provided grant has been revoked. Please reauthenticate and try again.",
    ),
    "90146": (
        "invalid_request",
        (
            "The scope '{}' provided in request specifies more than one resource for an access "
            "token, which is not supported."
        ),
    ),
    "90182": (
        "invalid_grant",
        "The supplied code_verifier does not match associated code_challenge",
    ),
    "90183": ("invalid_grant", "The supplied code_verifier is invalid"),
    "90184": (
        "invalid_request",
        "The supplied code_challenge_method is not supported. Supported values are plain or S256",
    ),
    "90205": (
        "invalid_request",
        (
            "This application does not have sufficient permissions against this web resource to"
            " perform the operation."
        ),
    ),
    "90220": (
        "server_error",
        (
            "The key container in tenant '{}' with storage identifier '{}' exists but does not "
            "contain a valid certificate. The certificate might be expired or your certificate "
            "might become active in the future (nbf)."
        ),
    ),
    "90224": (
        "unauthorized_client",
        "Resource owner flow has not been enabled for the application.",
    ),
    "90225": ("access_denied", "The username or password provided in the request are invalid."),
    "90279": (
        "invalid_grant",
        "The provided client id '{}' does not match the client id that issued the grant.",
    ),
    "90284": (
        "unauthorized_client",
        (
            "The application with identifier '{}' has not been granted consent and is unable to"
            " be used for local accounts."
        ),
    ),
    "90285": ("unauthorized_client", "The application with identifier '{}' was not found."),
    "90288": (
        "server_error",
        (
            "UserJourney with id '{}' referenced in TechnicalProfile '{}' for refresh token "
            "redemption for tenant '{}' does not exist in policy '{}' or any of its base "
            "policies."
        ),
    ),
    "99027": (
        "invalid_request",
        (
            "Policy '{}' does not contain a AuthorizationTechnicalProfile with a corresponding "
            "ClientAssertionType."
        ),
    ),
    "99059": ("invalid_request", "The supplied request must present a code_challenge"),
}
"""Number to OAuth error and text; `{}` takes a value."""


class B2CError(Exception):
    """A refusal of a B2C endpoint, always 400.

    `number` is the part behind AADB2C.
    """

    def __init__(self, number: str, *values: object) -> None:
        self.number = number
        self.error, text = TEXTS[number]
        self.text = text.format(*values)
        super().__init__(f"AADB2C{number}: {self.text}")

    def parameters(self, now: datetime) -> dict[str, str]:
        """`error` and `error_description`, for a body or a redirect."""
        stamp = now.strftime("%Y-%m-%d %H:%M:%SZ")
        return {
            "error": self.error,
            "error_description": f"{self}\r\nCorrelation ID: {uuid.uuid4()}\r\n"
            f"Timestamp: {stamp}\r\n",
        }


class UnknownPlaceError(Exception):
    """No such tenant or policy: 404 with a page of HTML (observed, body unverified)."""


class NotOfferedError(Exception):
    """Something the service has and the sandbox does not interpret: 501 with its name."""
