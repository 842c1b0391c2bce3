"""`tenants …`: what can be done with an inventory offline, and its options.

Must not import a room at the top: help is answered without any.
"""

from __future__ import annotations

from typing import Annotated

import typer

from provisioning.cli import options
from provisioning.cli.options import AS_TEXT, TEXT, WARNING, CloudName, TenantKind
from provisioning.cli.surface import Surface

tenants = typer.Typer(help="The inventory of tenants, offline.", no_args_is_help=True)


@tenants.command("list")
def listed(
    context: typer.Context,
    *,
    inventory: options.Inventory = options.INVENTORY,
    tenant: options.Names = None,
    ring: options.Rings = None,
    form: options.FormatChoice = TEXT,
    log_level: options.Level = WARNING,
    log_format: options.LogShape = AS_TEXT,
    no_color: options.NoColor = False,
) -> None:
    """Show the tenants of the inventory, in the order of their rollout."""
    from provisioning.cli import fleet_choice, tenant_list

    surface = Surface.made(form, log_level, log_format, no_color=no_color)
    choice = fleet_choice.of(inventory, tenant, ring, every=not (tenant or ring), parallel=1)
    context.obj.code = surface.end(lambda: tenant_list.show(surface, choice))


@tenants.command()
def add(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Small letters, digits and -, at most 63.")
    ],
    *,
    domain: Annotated[str, typer.Option("--domain", help="Initial domain of the tenant.")],
    kind: Annotated[
        TenantKind | None, typer.Option("--type", help="Kind of directory, without a default.")
    ] = None,
    identity: Annotated[str | None, typer.Option("--id", help="Directory id.")] = None,
    cloud: Annotated[CloudName | None, typer.Option("--cloud", help="Microsoft's cloud.")] = None,
    custom_domain: Annotated[
        str | None, typer.Option("--custom-domain", help="Domain of the sign-in pages.")
    ] = None,
    ring: Annotated[str | None, typer.Option("--ring", help="Ring of its rollout.")] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="Repeatable.")] = None,
    manifest: Annotated[
        list[str] | None,
        typer.Option("--manifest", help="Relative to the inventory; repeatable."),
    ] = None,
    inventory: options.Inventory = options.INVENTORY,
    log_level: options.Level = WARNING,
    log_format: options.LogShape = AS_TEXT,
    no_color: options.NoColor = False,
) -> None:
    """Add a tenant to the inventory; everything else in the file stays as it is."""
    from provisioning.cli import tenant_list

    surface = Surface.made(TEXT, log_level, log_format, no_color=no_color)
    keys = {
        "domain": domain,
        "id": identity,
        "type": kind and kind.value,
        "cloud": cloud and cloud.value,
        "customDomain": custom_domain,
        "ring": ring,
        "tags": tag,
        "manifests": manifest,
    }
    context.obj.code = surface.end(lambda: tenant_list.add(surface, inventory, name, keys))


@tenants.command()
def shards(
    context: typer.Context,
    *,
    count: Annotated[
        int,
        typer.Option(
            "--count", metavar="N", min=1, max=256, help="Jobs at the most; a matrix has 256."
        ),
    ],
    inventory: options.Inventory = options.INVENTORY,
    tenant: options.Names = None,
    ring: options.Rings = None,
    log_level: options.Level = WARNING,
    log_format: options.LogShape = AS_TEXT,
    no_color: options.NoColor = False,
) -> None:
    """Print the matrix of a GitHub Actions workflow that shares the tenants out to jobs."""
    from provisioning.cli import fleet_choice, tenant_shards

    surface = Surface.made(TEXT, log_level, log_format, no_color=no_color)
    choice = fleet_choice.of(inventory, tenant, ring, every=not (tenant or ring), parallel=1)
    context.obj.code = surface.end(lambda: tenant_shards.show(surface, choice, count))
