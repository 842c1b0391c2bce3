from __future__ import annotations

import dataclasses

import httpx
import pytest
from signin_service import GUID, POLICY, TENANT, Service, ropc, verify_one

from provisioning.core.errors import ProvisioningError
from provisioning.core.model import Tenant, TenantType
from provisioning.graph import clouds
from provisioning.signin import authority

CIAM = Tenant("contoso.onmicrosoft.com", TenantType.EXTERNAL, GUID)
STAFF = Tenant("contoso.com", TenantType.WORKFORCE)


@pytest.mark.parametrize(
    ("tenant", "cloud", "policy", "token"),
    [
        (TENANT, "global", POLICY, f"https://contoso.b2clogin.com/{TENANT.domain}/{POLICY}"),
        (
            dataclasses.replace(TENANT, domain="contoso.partner.onmschina.cn"),
            "china",
            POLICY,
            f"https://contoso.b2clogin.cn/contoso.partner.onmschina.cn/{POLICY}",
        ),
        (TENANT, "usgov", POLICY, f"https://contoso.b2clogin.us/{TENANT.domain}/{POLICY}"),
        (
            dataclasses.replace(TENANT, custom_domain="login.contoso.com"),
            "global",
            POLICY,
            f"https://login.contoso.com/{TENANT.domain}/{POLICY}",
        ),
        (TENANT, "global", None, f"https://login.microsoftonline.com/{GUID}"),
        (CIAM, "global", None, f"https://contoso.ciamlogin.com/{GUID}"),
        (STAFF, "global", None, "https://login.microsoftonline.com/contoso.com"),
        (STAFF, "usgov", None, "https://login.microsoftonline.us/contoso.com"),
        (STAFF, "usgovdod", None, "https://login.microsoftonline.us/contoso.com"),
        (STAFF, "china", None, "https://login.chinacloudapi.cn/contoso.com"),
    ],
)
def test_every_tenant_has_its_sign_in_host(
    tenant: Tenant, cloud: str, policy: str | None, token: str
) -> None:
    where = authority.of(ropc(policy=policy), tenant, cloud=clouds.named(cloud))
    assert where.token == f"{token}/oauth2/v2.0/token"
    assert where.authorize == f"{token}/oauth2/v2.0/authorize"
    assert where.discovery == f"{token}/v2.0/.well-known/openid-configuration"


def test_the_endpoint_replaces_scheme_and_authority_and_keeps_the_path() -> None:
    where = authority.of(
        ropc(), TENANT, cloud=clouds.named("global"), endpoint="http://127.0.0.1:8443/"
    )
    assert where.token == (f"http://127.0.0.1:8443/{TENANT.domain}/{POLICY}/oauth2/v2.0/token")
    assert where.keys("https://contoso.b2clogin.com/x/keys?p=1") == (
        "http://127.0.0.1:8443/x/keys?p=1"
    )


@pytest.mark.parametrize("url", ["http://example.com", "https://h/path", "ftp://h", "h"])
async def test_an_endpoint_that_is_no_safe_origin_is_a_usage_error(url: str) -> None:
    with pytest.raises(ProvisioningError, match="sign-in endpoint"):
        await verify_one(Service(), ropc(), endpoint=url)


async def test_a_sign_in_through_the_endpoint_reaches_no_other_host() -> None:
    service = Service()
    result = await verify_one(service, ropc(refresh=True), endpoint="http://localhost:8000")
    assert result.passed, result.summary
    assert {httpx.URL(url).netloc for url in service.paths()} == {b"localhost:8000"}


@pytest.mark.parametrize(
    ("tenant", "cloud", "policy", "url", "trusted"),
    [
        (TENANT, "global", POLICY, "https://contoso.b2clogin.com/k", True),
        (TENANT, "global", POLICY, "http://contoso.b2clogin.com/k", False),
        (TENANT, "global", POLICY, "https://fabrikam.b2clogin.com/k", False),
        (TENANT, "global", POLICY, "https://contoso.b2clogin.com@evil.example/k", False),
        (STAFF, "global", None, "https://login.windows.net/common/k", True),
        (STAFF, "global", None, "https://login.microsoftonline.us/common/k", False),
        (STAFF, "china", None, "https://login.partner.microsoftonline.cn/k", True),
        (CIAM, "global", None, f"https://{GUID}.ciamlogin.com/k", True),
        (CIAM, "global", None, "https://fabrikam.ciamlogin.com/k", False),
    ],
)
def test_keys_come_from_the_authoritys_own_hosts(
    tenant: Tenant, cloud: str, policy: str | None, url: str, trusted: bool
) -> None:
    where = authority.of(ropc(policy=policy), tenant, cloud=clouds.named(cloud))
    assert where.keys(url) == (url if trusted else None)


async def test_a_host_that_does_not_answer_is_told_by_name() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        message = f"cannot reach {request.content!r}"
        raise httpx.ConnectError(message)

    result = await verify_one(Service(), ropc(), transport=httpx.MockTransport(refuse))
    assert result.summary == (
        "the sign-in host does not answer: contoso.b2clogin.com: ConnectError"
    )
