"""The built-in manifest: who is trusted for what, and what is refused before anybody signs in."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioning import manifest
from provisioning.core.model import Address, Tenant, TenantType
from provisioning.kinds import KINDS
from provisioning.tenants.onboarding import document, explanation, request, risks
from provisioning.tenants.onboarding.document import Access, Onboarding, Repository

TENANT = Tenant("contoso.onmicrosoft.com", TenantType.B2C)
ACCESS = Access(
    ("Directory.Read.All",),
    ("Application.ReadWrite.All", "Organization.Read.All"),
    ("Application.ReadWrite.All",),
)
GITHUB = "https://token.actions.githubusercontent.com"


def loaded(folder: Path, text: str) -> manifest.Manifest:
    path = folder / "manifest.yaml"
    path.write_text(text, encoding="utf-8")
    found = manifest.load(path, kinds=KINDS)
    assert found.findings == ()
    assert found.manifest is not None
    return found.manifest


def trusted(wanted: manifest.Manifest) -> dict[str, tuple[object, object, object]]:
    return {
        desired.address.key: (
            desired.body["issuer"],
            desired.body["subject"],
            desired.body["audiences"],
        )
        for desired in wanted.desired
        if desired.address.kind == "federated_identity_credential"
    }


def test_pull_requests_and_schedules_may_read_and_one_environment_may_write(
    tmp_path: Path,
) -> None:
    repository = Repository("contoso/infra", "prod: eu", "trunk")
    wanted = loaded(tmp_path, document.text(Onboarding(TENANT, "global", ACCESS, repository)))
    audiences = ["api://AzureADTokenExchange"]
    assert trusted(wanted) == {
        "reader.pull-request": (GITHUB, "repo:contoso/infra:pull_request", audiences),
        "reader.branch": (GITHUB, "repo:contoso/infra:ref:refs/heads/trunk", audiences),
        "deployer.environment": (
            GITHUB,
            "repo:contoso/infra:environment:prod%3A eu",
            audiences,
        ),
    }


def test_an_enterprise_brings_its_own_issuer(tmp_path: Path) -> None:
    repository = Repository("o/r", "prod", "main", "https://ghe.contoso.com/_services/token")
    wanted = loaded(tmp_path, document.text(Onboarding(TENANT, "global", ACCESS, repository)))
    issuers = {issuer for issuer, _, _ in trusted(wanted).values()}
    assert issuers == {"https://ghe.contoso.com/_services/token"}


def test_people_get_a_public_client_for_device_code_and_browser(tmp_path: Path) -> None:
    wanted = loaded(tmp_path, document.text(Onboarding(TENANT, "global", ACCESS)))
    (people,) = [d for d in wanted.desired if d.address == Address("application", "people")]
    assert people.body["isFallbackPublicClient"] is True
    assert people.body["publicClient"] == {"redirectUris": ["http://localhost"]}
    kinds = {d.address.kind for d in wanted.desired if d.address.key.startswith("people")}
    assert kinds == {"application", "service_principal", "delegated_permission_grant"}


def test_without_consent_permissions_are_asked_for_and_nothing_is_granted(tmp_path: Path) -> None:
    wanted = loaded(tmp_path, document.text(Onboarding(TENANT, "global", ACCESS, consent=False)))
    kinds = {desired.address.kind for desired in wanted.desired}
    assert kinds == {"application", "service_principal", "existing"}
    (reader,) = [d for d in wanted.desired if d.address == Address("application", "reader")]
    assert "requiredResourceAccess" in reader.body


def test_the_manifest_of_a_tenant_that_leaves_wants_nothing(tmp_path: Path) -> None:
    cloud = {
        "graph": "https://g.example",
        "login": "https://l.example",
        "signIn": "https://s.example",
    }
    tenant = Tenant(TENANT.domain, TENANT.type, "11111111-1111-1111-1111-111111111111")
    wanted = loaded(tmp_path, document.nothing(tenant, cloud))
    assert wanted.desired == ()
    assert (wanted.tenant, wanted.cloud) == (tenant, cloud)
    assert wanted.owner.name == "provisioning-onboarding"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"name": "contoso"}, "--repository contoso is no repository"),
        ({"name": "o/r/x"}, "--repository o/r/x is no repository"),
        ({"name": "o/${var.x}"}, "--repository o/${var.x} is no repository"),
        ({"branch": "release/*"}, "--branch release/* is no branch"),
        ({"environment": ""}, "--environment  is no environment's name"),
        ({"issuer": "http://ghe.contoso.com"}, "--issuer http://ghe.contoso.com is no https URL"),
    ],
)
def test_a_subject_that_could_mean_more_is_refused(options: dict[str, str], told: str) -> None:
    given = {"environment": "production", "branch": "main", "issuer": GITHUB, **options}
    name = given.pop("name", "o/r")
    _, faults = request.repository(name, **given)
    assert [fault.message for fault in faults] == [told]


def test_the_key_of_the_reader_must_not_open_the_deployer() -> None:
    files, faults = request.certificates(["a.pem", "reader=r.pem", "deployer=r.pem"])
    assert files["reader"] == "r.pem"
    assert [fault.message for fault in faults] == [
        "--certificate a.pem does not say whose it is",
        "r.pem is for reader and deployer",
    ]
    assert request.certificates(["reader=r.pem", "deployer=d.pem"]) == (
        {"reader": "r.pem", "deployer": "d.pem"},
        (),
    )


def test_of_a_file_with_a_private_key_only_the_certificate_is_taken() -> None:
    certificate = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    key = b"-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"
    assert request.public(key + certificate) == certificate
    assert request.public(certificate + key + certificate) == certificate
    assert request.public(b"\x30\x82") == b"\x30\x82"


def test_tier_zero_is_named_with_its_risk_and_the_rest_is_not_called_so() -> None:
    text = explanation.text(Onboarding(TENANT, "global", ACCESS, Repository("o/r", "prod", "main")))
    assert "  Application.ReadWrite.All  (tier 0)\n    can add a secret to any application" in text
    assert "  Organization.Read.All\n" in text
    assert "jobs of o/r in environment prod, no other" in text
    assert text.count("can add a secret") == 1
    found = risks.named(["Policy.Read.All", "AppRoleAssignment.ReadWrite.All"])
    assert [name for name, _ in found] == ["AppRoleAssignment.ReadWrite.All"]
    assert found[0][1].endswith("itself included, up to making administrators")


def test_what_ownership_and_no_consent_mean_is_said() -> None:
    owned = Access((), ("Application.ReadWrite.OwnedBy",), ())
    text = explanation.text(Onboarding(TENANT, "global", owned, consent=False))
    assert "It cannot adopt, restore or delete what somebody else made" in text
    assert "not consented to" in text
    assert "nobody can sign in as it yet" in text
