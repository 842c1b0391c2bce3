"""A fault of form in an entry hides no other fault, and none is told that only follows from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from declared import KINDS, SCOPE_TEXTS, read

from provisioning import manifest


def said(folder: Path, text: str, *, tenant: str = "workforce") -> list[str]:
    """`what the place begins with: rule` of every finding, in the order of the lines."""
    found = read(folder, text, tenant=tenant)
    return [f"{found.line(f.place).partition(' ')[0]} {f.rule}" for f in found.findings]


def test_an_entry_tells_its_faults_of_form_and_of_meaning_together(tmp_path: Path) -> None:
    assert said(
        tmp_path,
        f"""\
        applications:
          api:
            displayName: Api
            notify: me
            identifierUris: [nothing, "https://api.example/*"]
            isFallbackPublicClient: "maybe"
            logoutUrl: http://plain.example
            scopes:
              read: {SCOPE_TEXTS}
              write: {{adminConsentDisplayName: 5}}
            permissions:
              - {{resource: nobody, delegated: [read], extra: 1}}
              - {{resource: microsoftGraph, delegated: [openid, openid]}}
            secrets:
              main:
                lifetime: P1D
                rotateBefore: P2D
                spare: true
                store: {{dotenv: a.env, name: A}}
          app:
            displayName: App
            identifierUris: ["nothing"]
            web: {{redirectUris: ["http://x.example", 5, "ftp:/y"]}}
        """,
    ) == [
        "notify: unknown-key",
        "nothing, identifier-uri",
        '"https://api.example/*"] identifier-uri',
        '"maybe" wrong-type',
        "http://plain.example logout-url",
        "write: missing-key",
        "5} wrong-type",
        "nobody, unknown-reference",
        "extra: unknown-key",
        "openid]} said-twice",
        "P2D rotation",
        "spare: unknown-key",
        '"nothing"] identifier-uri',
        '"nothing"] identifier-uri',
        '"http://x.example", redirect-uri',
        "5, wrong-type",
        '"ftp:/y"]} redirect-uri',
    ]


def test_what_was_written_wrongly_is_not_missed_as_well(tmp_path: Path) -> None:
    assert said(
        tmp_path,
        """\
        existing:
          helpdesk: {group: 5}
        applications:
          api:
            displayNam: Api
            scopes: {read: {adminConsentDisplayName: Read}}
            appRoles: 5
            secrets: {main: {store: {dotenv: a.env, nam: A}}}
          app:
            displayName: 5
            permissions:
              - {resource: api, delegated: [read], application: [reader]}
              - {resource: api, delegate: [read]}
            servicePrincipal: {assignments: [{principal: helpdesk, role: default}]}
            preAuthorized: [{application: api, scopes: 5}]
            secrets: {main: {lifetime: 5, rotateBefore: P2Y, store: {dotenv: b.env, name: A}}}
          other:
            displayName: Other
            secrets: {main: {rotateBefor: P2D, overlap: P1D, store: {dotenv: c.env, name: A}}}
        checks:
          one: {flow: ropc, application: api, usr: {name: a, password: {fromEnv: P}}}
          two: {flow: client_credentials, application: api, secret: main}
        """,
    ) == [
        "5} wrong-type",
        "displayNam: unknown-key",
        "read: missing-key",
        "5 wrong-type",
        "nam: unknown-key",
        "5 wrong-type",
        "delegate: unknown-key",
        "5}] wrong-type",
        "5, wrong-type",
        "rotateBefor: unknown-key",
        "usr: unknown-key",
    ]


def test_an_audience_that_is_misspelt_brings_no_limits_of_another_one(tmp_path: Path) -> None:
    for line in ("signInAudience: AzureADMyOrgs", "signinAudience: AzureADMyOrg"):
        faults = said(
            tmp_path,
            f"""\
            applications:
              api:
                displayName: Api
                {line}
                optionalClaims: {{idToken: [{{name: email}}]}}
            """,
            tenant="b2c",
        )
        assert len(faults) == 1


def test_a_misspelt_section_is_one_fault(tmp_path: Path) -> None:
    assert said(
        tmp_path,
        """\
        aplications:
          api: {displayName: Api}
        checks:
          one: {flow: code, application: api, redirectUri: "https://a.example"}
        """,
    ) == ["aplications: unknown-key"]


@pytest.mark.parametrize(
    "tenant",
    [
        "{domain: contoso.onmicrosoft.com, type: workforce, colour: red}",
        "{domain: contoso.onmicrosoft.com, type: workforce, id: 5}",
    ],
)
def test_a_faulty_tenant_hides_no_fault_below_it(tmp_path: Path, tenant: str) -> None:
    whole = f"version: 1\nname: demo\ntenant: {tenant}\napplications: {{api: {{web: 5}}}}\n"
    path = tmp_path / "whole.yaml"
    path.write_text(whole, encoding="utf-8")
    assert [f.rule for f in manifest.load(path, kinds=KINDS).findings][1:] == [
        "missing-display-name",
        "wrong-type",
    ]


def test_later_items_of_a_list_keep_their_places(tmp_path: Path) -> None:
    assert said(
        tmp_path,
        """\
        applications:
          api:
            displayName: Api
            tags:
              - 5
              - fine
              - has space
        """,
    ) == ["5 wrong-type", "has tag"]


def test_a_missing_tenant_hides_no_fault_of_the_header(tmp_path: Path) -> None:
    path = tmp_path / "whole.yaml"
    path.write_text("applications: {}\n", encoding="utf-8")
    told = [f.message for f in manifest.load(path, kinds=KINDS).findings]
    assert told == ["`name` is missing", "`version` is missing", "no tenant is named"]
