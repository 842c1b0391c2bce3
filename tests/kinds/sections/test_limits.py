"""Documented limits: one more than allowed is a fault, the last allowed is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from declared import GUID, PERSONAL, app, read

WORK = ""
ACCOUNTS = "learn.microsoft.com/entra/identity-platform/supported-accounts-validation"
REPLY_URL = "learn.microsoft.com/entra/identity-platform/reply-url"
FEDERATED = "learn.microsoft.com/graph/api/resources/federatedidentitycredential"
TEXTS = "{adminConsentDisplayName: R, adminConsentDescription: R}"


def many(count: int, spell: Callable[[int], str]) -> str:
    return "[" + ", ".join(spell(number) for number in range(count)) + "]"


def redirects(count: int) -> str:
    return "web: {redirectUris: " + many(count, lambda n: f"'https://a.example/{n}'") + "}"


def redirect(length: int) -> str:
    return f"web: {{redirectUris: ['https://a.example/{'x' * (length - 18)}']}}"


def identifiers(count: int) -> str:
    return "identifierUris: " + many(count, lambda n: f"'api://{GUID}/{n}'")


def identifier(length: int) -> str:
    return f"identifierUris: ['api://{'x' * (length - 6)}']"


def scopes(count: int) -> str:
    return "scopes: {" + many(count, lambda n: f"s{n}: {TEXTS}")[1:-1] + "}"


def scope(length: int) -> str:
    return f"scopes: {{{'x' * length}: {TEXTS}}}"


def permissions(count: int) -> str:
    names = many(count, lambda n: f"p{n}")
    return f"permissions: [{{resource: microsoftGraph, delegated: {names}}}]"


def spread_permissions(count: int) -> str:
    return "permissions: " + many(
        count // 20,
        lambda n: (
            f"{{resource: 00000000-0000-4000-8000-{n:012d}, "
            f"delegated: {many(20 + count % 20 * (n == 0), lambda m: f'p{m}')}}}"
        ),
    )


def apis(count: int) -> str:
    return "permissions: " + many(
        count, lambda n: f"{{resource: 00000000-0000-4000-8000-{n:012d}, delegated: [a]}}"
    )


def clients(count: int) -> str:
    return "preAuthorizedApplications: " + many(
        count, lambda n: f"{{appId: 00000000-0000-4000-8000-{n:012d}, permissionIds: [a]}}"
    )


def client_scopes(count: int) -> str:
    names = many(count, lambda n: f"p{n}")
    return f"preAuthorizedApplications: [{{appId: {GUID}, permissionIds: {names}}}]"


def federated(count: int) -> str:
    spelled = many(count, lambda n: f"c{n}: {{issuer: https://i.example, subject: s{n}}}")
    return "federatedCredentials: {" + spelled[1:-1] + "}"


def federated_name(length: int) -> str:
    return f"federatedCredentials: {{{'x' * length}: {{issuer: https://i.example, subject: s}}}}"


def subject(length: int) -> str:
    entry = f"{{issuer: https://i.example, subject: {'s' * length}}}"
    return f"federatedCredentials: {{main: {entry}}}"


def secrets(count: int) -> str:
    return "secrets: {" + many(count, lambda n: f"s{n}: {{store: {{file: f{n}}}}}")[1:-1] + "}"


def tag(length: int) -> str:
    return f"tags: [{'x' * length}]"


def notes(length: int) -> str:
    return f"notes: {'x' * length}"


def logout(length: int) -> str:
    return f"web: {{logoutUrl: 'https://a.example/{'x' * (length - 18)}'}}"


@pytest.mark.parametrize(
    ("audience", "lines", "limit", "said"),
    [
        (WORK, redirects, 256, f"257 redirect URIs; at most 256 ({REPLY_URL})"),
        (PERSONAL, redirects, 100, f"101 redirect URIs; at most 100 ({REPLY_URL})"),
        (WORK, redirect, 256, f"a redirect URI of 257 characters; at most 256 ({REPLY_URL})"),
        (
            WORK,
            identifier,
            255,
            f"256 characters in an identifier URI; at most 255 ({ACCOUNTS})",
        ),
        (
            PERSONAL,
            identifier,
            120,
            f"121 characters in an identifier URI; with personal accounts at most 120 ({ACCOUNTS})",
        ),
        (
            PERSONAL,
            identifiers,
            50,
            f"51 identifier URIs; with personal accounts at most 50 ({ACCOUNTS})",
        ),
        (PERSONAL, scopes, 100, f"101 scopes; with personal accounts at most 100 ({ACCOUNTS})"),
        (WORK, scope, 120, f"121 characters in scope {'x' * 121}; at most 120 ({ACCOUNTS})"),
        (
            PERSONAL,
            scope,
            40,
            f"41 characters in scope {'x' * 41}; with personal accounts at most 40 ({ACCOUNTS})",
        ),
        (WORK, permissions, 400, f"401 permissions; at most 400 ({ACCOUNTS})"),
        (
            PERSONAL,
            permissions,
            30,
            f"31 permissions on one API; with personal accounts at most 30 ({ACCOUNTS})",
        ),
        (
            PERSONAL,
            spread_permissions,
            200,
            f"201 permissions; with personal accounts at most 200 ({ACCOUNTS})",
        ),
        (WORK, apis, 50, f"51 APIs in permissions; at most 50 ({ACCOUNTS})"),
        (PERSONAL, clients, 100, f"101 clients; with personal accounts at most 100 ({ACCOUNTS})"),
        (
            PERSONAL,
            client_scopes,
            30,
            f"31 scopes of one client; with personal accounts at most 30 ({ACCOUNTS})",
        ),
        (WORK, federated, 20, f"21 credentials; at most 20 ({FEDERATED})"),
        (
            WORK,
            federated_name,
            120,
            (
                f"'{'x' * 121}' cannot be a name: at most 120 characters that are safe in a URL "
                f"({FEDERATED})"
            ),
        ),
        (WORK, subject, 600, f"601 characters in subject; at most 600 ({FEDERATED})"),
        (PERSONAL, secrets, 2, f"3 secrets; with personal accounts at most 2 ({ACCOUNTS})"),
        (
            WORK,
            tag,
            256,
            f"'{'x' * 257}' is no tag: 1 to 256 characters without white space ({ACCOUNTS})",
        ),
        (
            WORK,
            notes,
            1024,
            (
                "1025 characters in notes; at most 1024 "
                "(learn.microsoft.com/graph/api/resources/application)"
            ),
        ),
        (WORK, logout, 255, f"256 characters in the logout URL; at most 255 ({ACCOUNTS})"),
    ],
)
def test_one_more_than_the_limit_is_a_fault(
    tmp_path: Path, audience: str, lines: Callable[[int], str], limit: int, said: str
) -> None:
    assert read(tmp_path, app(audience + lines(limit))).faults == []
    assert read(tmp_path, app(audience + lines(limit + 1))).faults == [said]


@pytest.mark.parametrize(
    ("audience", "limit"), [("AzureADMyOrg", 120), ("PersonalMicrosoftAccount", 90)]
)
def test_display_names_are_shorter_with_personal_accounts(
    tmp_path: Path, audience: str, limit: int
) -> None:
    text = "applications: {app: {signInAudience: %s, displayName: %s}}"
    assert read(tmp_path, text % (audience, "x" * limit)).faults == []
    assert len(read(tmp_path, text % (audience, "x" * (limit + 1))).faults) == 1


def test_the_default_audience_of_a_b2c_tenant_has_the_limits_of_personal_accounts(
    tmp_path: Path,
) -> None:
    text = app(f"scopes: {{{'x' * 41}: {TEXTS}}}")
    assert read(tmp_path, text, tenant="workforce").faults == []
    assert len(read(tmp_path, text, tenant="b2c").faults) == 1


def test_limits_of_an_adopted_application_of_unknown_audience_are_the_loosest(
    tmp_path: Path,
) -> None:
    text = app(f"adopt: {{displayName: App}}\nscopes: {{{'x' * 41}: {TEXTS}}}")
    assert read(tmp_path, text, tenant="b2c").faults == []


def test_a_huge_application_is_warned_of_before_it_is_refused(tmp_path: Path) -> None:
    def severity(count: int) -> list[str]:
        found = read(tmp_path, app("tags: " + many(count, lambda n: f"t{n}")))
        return [finding.severity.value for finding in found.findings]

    assert severity(1000) == []
    assert severity(1001) == ["warning"]
    assert severity(1200) == ["warning"]
    assert severity(1201) == ["error"]


def test_a_grant_holds_3850_characters(tmp_path: Path) -> None:
    def text(names: int) -> str:
        listed = many(names, lambda n: f"Permission{n:04d}.All")
        entry = f"{{resource: microsoftGraph, adminConsent: true, delegated: {listed}}}"
        return app(f"permissions: [{entry}]")

    assert read(tmp_path, text(202)).faults == []
    assert read(tmp_path, text(203)).faults == [
        (
            "the grant of app on microsoftGraph has 3856 characters; Graph keeps 3850 "
            "(learn.microsoft.com/graph/api/resources/oauth2permissiongrant)"
        )
    ]


def test_an_application_has_at_most_100_owners(tmp_path: Path) -> None:
    def text(count: int) -> str:
        users = "".join(f"  u{n}: {{user: u{n}@contoso.com}}\n" for n in range(count))
        return f"existing:\n{users}" + app("owners: " + many(count, lambda n: f"u{n}"))

    assert read(tmp_path, text(100)).faults == []
    assert [fault[:25] for fault in read(tmp_path, text(101)).faults] == [
        "101 owners; at most 100 ("
    ]
