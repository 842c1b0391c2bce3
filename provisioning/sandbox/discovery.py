"""Discovery documents of the login hosts; must not know tenants' contents.

Source: E:v2-protocols-oidc.md; what MSAL asks before it asks for a token.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request


def issuer(root: str, tenant_id: str) -> str:
    """The issuer of the second version's tokens.

    External ID names the tenant's id for a host, whatever host was asked (entra-docs#408,
    oauth2-proxy#3476).
    """
    scheme, _, host = root.partition("://")
    _, dot, domain = host.partition(".")
    if dot and domain.startswith("ciamlogin."):
        root = f"{scheme}://{tenant_id}.{domain}"
    return f"{root}/{tenant_id}/v2.0"


def configuration(root: str, name: str, tenant_id: str) -> dict[str, Any]:
    """The OpenID configuration of a tenant (OpenID Connect Discovery 1.0)."""
    base = f"{root}/{name}"
    return {
        "issuer": issuer(root, tenant_id),
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": [
            "client_secret_post",
            "private_key_jwt",
            "client_secret_basic",
        ],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "tenant_region_scope": "NA",
        "cloud_instance_name": "microsoftonline.com",
        "msgraph_host": "graph.microsoft.com",
    }


def first(root: str, name: str, tenant_id: str) -> dict[str, Any]:
    """The same for the endpoints without a version in their path, whose issuer is fixed."""
    base = f"{root}/{name}"
    return {
        **configuration(root, name, tenant_id),
        "issuer": f"https://sts.windows.net/{tenant_id}/",
        "authorization_endpoint": f"{base}/oauth2/authorize",
        "token_endpoint": f"{base}/oauth2/token",
        "jwks_uri": f"{base}/discovery/keys",
    }


def realm(name: str) -> dict[str, Any]:
    """What MSAL asks before the password grant: every account is a managed one."""
    domain = name.rpartition("@")[2]
    return {"ver": "1.0", "account_type": "Managed", "domain_name": domain}


def instance(request: Request, root: str) -> dict[str, Any]:
    """What MSAL asks first: which hosts belong together."""
    host = request.headers.get("host", "")
    asked = request.query_params.get("authorization_endpoint", "")
    base = asked.split("/oauth2/")[0] or f"{root}/common"
    return {
        "tenant_discovery_endpoint": f"{base}/v2.0/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
    }
