from __future__ import annotations

import pytest

from provisioning.core.errors import ProvisioningError
from provisioning.graph import clouds


@pytest.mark.parametrize(
    ("name", "graph", "login"),
    [
        ("global", "https://graph.microsoft.com", "https://login.microsoftonline.com"),
        ("usgov", "https://graph.microsoft.us", "https://login.microsoftonline.us"),
        ("usgovdod", "https://dod-graph.microsoft.us", "https://login.microsoftonline.us"),
        ("china", "https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn"),
    ],
)
def test_every_cloud_has_its_hosts(name: str, graph: str, login: str) -> None:
    cloud = clouds.of(name)
    assert (cloud.name, cloud.graph, cloud.login) == (name, graph, login)
    assert cloud.scope == f"{graph}/.default"
    assert "{tenant}" in cloud.sign_in


def test_an_unknown_cloud_is_named_with_the_known_ones() -> None:
    with pytest.raises(ProvisioningError, match="'mars'") as caught:
        clouds.named("mars")
    assert "global, usgov, usgovdod, china" in caught.value.remedy


def test_a_cloud_of_ones_own_is_three_origins() -> None:
    cloud = clouds.of(
        {
            "graph": "https://graph.example/",
            "login": "http://127.0.0.1:8443",
            "signIn": "https://{tenant}.login.example",
        }
    )
    assert cloud == clouds.Cloud(
        name="custom",
        graph="https://graph.example",
        login="http://127.0.0.1:8443",
        sign_in="https://{tenant}.login.example",
        resource="https://graph.example",
    )


@pytest.mark.parametrize(
    "urls", [{}, {"graph": "https://g"}, {"graph": "x", "login": "x", "signIn": "x", "more": "x"}]
)
def test_a_cloud_of_ones_own_needs_its_keys_exactly(urls: dict[str, str]) -> None:
    with pytest.raises(ProvisioningError, match="exactly the keys"):
        clouds.custom(urls)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://graph.example", "loopback"),
        ("http://127.0.0.1.evil.example", "loopback"),
        ("http://localhost@evil.example", "must be https://HOST"),
        ("ftp://graph.example", "must be https://HOST"),
        ("graph.example", "must be https://HOST"),
        ("https://", "must be https://HOST"),
        ("https://user:pw@graph.example", "must be https://HOST"),
        ("https://graph.example/v1.0", "path"),
        ("https://graph.example?x", "path"),
        ("https://graph.example:port", "no URL"),
        ("https://[::1", "no URL"),
    ],
)
def test_what_is_no_safe_origin_is_refused_without_repeating_it(url: str, words: str) -> None:
    with pytest.raises(ProvisioningError, match=words) as caught:
        clouds.at_endpoint(clouds.named("global"), url)
    assert "user:pw" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://localhost:8080", "http://127.0.0.1", "http://[::1]:1", "https://proxy.example"]
)
def test_an_endpoint_replaces_graphs_origin_alone(url: str) -> None:
    cloud = clouds.at_endpoint(clouds.named("usgov"), url)
    assert cloud.graph == url
    assert cloud.scope == "https://graph.microsoft.us/.default"
    assert cloud.login == "https://login.microsoftonline.us"
