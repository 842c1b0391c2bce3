"""Two empty tenants from onboarding to offboarding, over TLS, each step by its own identity."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import jwt
import pytest
from cli_shell import Shell, Told, opened
from cryptography.hazmat.primitives.asymmetric import rsa
from served import served
from test_cli_onboarding import AZURE_CLI, GITHUB, GLOBAL_ADMINISTRATOR, elsewhere

from provisioning.sandbox import Sandbox

PASSWORD = "Correct-Horse-9"
MANIFESTS = Path(__file__).parents[2] / "manifests"
TENANTS = {
    "contoso": ("b2c", ("access-token", "ropc-custom-policy", "ropc-user-flow")),
    "fabrikam": ("workforce", ("auth0-native",)),
}
TENANT = "\ntenant:\n  domain: contoso.onmicrosoft.com\n  type: {}\n"


class Story:
    """A folder with the shipped manifests for any tenant, and both tenants served over TLS."""

    def __init__(self, shell: Shell, box: Sandbox) -> None:
        self.shell, self.box = shell, box
        self.github = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self.github.public_key(), as_dict=True)
        keys = [{**key, "kid": "1", "use": "sig", "alg": "RS256"}]
        box.trust_issuer(GITHUB, {"keys": keys})
        for name, (kind, manifests) in TENANTS.items():
            box.add_tenant(f"{name}.onmicrosoft.com", kind)
            for manifest in manifests:
                for file in (MANIFESTS / manifest).rglob("*"):
                    if file.suffix in {".yaml", ".xml"}:
                        text = file.read_text(encoding="utf-8").replace(TENANT.format(kind), "")
                        shell.write(str(file.relative_to(MANIFESTS.parent)), text)

    def onboard(self, name: str) -> tuple[str, dict[str, str]]:
        kind, manifests = TENANTS[name]
        listed = " ".join(f"manifests/{each}" for each in manifests)
        line = f"onboard {listed} --domain {name}.onmicrosoft.com --type {kind}"
        own = self.administrator(name)
        return f"{line} --repository contoso/infra --auth token --yes", own

    def administrator(self, name: str) -> dict[str, str]:
        token = self.box.issue_token(
            f"{name}.onmicrosoft.com", scopes=AZURE_CLI, directory_roles=[GLOBAL_ADMINISTRATOR]
        )
        return {"PROVISIONING_ACCESS_TOKEN": token}

    def job(self, subject: str, line: str) -> tuple[str, dict[str, str]]:
        """A command of a workflow's job; `subject` is what its token says."""
        now = datetime.now(UTC)
        claims = {
            "iss": GITHUB,
            "sub": f"repo:contoso/infra:{subject}",
            "aud": "api://AzureADTokenExchange",
            "nbf": now - timedelta(minutes=1),
            "exp": now + timedelta(minutes=5),
        }
        token = jwt.encode(claims, self.github, algorithm="RS256", headers={"kid": "1"})
        file = self.shell.write(f"{subject}.jwt".replace(":", "-"), token)
        return line, {"AZURE_FEDERATED_TOKEN_FILE": str(file)}

    def reader(self, line: str) -> tuple[str, dict[str, str]]:
        return self.job("pull_request", line)

    def deployer(self, line: str) -> tuple[str, dict[str, str]]:
        return self.job("environment:production", line)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    with opened(tmp_path) as shell, closing(Sandbox(None)) as box:
        for name in [name for name in os.environ if name.startswith(("AZURE_", "ACTIONS_"))]:
            del os.environ[name]
        with served(box, tmp_path / "tls") as url:
            os.environ |= {
                "NO_PROXY": "localhost,127.0.0.1",
                "SSL_CERT_FILE": str(tmp_path / "tls" / "ca.pem"),
                "REQUESTS_CA_BUNDLE": str(tmp_path / "tls" / "ca.pem"),
                "AZURE_AUTHORITY_HOST": url,
                "PROVISIONING_GRAPH_ENDPOINT": url,
                "PROVISIONING_SIGNIN_ENDPOINT": url,
                "TEST_USER": "alice@example.com",
                "TEST_PASSWORD": PASSWORD,
            }
            yield Story(shell, box)


def statuses(told: Told) -> dict[str, str]:
    return {tenant["name"]: tenant["status"] for tenant in told.document["tenants"]}


def drift(box: Sandbox) -> None:
    """Change both tenants as somebody does in the portal."""

    async def changed() -> None:
        for name in TENANTS:
            domain = f"{name}.onmicrosoft.com"
            token = {"Authorization": f"Bearer {box.issue_token(domain)}"}
            async with httpx.AsyncClient(transport=box.transport(), headers=token) as graph:
                names = {
                    each["displayName"]: each["id"] for each in box.dump(domain)["applications"]
                }
                app = names.get("ROPC_Auth_app") or names["Auth0 native application"]
                url = f"https://graph.microsoft.com/v1.0/applications/{app}"
                body = {
                    "isFallbackPublicClient": True,
                    "web": {"redirectUris": ["https://evil.example"]},
                }
                (await graph.patch(url, json=body)).raise_for_status()
                if name == "contoso":
                    url = (
                        "https://graph.microsoft.com/beta/trustFramework/policies/B2C_1A_ROPC_Auth"
                    )
                    (await graph.delete(url)).raise_for_status()

    asyncio.run(changed())


def test_two_tenants_from_onboarding_over_deployment_and_drift_to_offboarding(story: Story) -> None:
    box, shell = story.box, story.shell
    box.add_user("contoso.onmicrosoft.com", "alice@example.com", "Alice", password=PASSWORD)
    everything = "--all-tenants --format json"
    *onboarded, planned, deployed, seen = elsewhere(
        shell,
        *map(story.onboard, TENANTS),
        story.reader(f"plan {everything} --detailed-exitcode"),
        story.deployer(f"apply {everything} --yes"),
        story.reader(f"plan {everything} --detailed-exitcode"),
    )
    assert [told.code for told in onboarded] == [0, 0], onboarded
    assert (planned.code, set(statuses(planned).values())) == (2, {"changes"})
    # The claims of a user flow are in no API.
    done = {"contoso": "waiting", "fabrikam": "applied"}
    assert (deployed.code, statuses(deployed)) == (3, done), deployed.stderr
    in_sync = {"contoso": "waiting", "fabrikam": "in-sync"}
    assert (seen.code, statuses(seen)) == (3, in_sync)
    drift(box)
    drifted, refused, repaired, seen, proven, *gone = elsewhere(
        shell,
        story.reader(f"plan {everything} --detailed-exitcode"),
        story.reader(f"apply {everything} --yes"),
        story.deployer(f"apply {everything} --yes"),
        story.reader(f"plan {everything} --detailed-exitcode"),
        story.reader("verify --tenant contoso --format json manifests/ropc-custom-policy"),
        *(
            (f"offboard {name} --auth token --forget --yes", story.administrator(name))
            for name in TENANTS
        ),
    )
    assert (drifted.code, set(statuses(drifted).values())) == (2, {"changes"})
    assert (refused.code, set(statuses(refused).values())) == (1, {"failed"})
    assert (repaired.code, statuses(repaired)) == (3, done), repaired.stderr
    assert (seen.code, statuses(seen)) == (3, in_sync)
    assert (proven.code, statuses(proven)) == (0, {"contoso": "passed"}), proven.stdout
    assert [told.code for told in gone] == [0, 0], gone
    assert (shell.folder / "tenants.yaml").read_text() == "version: 1\ntenants: {}\n"
    ours = {"Provisioning reader", "Provisioning deployer", "Provisioning for people"}
    for name in TENANTS:
        left = {a["displayName"] for a in box.dump(f"{name}.onmicrosoft.com")["applications"]}
        assert not left & ours
        assert len(left) >= 2
