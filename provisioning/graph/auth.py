"""`--auth`: which ways to sign in there are, what each needs, what some cannot do.

Must not read the process environment (it is given) and must not import azure.identity before a
credential is asked for: `--help` and `validate` come through here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from provisioning.core.errors import ProvisioningError
from provisioning.graph.clock import Clock
from provisioning.graph.clouds import CLOUDS, Cloud
from provisioning.graph.sign_in import SignIn

if TYPE_CHECKING:
    import httpx
    from azure.core.credentials_async import AsyncTokenCredential

_TENANT: Final = ("AZURE_TENANT_ID",)
_CLIENT: Final = ("AZURE_CLIENT_ID",)
_RUNNER: Final = ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")

_NEEDS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = MappingProxyType(
    {
        "default": (),
        "azure-cli": (),
        "device-code": (),
        "browser": (),
        "client-secret": (_TENANT, _CLIENT, ("AZURE_CLIENT_SECRET",)),
        "certificate": (_TENANT, _CLIENT, ("AZURE_CLIENT_CERTIFICATE_PATH",)),
        "workload-identity": (_TENANT, _CLIENT, ("AZURE_FEDERATED_TOKEN_FILE",)),
        "token": (("PROVISIONING_ACCESS_TOKEN",),),
    }
)

NAMES: Final = tuple(_NEEDS)
"""What `--auth` accepts."""

_TRUST_FRAMEWORK: Final = ("Policy.ReadWrite.TrustFramework", "TrustFrameworkKeySet.")


def credential(
    name: str,
    *,
    cloud: Cloud,
    env: Mapping[str, str],
    tenant_id: str | None,
    clock: Clock,
    prompt: Callable[[str], None],
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncTokenCredential:
    """Build the credential that `--auth NAME` stands for; nothing is sent yet.

    `tenant_id` is the manifest's tenant (id or domain) and goes before AZURE_TENANT_ID; `prompt`
    is shown what a person has to do; `transport` serves the runner's token request of
    `workload-identity`. Raises ProvisioningError naming every variable that is missing.
    """
    sign_in = _sign_in(name, cloud=cloud, env=env, tenant_id=tenant_id, clock=clock, prompt=prompt)
    from provisioning.graph import credentials  # noqa: PLC0415 - azure.identity loads here alone

    return credentials.build(sign_in, transport=transport)


def offline_hint(
    name: str, needed: Iterable[str], *, env: Mapping[str, str] = MappingProxyType({})
) -> str | None:
    """Tell that a way to sign in cannot get permissions that the plan needs, and the way out.

    The Azure CLI and azure-identity's own client are Microsoft's applications: no consent gives
    them trust-framework scopes. With AZURE_CLIENT_ID, `device-code` and `browser` sign in to the
    user's own application instead.
    """
    if name not in {"azure-cli", "device-code", "browser"}:
        return None
    if name != "azure-cli" and env.get("AZURE_CLIENT_ID"):
        return None
    beyond = sorted(scope for scope in needed if scope.startswith(_TRUST_FRAMEWORK))
    if not beyond:
        return None
    own = (
        "sign in with an application of your own that holds them: "
        "--auth client-secret, certificate or workload-identity, "
        "or --auth device-code with AZURE_CLIENT_ID"
    )
    return f"--auth {name} can never hold {', '.join(beyond)}; {own}"


def _sign_in(
    name: str,
    *,
    cloud: Cloud,
    env: Mapping[str, str],
    tenant_id: str | None,
    clock: Clock,
    prompt: Callable[[str], None],
) -> SignIn:
    if name not in _NEEDS:
        raise ProvisioningError(
            f"{name!r} is no way to sign in", remedy=f"--auth is one of {', '.join(NAMES)}"
        )
    variables = {key: value.strip() for key, value in env.items() if value.strip()}
    missing = _missing(name, variables, tenant_id)
    if missing:
        raise ProvisioningError(
            f"--auth {name} needs {', '.join(missing)}", remedy="set what is missing and run again"
        )
    authority = variables.get("AZURE_AUTHORITY_HOST", cloud.login).rstrip("/")
    if "//" not in authority:
        authority = f"https://{authority}"
    known = {urlsplit(one.login).hostname for one in CLOUDS.values()}
    return SignIn(
        name=name,
        authority=authority,
        known_authority=urlsplit(authority).hostname in known,
        tenant_id=tenant_id or variables.get("AZURE_TENANT_ID"),
        variables=variables,
        clock=clock,
        prompt=prompt,
    )


def _missing(name: str, variables: Mapping[str, str], tenant_id: str | None) -> list[str]:
    missing: list[str] = []
    for alternatives in _NEEDS[name]:
        given = tenant_id is not None and alternatives is _TENANT
        if not given and not any(variable in variables for variable in alternatives):
            missing.append(" or ".join(alternatives))
    file = "AZURE_FEDERATED_TOKEN_FILE"
    if file in missing:
        # A GitHub Actions job with `permissions: id-token: write` has both of these.
        runner = [variable for variable in _RUNNER if variable not in variables]
        missing.remove(file)
        if runner:
            missing.append(f"{file} (or {' and '.join(runner)}: permissions: id-token: write)")
    return missing
