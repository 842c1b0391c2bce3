"""`{Settings:Key}`, the packs' words, and references that live until apply."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest
from policy_samples import IEF, PROXY, TENANT, policy, read

from provisioning.core import refs
from provisioning.core.model import Address, Place, Ref, Template
from provisioning.policies import appsettings, document, settings
from provisioning.policies.settings import Settings, SettingValue


def substituted(body: str, file: str = "policies/B2C_1A_SignIn.xml", **values: SettingValue) -> str:
    given = Settings(TENANT.domain, values, environment="Development")
    found = settings.substitute(read(policy("A", f"<x>{body}</x>"), file), given)
    assert found.findings == ()
    (element,) = document.children(found.root)
    return element.text or ""


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("{Settings:Tenant}", "contoso.onmicrosoft.com"),
        ("{settings:TENANT}", "contoso.onmicrosoft.com"),
        ("{Settings:Filename}", "B2C_1A_SignIn"),
        ("{Settings:PolicyFilename}", "SignIn"),
        ("{Settings:Environment}", "Development"),
        ("{Settings:apihost}", "api.contoso.com"),
        (
            "https://{Settings:ApiHost}/{Settings:Tenant}",
            "https://api.contoso.com/contoso.onmicrosoft.com",
        ),
        ("{Settings:Nested}", "https://api.contoso.com"),
        ("{Settings:Dollar}", "$& stays"),
        ("https://yourtenant.onmicrosoft.com/x", "https://contoso.onmicrosoft.com/x"),
    ],
)
def test_settings_mean_what_the_extension_means(written: str, read_as: str) -> None:
    found = substituted(
        written, ApiHost="api.contoso.com", Nested="https://{Settings:ApiHost}", Dollar="$& stays"
    )
    assert found == read_as


@pytest.mark.parametrize(
    "token",
    [
        *(
            "{OIDC:Username}",
            "{tenant}",
            "{service:te}",
            "{Policy:TenantObjectId}",
            "{SAML:Issuer}",
        ),
        *("{Claim:email}", "{Context:CorrelationId}", "{OAUTH-KV:id}", "{Culture:RFC5646}", "{}"),
        *("{QueryString:x}", "{Settings}", "{0}", "^[a-z]{1,3}$"),
    ],
)
def test_the_engines_own_tokens_pass_through(token: str) -> None:
    assert substituted(token) == token


def test_the_packs_words_are_replaced_where_settings_have_them() -> None:
    assert substituted(
        "IdentityExperienceFrameworkAppId,ProxyIdentityExperienceFrameworkAppId",
        IdentityExperienceFrameworkAppId="1",
        ProxyIdentityExperienceFrameworkAppId="2",
    ) == ("1,2")
    assert substituted("ProxyIdentityExperienceFrameworkAppId") == (
        "ProxyIdentityExperienceFrameworkAppId"
    )


def test_values_are_escaped_once() -> None:
    text = policy("A", '<x y="{Settings:V}">{Settings:V}</x>')
    found = settings.substitute(read(text), Settings("t", {"V": 'a<b>&"c"'}))
    (element,) = ET.fromstring(document.serialize(found))
    assert (element.get("y"), element.text) == ('a<b>&"c"', 'a<b>&"c"')


def test_a_value_that_is_escaped_already_is_pointed_out() -> None:
    (finding,) = settings.check(Settings("t", {"Url": "https://x/?a=1&amp;b=2"}))
    assert (finding.rule, finding.severity) == ("setting-escaped", "warning")


def test_an_unknown_setting_is_an_error_at_its_line() -> None:
    text = policy("A", '\n<BuildingBlocks/>\n  <x y="{Settings:Nope}"/>')
    found = settings.substitute(read(text, "a.xml"), Settings("t", {"Known": "1"}))
    (finding,) = found.findings
    assert (finding.rule, finding.place) == ("unknown-setting", Place("a.xml", 3, 3))
    assert finding.message == "nothing sets {Settings:Nope}"
    assert "Known" in finding.remedy


def test_comments_may_hold_unknown_settings() -> None:
    original = read(policy("A", "<!-- {Settings:Nope} -->"))
    found = settings.substitute(original, Settings("t"))
    assert found.findings == ()
    assert document.serialize(found) == document.serialize(original)


def test_a_setting_that_is_defined_by_itself_is_an_error() -> None:
    values = {"A": "{Settings:B}", "B": "{Settings:A}"}
    found = settings.substitute(read(policy("A", "<x>{Settings:A}</x>")), Settings("t", values))
    assert [finding.rule for finding in found.findings] == ["setting-circle"]


def test_references_survive_and_are_cut_out_of_the_text() -> None:
    text = policy("A", '<x y="{Settings:Both}">&amp;{Settings:Proxy}&lt;</x>')
    both = Template((IEF, " and ", PROXY))
    given = Settings("t", {"Both": both, "Proxy": PROXY})
    written = document.serialize(settings.substitute(read(text), given))
    content = settings.content(written, given.references())
    assert isinstance(content, Template)
    assert list(refs.find(content)) == [IEF, PROXY, PROXY]
    known = {IEF: "1111", PROXY: "2222"}
    resolved = refs.resolve(content, lambda ref: known[ref])
    assert isinstance(resolved, str)
    assert '<x y="1111 and 2222">&amp;2222&lt;</x>' in resolved


def test_text_without_references_is_text() -> None:
    assert settings.content("<a/>", (IEF,)) == "<a/>"


def test_a_reference_to_anything_but_an_id_is_refused() -> None:
    name = Ref(Address("application", "api"), "displayName")
    place = Place("provisioning.yaml", 7, 3)
    found = settings.check(Settings("t", {"Name": name, "Id": IEF}, place=place))
    assert [(finding.rule, finding.place) for finding in found] == [("setting-no-id", place)]


APPSETTINGS = json.dumps(
    {
        "EnvironmentsFolder": "Environments",
        "Environments": [
            {
                "Name": "Development",
                "Production": False,
                "Tenant": "dev.onmicrosoft.com",
                "PolicySettings": {"FacebookAppId": 0, "Debug": True, "Host": "x"},
            },
            {"Name": "Production", "Production": True, "Tenant": "prod.onmicrosoft.com"},
        ],
    }
)


def test_an_environment_is_read_from_appsettings() -> None:
    found = appsettings.read("\ufeff" + APPSETTINGS, "development")
    values = {"FacebookAppId": "0", "Debug": "true", "Host": "x"}
    assert found == appsettings.Environment("Development", "dev.onmicrosoft.com", False, values)
    assert appsettings.read(APPSETTINGS, "Production").production


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("{", "x", "no JSON: Expecting property name"),
        ("[]", "x", 'no list "Environments"'),
        (APPSETTINGS, "Test", "no environment 'Test': it has Development, Production"),
        (APPSETTINGS, None, "2 environments: append #NAME"),
        ('{"Environments": [{"Name": "a", "PolicySettings": []}]}', "a", "of 'a' is no object"),
        ('{"Environments": [{"Name": "a", "PolicySettings": {"K": []}}]}', "a", "K is no plain"),
    ],
)
def test_other_files_are_refused_with_a_reason(text: str, name: str | None, message: str) -> None:
    with pytest.raises(appsettings.AppSettingsError, match=message):
        appsettings.read(text, name)
