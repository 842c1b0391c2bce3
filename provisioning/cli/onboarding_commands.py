"""`onboard`, `offboard` and `doctor`. Each body is one call into a module imported only then.

Must not import a room at the top: help is answered without any.
"""

from __future__ import annotations

import typer

from provisioning.cli import onboarding_options as own
from provisioning.cli import options
from provisioning.cli.options import AS_TEXT, JOURNAL, TEXT, WARNING
from provisioning.cli.surface import Surface


def onboard(
    context: typer.Context,
    manifests: options.Manifests,
    *,
    domain: own.Domain = None,
    kind: own.Kind = None,
    tenant_id: own.TenantId = None,
    cloud: own.CloudChoice = None,
    name: own.Name = None,
    ring: own.Ring = None,
    inventory: options.Inventory = options.INVENTORY,
    repository: own.Repository = None,
    environment: own.Environment = "production",
    branch: own.Branch = "main",
    issuer: own.Issuer = "https://token.actions.githubusercontent.com",
    certificate: own.Certificate = None,
    no_consent: own.NoConsent = False,
    owned_by: own.OwnedBy = False,
    yes: options.Yes = False,
    allow: options.Allow = None,
    var: options.Vars = None,
    sandbox: options.Sandbox = None,
    auth: options.AuthChoice = None,
    graph_endpoint: options.GraphEndpoint = None,
    form: options.FormatChoice = TEXT,
    journal: options.Journal = JOURNAL,
    log_level: options.Level = WARNING,
    log_format: options.LogShape = AS_TEXT,
    no_color: options.NoColor = False,
) -> None:
    """Make the identities that plan and apply these manifests, and list the tenant.

    An administrator signs in, with a device code unless --auth says otherwise.
    """
    from provisioning.cli import compose, onboarding, onboarding_input

    surface = Surface.made(form, log_level, log_format, no_color=no_color)
    way = compose.Way(sandbox, auth, graph_endpoint, journal)
    wanted = onboarding_input.Wanted(
        tuple(manifests),
        tuple(var or ()),
        onboarding_input.Target.named(domain, kind, tenant_id, cloud),
        onboarding_input.Trust(
            repository,
            environment,
            branch,
            issuer,
            tuple(certificate or ()),
            consent=not no_consent,
            owned_by=owned_by,
        ),
        onboarding_input.Listing(inventory, name, ring),
    )
    context.obj.code = surface.end(
        lambda: onboarding.onboard(surface, wanted, way, allow=tuple(allow or ()), yes=yes)
    )


def offboard(
    context: typer.Context,
    name: own.Leaving = None,
    *,
    domain: own.Domain = None,
    kind: own.Kind = None,
    tenant_id: own.TenantId = None,
    cloud: own.CloudChoice = None,
    inventory: options.Inventory = options.INVENTORY,
    forget: own.Forget = False,
    yes: options.Yes = False,
    allow: options.Allow = None,
    sandbox: options.Sandbox = None,
    auth: options.AuthChoice = None,
    graph_endpoint: options.GraphEndpoint = None,
    form: options.FormatChoice = TEXT,
    journal: options.Journal = JOURNAL,
    log_level: options.Level = WARNING,
    log_format: options.LogShape = AS_TEXT,
    no_color: options.NoColor = False,
) -> None:
    """Remove the identities that onboarding made, and nothing else."""
    from provisioning.cli import compose, offboarding, onboarding_input

    surface = Surface.made(form, log_level, log_format, no_color=no_color)
    way = compose.Way(sandbox, auth, graph_endpoint, journal)
    target = onboarding_input.Target.named(domain, kind, tenant_id, cloud)
    listing = onboarding_input.Listing(inventory, name)
    context.obj.code = surface.end(
        lambda: offboarding.offboard(
            surface, listing, target, way, allow=tuple(allow or ()), forget=forget, yes=yes
        )
    )


def doctor(
    context: typer.Context,
    manifest: options.OrManifest = None,
    *,
    inventory: options.Inventory = options.INVENTORY,
    tenant: options.Names = None,
    ring: options.Rings = None,
    all_tenants: options.AllTenants = False,
    role: own.As = None,
    var: options.Vars = None,
    sandbox: options.Sandbox = None,
    auth: options.AuthChoice = None,
    graph_endpoint: options.GraphEndpoint = None,
    form: options.FormatChoice = TEXT,
    log_level: options.Level = WARNING,
    log_format: options.LogShape = AS_TEXT,
    no_color: options.NoColor = False,
) -> None:
    """Check sign-ins, tenant, permissions, clock, prerequisites, expiries; change nothing."""
    from provisioning.cli import compose, fleet_choice
    from provisioning.cli import doctor as doctoring

    surface = Surface.made(form, log_level, log_format, no_color=no_color)
    way = compose.Way(sandbox, auth, graph_endpoint, JOURNAL)
    choice = fleet_choice.of(inventory, tenant, ring, every=all_tenants, parallel=1)
    variables = tuple(var or ())

    def examined() -> int:
        if choice.made:
            only = role.value if role is not None else ""
            return doctoring.examine_tenants(
                surface, choice, manifest, way, variables=variables, only=only
            )
        wish = compose.Wish(fleet_choice.manifest(manifest), variables)
        return doctoring.examine(surface, wish, way)

    context.obj.code = surface.end(examined)
