"""What we find wrong ourselves: in the answer's form, and in the tokens. A table, no logic."""

from __future__ import annotations

from typing import Final

from provisioning.signin.refusal import Cause

_CHECK_HOST: Final = "check tenant.cloud, tenant.customDomain and --signin-endpoint"

NO_ANSWER: Final = Cause(
    "no-answer", "the sign-in host does not answer", f"{_CHECK_HOST}, and the network", "tenant"
)
FOREIGN_REDIRECT: Final = Cause(
    "foreign-redirect",
    "the sign-in host sends us to another host, which gets nothing from us",
    f"{_CHECK_HOST}; something between here and the service may be rewriting answers",
    "tenant",
)
REDIRECT: Final = Cause(
    "redirect", "a redirect came where an answer was due", _CHECK_HOST, "tenant"
)
UNKNOWN_POLICY: Final = Cause(
    "unknown-policy",
    "the service knows no such policy or tenant here",
    "upload the policy, or correct its name or the tenant's domain",
    "{policy}",
    not_yet=True,
)
NOT_FOUND: Final = Cause(
    "not-found", "the service offers nothing at this URL", _CHECK_HOST, "tenant"
)
PAGE: Final = Cause(
    "page-instead-of-token",
    "a page came with success, and no token",
    "the password exchange must be step 1 of the policy's journey, with no page before it",
    "{policy}",
)
UNREADABLE: Final = Cause(
    "unreadable-answer", "the answer is not what RFC 6749 describes", _CHECK_HOST, "tenant"
)
THROTTLED: Final = Cause(
    "throttled", "the service is asked too often", "wait, then verify again", not_yet=True
)
SERVER_ERROR: Final = Cause(
    "server-error", "the service failed", "verify again later", not_yet=True
)
REFUSED: Final = Cause(
    "refused", "the service refused", "look the code up in Microsoft's error reference"
)
SECRET_UNREADABLE: Final = Cause(
    "secret-unreadable",
    "a secret that the check needs cannot be read",
    "set what is read here, or name another source",
    "{check}",
)
INCOMPLETE: Final = Cause(
    "incomplete-check", "the check lacks what its flow needs", "complete the check", "{check}"
)

NO_ACCESS_TOKEN: Final = Cause(
    "no-access-token",
    "no access token came",
    "ask for a scope of an API, or for the client id itself",
    "{check}.scopes",
)
NO_ID_TOKEN: Final = Cause(
    "no-id-token", "openid was asked for and no id token came", "", "{policy}"
)
NO_REFRESH_TOKEN: Final = Cause(
    "no-refresh-token",
    "no refresh token came",
    "add offline_access to the check's scopes",
    "{check}.scopes",
)
BAD_TOKEN: Final = Cause("bad-token", "a token is no well-formed JWT", "", "{policy}")
BAD_ALGORITHM: Final = Cause(
    "bad-algorithm",
    "a token is not signed with RS256, which is the only algorithm accepted",
    "trust nothing that this host issued",
    "tenant",
)
BAD_SIGNATURE: Final = Cause(
    "bad-signature",
    "a token's signature is wrong: it was changed, or signed with another key",
    "trust nothing that this host issued; check the policy's signing key set",
    "policyKeys",
)
UNKNOWN_KEY: Final = Cause(
    "unknown-key",
    "a token is signed with a key that the service does not publish, read twice",
    "check the policy's signing key set",
    "policyKeys",
    not_yet=True,
)
WRONG_ISSUER: Final = Cause(
    "wrong-issuer", "a token names another issuer", "check the tenant and its id", "tenant"
)
WRONG_AUDIENCE: Final = Cause(
    "wrong-audience",
    "a token is for another audience",
    "correct the check's scopes, or say which audience is right in expect.aud",
    "{check}.scopes",
)
WRONG_CLIENT: Final = Cause(
    "wrong-client", "a token was issued to another client", "", "{check}.application"
)
CLOCK_SKEW: Final = Cause(
    "clock-skew",
    "a token's times do not fit this machine's clock",
    "set this machine's clock; a check allows five minutes",
)
WRONG_POLICY: Final = Cause(
    "wrong-policy",
    "the token comes from another policy",
    "correct the policy's PolicyId, or name it rightly in the check",
    "{policy}",
)
NO_POLICY_CLAIM: Final = Cause(
    "no-policy-claim",
    "the id token names no policy, in neither tfp nor acr",
    "let the policy issue acr, or output trustFrameworkPolicy as tfp",
    "{policy}",
)
MISSING_SCOPE: Final = Cause(
    "missing-scope",
    "the access token lacks a scope that was asked for",
    "declare the permission with adminConsent: true",
    "{application}.permissions",
    not_yet=True,
)
WRONG_NONCE: Final = Cause(
    "wrong-nonce", "a token does not repeat our nonce: it answers another request", "", "{policy}"
)
WRONG_AT_HASH: Final = Cause(
    "wrong-at-hash", "the id token belongs to another access token", "", "{policy}"
)
OTHER_SUBJECT: Final = Cause(
    "other-subject", "the refreshed token is somebody else's", "", "{policy}"
)
MISSING_CLAIM: Final = Cause(
    "missing-claim",
    "no token has an expected claim",
    "add it to the output claims of the policy or user flow, or to optionalClaims",
    "{policy}",
    not_yet=True,
)
WRONG_CLAIM: Final = Cause(
    "wrong-claim",
    "a claim has another value than expected",
    "correct the policy, or what the check expects",
    "{check}.expect",
    not_yet=True,
)
OLD_VERSION: Final = Cause(
    "old-policy-version",
    "sign-in works, but another version of the policy answers than the manifest builds",
    "wait some minutes, since policies are cached, then verify again; or run apply",
    "{policy}",
    not_yet=True,
)

WRONG_STATE: Final = Cause(
    "wrong-state", "the redirect does not repeat our state: it answers another request"
)
NO_CODE: Final = Cause("no-code", "the redirect brings no authorization code")
NO_FORM: Final = Cause(
    "no-form",
    "the sign-in page has no plain form to fill in",
    "leave out the check's user, so that a person signs in with a browser",
    "{check}.user",
)
ANOTHER_PAGE: Final = Cause(
    "another-page",
    "after the sign-in page came another page, which a check does not fill in",
    "check a policy that ends with the sign-in, or leave out the check's user, so that a person "
    "goes on with a browser",
    "{check}.user",
)
FORM_AGAIN: Final = Cause(
    "wrong-credentials",
    "the sign-in page asks again: wrong user name or password, or no such account",
    "correct the check's user name or password",
    "{check}.user",
)
NO_BROWSER: Final = Cause(
    "no-browser",
    "no browser can be opened here",
    "run where a person sits, or give the check a user",
    "{check}.user",
)
NOT_LOOPBACK: Final = Cause(
    "not-loopback",
    "a person's browser can bring the code only to http://localhost or http://127.0.0.1",
    "give the check a loopback redirect URI that the application registers",
    "{check}.redirectUri",
)
NOBODY_SIGNED_IN: Final = Cause(
    "nobody-signed-in", "nobody signed in with the browser in time", "verify again"
)
