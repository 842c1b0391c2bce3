"""`sandbox …`: the commands around the embedded stand-in for Graph, and their options.

Must not import a room at the top: help is answered without any.
"""

from __future__ import annotations

from typing import Annotated

import typer

from provisioning.cli import options
from provisioning.cli.options import AS_TEXT, TEXT, WARNING
from provisioning.cli.surface import Surface

SANDBOX = ".sandbox"

sandbox = typer.Typer(help="The embedded stand-in for Microsoft Graph.", no_args_is_help=True)
users = typer.Typer(help="People of the sandbox's tenants.", no_args_is_help=True)
sandbox.add_typer(users, name="users")
flows = typer.Typer(help="What a person sets in the portal.", no_args_is_help=True)
sandbox.add_typer(flows, name="user-flows")


@sandbox.command()
def serve(
    context: typer.Context,
    *,
    port: options.Port = 8080,
    tls: options.Tls = False,
    tenant: options.Tenants = None,
    issuer: options.Issuers = None,
    faults: options.Faults = None,
    folder: options.SandboxFolder = SANDBOX,
    form: options.FormatChoice = TEXT,
    log_level: options.Level = WARNING,
    log_format: options.LogShape = AS_TEXT,
) -> None:
    """Answer on 127.0.0.1 until interrupted, for other processes and other clients.

    Prints `export` lines for a shell; with --format json one document.
    """
    from provisioning.cli import sandboxes

    surface = Surface.made(form, log_level, log_format, no_color=True)
    wanted = sandboxes.Served(port, tuple(tenant or ()), tuple(issuer or ()), faults, tls)
    context.obj.code = surface.end(lambda: sandboxes.serve(surface, folder, wanted))


@sandbox.command()
def show(
    context: typer.Context,
    *,
    folder: options.SandboxFolder = SANDBOX,
    form: options.FormatChoice = TEXT,
) -> None:
    """Show what the sandbox's tenants hold; --format json shows all of it."""
    from provisioning.cli import sandboxes

    surface = Surface.made(form, WARNING, AS_TEXT, no_color=True)
    context.obj.code = surface.end(lambda: sandboxes.show(surface, folder))


@sandbox.command()
def reset(context: typer.Context, *, folder: options.SandboxFolder = SANDBOX) -> None:
    """Empty the sandbox's tenants but for what every new tenant holds."""
    from provisioning.cli import sandboxes

    surface = Surface.made(TEXT, WARNING, AS_TEXT, no_color=True)
    context.obj.code = surface.end(lambda: sandboxes.reset(surface, folder))


@users.command("add")
def add_user(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="USER@DOMAIN", help="User principal name.")],
    *,
    display_name: Annotated[
        str | None, typer.Option(help="Display name; the part before @ when left out.")
    ] = None,
    password_env: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Environment variable that holds the password."),
    ] = None,
    tenant: options.OneTenant = None,
    folder: options.SandboxFolder = SANDBOX,
) -> None:
    """Add a user to the tenant of that domain, or change it, and print its object id."""
    from provisioning.cli import sandboxes

    surface = Surface.made(TEXT, WARNING, AS_TEXT, no_color=True)
    context.obj.code = surface.end(
        lambda: sandboxes.add_user(
            surface,
            folder,
            name,
            display_name=display_name,
            tenant=tenant,
            password_variable=password_env,
        )
    )


@flows.command("claims")
def set_claims(
    context: typer.Context,
    flow: Annotated[str, typer.Argument(metavar="FLOW", help="User flow, with or without B2C_1_.")],
    claims: Annotated[
        list[str] | None,
        typer.Argument(metavar="CLAIM", help='As the portal names them: "Display Name".'),
    ] = None,
    *,
    tenant: options.OneTenant = None,
    folder: options.SandboxFolder = SANDBOX,
) -> None:
    """Choose a user flow's application claims, which in a tenant only the portal can."""
    from provisioning.cli import sandboxes

    surface = Surface.made(TEXT, WARNING, AS_TEXT, no_color=True)
    context.obj.code = surface.end(
        lambda: sandboxes.set_claims(surface, folder, flow, claims or (), tenant=tenant)
    )
