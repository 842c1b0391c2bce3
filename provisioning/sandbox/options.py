"""The switches of the sandbox: everything the sources leave open; must not hold behaviour.

Each field says where its two sides come from. The defaults are the documented or the most often
reported side; tests flip one at a time.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Switches; they are stored in the database, so that a restart behaves the same."""

    read_lag: int = 0
    """A written object shows its old state to the next n reads that touch it (TF
    internal/helpers/consistency polls for this; length unverified)."""
    service_principal_race: Literal["bad_request", "forbidden"] = "bad_request"
    """Answer to a service principal whose application is not replicated: 400
    NoBackingApplicationObject, or 403 (both retried by TF application_resource.go)."""
    grant_race: Literal["object_not_found", "resource_not_found"] = "object_not_found"
    """404 code for a grant on a service principal that is not replicated (public code / 8.4)."""
    assignment_race: Literal["bad_request", "not_found"] = "bad_request"
    """Assignment on an unreplicated principal (terraform-provider-azuread#1759; 404 also seen)."""
    unique_name_on_post: Literal["accept", "refuse"] = "accept"
    """`uniqueName` in the create body (documented only for the upsert; unverified for POST)."""
    unique_name_on_patch: Literal["accept", "refuse"] = "accept"
    """One-time write of `uniqueName` (templates concept-uniquely-named-resources)."""
    unique_name_upsert: Literal["accept", "refuse"] = "accept"
    """PATCH (uniqueName='x') with Prefer: create-if-missing (G:v1/api/application-upsert.md)."""
    unique_name_key: Literal["accept", "refuse"] = "accept"
    """Reading by `(uniqueName='x')` (CSDL alternate key; a tenant without it is conceivable)."""
    unique_name_filter: Literal["accept", "refuse"] = "refuse"
    """`$filter` on uniqueName: the resource page names no filter support for it."""
    tag_filter: Literal["plain", "eventual"] = "plain"
    """tags/any(...) without ConsistencyLevel (reported in Q&A 539487, not documented)."""
    case_sensitive_filters: bool = False
    """String comparison in $filter; the directory ignores case (believed, unverified)."""
    max_or_clauses: int = 15
    """Expressions joined by `or`/`in` in one $filter (reported limit; unverified today)."""
    scope_edit_while_enabled: Literal["allow", "refuse"] = "allow"
    """Editing an enabled scope or role in place: TF disables first, others do not (1.8)."""
    api_patch: Literal["merge", "replace"] = "merge"
    """PATCH of `api`: nested merge (TF applications.go) or whole replacement (third party)."""
    identifier_uri_policy: Literal["off", "default"] = "off"
    """Tenant app-management policy (E:identifier-uri-restrictions.md)."""
    unverified_host_for_v2: Literal["accept", "refuse"] = "refuse"
    """Version 2 applications with foreign identifier hosts (azure-docs#82762, observed once)."""
    deleted_holds_identifier_uri: bool = True
    """A soft-deleted application keeps its identifier URIs (unverified)."""
    default_audience: Literal["AzureADandPersonalMicrosoftAccount", "AzureADMyOrg"] = (
        "AzureADandPersonalMicrosoftAccount"
    )
    """`signInAudience` when omitted: the upsert page's sample; Terraform's own default differs."""
    personal_app_roles: Literal["refuse", "accept"] = "refuse"
    """App roles on personal audiences (E:supported-accounts-validation.md: not supported)."""
    personal_optional_claims: Literal["refuse", "accept"] = "refuse"
    """Optional claims on personal audiences (E:supported-accounts-validation.md)."""
    key_null_keeps: bool = True
    """A keyCredential resent with its keyId and no key stays (microsoft-graph-docs#3579)."""
    assignment_duplicate: Literal["bad_request", "same_key"] = "bad_request"
    """Wording of a duplicate assignment: two variants seen, both 400 (msgraph-bicep-types#161)."""
    owner_duplicate_status: int = 400
    """Status of a repeated owner (unverified)."""
    delegated_owner: bool = True
    """The signed-in user becomes owner of what it creates (believed, unverified)."""
    mirror_tags: bool = True
    """Application tags appear on its service principals (G:v1/resources/application.md)."""
    scope_validation: bool = False
    """Refuse grant scopes that the resource does not publish (unverified)."""
    grant_leading_space: bool = False
    """Stored grant scope comes back with a leading space (unverified)."""
    restore_service_principal: bool = True
    """Restoring an application restores its service principal, grants and assignments
    (E:howto-restore-app.md; a third-party note says it does not)."""
    throttle: bool = False
    """60 writes a minute on personal-audience applications (G:concepts/throttling-limits.md)."""
    concurrency_violation: int = 0
    """After a credential write, the next n on the same application meet 409 (nais/azurerator)."""
    concurrency_status: Literal[409, 400] = 409
    """Status of Directory_ConcurrencyViolation (400 in public code)."""
    msa_lag: int = 0
    """The first n writes after creating a personal-audience application meet 409
    Error_MsaAppDoesNotExist (terraform-provider-azuread#1764)."""
    batch_responses: Literal["reversed", "as_sent"] = "reversed"
    """Order of $batch responses: documented as unspecified, so the default is another one."""
    max_batch: int = 20
    """Requests in one $batch (G:concepts/json-batching.md)."""
    max_federated_credentials: int = 20
    """Federated credentials of one application (believed, unverified)."""
    cpim_lag: bool = False
    """`read_lag` covers policies, keys, user flows and providers too (TF polls user flow
    attributes after create and delete; for the others nothing is reported)."""
    get_policy: Literal["echo", "drop_declaration_and_comments", "reindent", "rewrite"] = "echo"
    """What `$value` answers: the bytes sent, or the same content in another spelling, or
    (`rewrite`) with attributes and an order of metadata that nobody sent (all unverified)."""
    policy_put_status: Literal[200, 201] = 200
    """Status of a PUT that replaces a policy (VSC: 201 sometimes comes back for an update)."""
    missing_policy_status: Literal[404, 400] = 404
    """Status of AADB2C90073 for policies (unverified; for key sets it is 400)."""
    policy_delete_with_children: Literal["allow", "refuse"] = "allow"
    """Deleting a policy that others inherit from (IEF deletes in list order; unverified)."""
    policy_id_mismatch: Literal["refuse", "accept"] = "refuse"
    """A PolicyId that is not the id in the URL (unverified)."""
    concurrent_policy_writes: Literal["allow", "refuse"] = "allow"
    """Two overlapping writes: AADB2C95053 for the later one (B2CERR; how often is unknown)."""
    concurrent_policy_status: Literal[409, 400] = 409
    """Status of AADB2C95053 (unverified)."""
    unauthenticated_after: int = 0
    """After every n policy uploads one meets a 401 (deploy-trustframework-policy#3)."""
    message_repeats: int = 1
    """How often a validation message says everything (seen once and twice)."""
    max_policies: int = 200
    """Policies and user flows of a tenant (service limits)."""
    max_policy_kilobytes: int = 1024
    """Size of one policy file (service limits)."""
    max_policy_depth: int = 10
    """Length of a chain of base policies (service limits; another page knows none)."""
    inline_keys: Literal["refuse", "accept"] = "refuse"
    """`keys` in the body that creates a key set: documented, yet refused
    (msgraph-beta-sdk-dotnet#885)."""
    key_times: Literal["number", "text"] = "number"
    """`nbf` and `exp` in the answer to uploadSecret (the page's sample prints them as text)."""
    min_rsa_bits: int = 2048
    """Size below which an RSA key is AADB2C90137 (the number is believed, unverified)."""
    min_oct_bits: int = 0
    """Size below which a secret is AADB2C90138: meant for keys, client secrets are shorter."""
    wrong_pkcs12_code: Literal["AADB2C95025", "AADB2C90213"] = "AADB2C95025"
    """Code for a wrong PKCS#12 password (B2CERR has both)."""
    keys_v2: bool = False
    """Single keys under `keys_v2` (DEVX and the beta SDK know it; behaviour unverified)."""
    key_set_backup: bool = False
    """A deleted key set leaves one whose id ends with .bak (policy-keys-overview)."""
    referenced_key_set_delete: Literal["allow", "refuse"] = "allow"
    """Deleting a key set that a policy refers to (unverified)."""
    resource_owner_creation: Literal["works", "fails"] = "works"
    """Creating a resourceOwner user flow (microsoft-graph-docs#10820: AADB2C90063 in 2020)."""
    user_flow_patch_status: Literal[204, 200] = 204
    """PATCH of a user flow: the page's text says 200, its example shows 204."""
    cpim_throttle: bool = False
    """200 requests a minute under /identity (G:concepts/includes/throttling-cpim.md)."""
    visible_after_token_requests: int = 0
    """What Graph wrote shows its former state to the next n token requests of the tenant (P
    add-ropc-policy.md: some minutes)."""
    public_client_code: Literal["AADB2C90224", "AADB2C90058"] = "AADB2C90224"
    """Refusal of the password grant for an application that is no public client
    (azure-docs#50330, and another code in the ASP.NET Core docs)."""
    locked_account_code: Literal["AADB2C90114", "AADB2C90225"] = "AADB2C90114"
    """Answer to the password grant for a locked account (azure-docs#41355 names none)."""
    openid_consent: Literal["checked", "unchecked"] = "checked"
    """`openid` and `offline_access` need the tenant-wide grant on Microsoft Graph that the
    portal makes (P tutorial-register-applications; what happens without is unverified)."""
    my_org_audience: Literal["refuse", "accept"] = "refuse"
    """B2C's endpoints and AzureADMyOrg applications (Q&A 1501268: AADB2C90085)."""
    refresh_journey: Literal["endpoint", "issuer"] = "endpoint"
    """Which journey redeems: the relying party's Token endpoint or the issuer's
    RefreshTokenUserJourneyId, where both are named (starterpack#138; precedence unverified)."""
    legacy_login_host: Literal["refuse", "accept"] = "refuse"
    """B2C policies under login.microsoftonline.com (retired; the oldest articles use it)."""

    def dump(self) -> str:
        """JSON of every switch."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> Options:
        """Read `dump` back; switches that no longer exist are left out."""
        known = {field.name for field in fields(cls)}
        return cls(**{key: value for key, value in json.loads(text).items() if key in known})
