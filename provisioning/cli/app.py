"""Commands and their options. Each body is one call into a module that is imported only then.

Must not import a room at the top: help and version are answered without any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

import provisioning
from provisioning.cli import (
    onboarding_commands,
    options,
    policy_commands,
    sandbox_commands,
    tenant_commands,
)
from provisioning.cli.options import AS_TEXT, FINDINGS, JOURNAL, TEXT, WARNING
from provisioning.cli.surface import Surface

app = typer.Typer(
    help="Make a Microsoft Entra or Azure AD B2C tenant what a manifest says.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(policy_commands.policies, name="policies")
app.add_typer(sandbox_commands.sandbox, name="sandbox")
app.add_typer(tenant_commands.tenants, name="tenants")


@dataclass(slots=True)
class Ending:
    """How the command that ran wants the process to end."""

    code: int = 0


def run(arguments: Sequence[str]) -> int:
    """Parse, run the command, return the exit code."""
    ending = Ending()
    command = typer.main.get_command(app)
    try:
        command.main(list(arguments), prog_name="provisioning", obj=ending)
    except SystemExit as ended:
        # Usage errors exit with 2, which here means that there are changes to apply.
        return ending.code if ended.code in {0, None} else 1
    return ending.code


def _version(wanted: bool) -> None:  # noqa: FBT001 - an option's callback
    if wanted:
        typer.echo(f"provisioning {provisioning.__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Make a Microsoft Entra or Azure AD B2C tenant what a manifest says."""


@app.command()
def validate(
    context: typer.Context,
    manifests: options.OrManifests = None,
    *,
    var: options.Vars = None,
    inventory: options.Inventory = options.INVENTORY,
    tenant: options.Names = None,
    ring: options.Rings = None,
    all_tenants: options.AllTenants = False,
    form: options.FindingsFormat = FINDINGS,
    log_level: options.Level = WARNING,
    log_format: options.LogShape = AS_TEXT,
    no_color: options.NoColor = False,
) -> None:
    """Check manifests offline: schema, references, limits, policy lint."""
    from provisioning.cli import fleet_choice, offline

    surface = Surface.made(form, log_level, log_format, no_color=no_color)
    choice = fleet_choice.of(inventory, tenant, ring, every=all_tenants, parallel=1)
    paths, variables = tuple(manifests or ()), tuple(var or ())

    def validated() -> int:
        if choice.made:
            from provisioning.cli import fleet_validating

            return fleet_validating.validate(surface, choice, paths, variables)
        return offline.validate(surface, fleet_choice.manifests(paths), variables)

    context.obj.code = surface.end(validated)


@app.command()
def plan(
    context: typer.Context,
    manifest: options.OrManifest = None,
    *,
    out: options.Out = None,
    detailed_exitcode: options.DetailedExitcode = False,
    prune: options.Prune = False,
    allow: options.Allow = None,
    var: options.Vars = None,
    inventory: options.Inventory = options.INVENTORY,
    tenant: options.Names = None,
    ring: options.Rings = None,
    all_tenants: options.AllTenants = False,
    parallel: options.Parallel = options.PARALLEL,
    executor: options.ExecutorChoice = options.ExecutorName.LOCAL,
    scheduler: options.Scheduler = None,
    sandbox: options.Sandbox = None,
    auth: options.AuthChoice = None,
    graph_endpoint: options.GraphEndpoint = None,
    full_xml: options.FullXml = False,
    form: options.FindingsFormat = FINDINGS,
    report: options.Reports = None,
    journal: options.Journal = JOURNAL,
    log_level: options.Level = WARNING,
    log_format: options.LogShape = AS_TEXT,
    no_color: options.NoColor = False,
) -> None:
    """Show what an apply would do; write nothing to the tenant."""
    from provisioning.cli import compose, fleet_choice, fleet_planning, planning, report_files

    surface = Surface.made(form, log_level, log_format, no_color=no_color)
    way = compose.Way(sandbox, auth, graph_endpoint, journal)
    choice = fleet_choice.of(
        inventory,
        tenant,
        ring,
        every=all_tenants,
        parallel=parallel,
        executor=executor,
        scheduler=scheduler,
    )

    variables, guards = tuple(var or ()), tuple(allow or ())

    def planned() -> int:
        reports = report_files.read(report)
        if choice.made:
            return fleet_planning.plan(
                surface,
                choice,
                manifest,
                way,
                variables=variables,
                allow=guards,
                prune=prune,
                out=out,
                detailed=detailed_exitcode,
                full_xml=full_xml,
                reports=reports,
            )
        wish = compose.Wish(fleet_choice.manifest(manifest, choice), variables, guards, prune)
        return planning.plan(
            surface,
            wish,
            way,
            out=out,
            detailed=detailed_exitcode,
            full_xml=full_xml,
            reports=reports,
        )

    context.obj.code = surface.end(planned)


@app.command()
def apply(
    context: typer.Context,
    target: options.Target = None,
    *,
    approved: options.Approved = None,
    yes: options.Yes = False,
    verify: options.Verify = False,
    resume: options.Resume = None,
    prune: options.Prune = False,
    allow: options.Allow = None,
    var: options.Vars = None,
    inventory: options.Inventory = options.INVENTORY,
    tenant: options.Names = None,
    ring: options.Rings = None,
    all_tenants: options.AllTenants = False,
    parallel: options.Parallel = options.PARALLEL,
    executor: options.ExecutorChoice = options.ExecutorName.LOCAL,
    scheduler: options.Scheduler = None,
    sandbox: options.Sandbox = None,
    auth: options.AuthChoice = None,
    graph_endpoint: options.GraphEndpoint = None,
    signin_endpoint: options.SigninEndpoint = None,
    full_xml: options.FullXml = False,
    form: options.FormatChoice = TEXT,
    report: options.Reports = None,
    journal: options.Journal = JOURNAL,
    log_level: options.Level = WARNING,
    log_format: options.LogShape = AS_TEXT,
    no_color: options.NoColor = False,
) -> None:
    """Plan anew, ask, and make the tenant what the manifest says."""
    from provisioning.cli import applying, compose, fleet_applying, fleet_choice, report_files

    surface = Surface.made(form, log_level, log_format, no_color=no_color)
    way = compose.Way(sandbox, auth, graph_endpoint, journal, signin_endpoint)
    choice = fleet_choice.of(
        inventory,
        tenant,
        ring,
        every=all_tenants,
        parallel=parallel,
        executor=executor,
        scheduler=scheduler,
    )
    variables, guards = tuple(var or ()), tuple(allow or ())

    def applied() -> int:
        reports = report_files.read(report)
        task = fleet_applying.task(
            fleet_applying.Task(choice, target, variables, guards, prune, verify, reports),
            way,
            approved=tuple(approved or ()),
            resume=resume,
        )
        if task is not None:
            return fleet_applying.apply(surface, task, way, yes=yes, full_xml=full_xml)
        wish = compose.Wish(fleet_choice.manifest(target, choice), variables, guards, prune)
        digest = fleet_choice.digest(approved)
        return applying.apply(
            surface,
            wish,
            way,
            approved=digest,
            yes=yes,
            full_xml=full_xml,
            verify=verify,
            reports=reports,
        )

    context.obj.code = surface.end(applied)


@app.command()
def verify(
    context: typer.Context,
    manifest: options.OrManifest = None,
    *,
    var: options.Vars = None,
    inventory: options.Inventory = options.INVENTORY,
    tenant: options.Names = None,
    ring: options.Rings = None,
    all_tenants: options.AllTenants = False,
    parallel: options.Parallel = options.PARALLEL,
    executor: options.ExecutorChoice = options.ExecutorName.LOCAL,
    scheduler: options.Scheduler = None,
    sandbox: options.Sandbox = None,
    auth: options.AuthChoice = None,
    graph_endpoint: options.GraphEndpoint = None,
    signin_endpoint: options.SigninEndpoint = None,
    form: options.FormatChoice = TEXT,
    report: options.Reports = None,
    journal: options.Journal = JOURNAL,
    log_level: options.Level = WARNING,
    log_format: options.LogShape = AS_TEXT,
    no_color: options.NoColor = False,
) -> None:
    """Sign in as the manifest's checks say, and tell what the tokens prove."""
    from provisioning.cli import compose, fleet_choice, fleet_verifying, report_files, verifying

    surface = Surface.made(form, log_level, log_format, no_color=no_color)
    way = compose.Way(sandbox, auth, graph_endpoint, journal, signin_endpoint)
    choice = fleet_choice.of(
        inventory,
        tenant,
        ring,
        every=all_tenants,
        parallel=parallel,
        executor=executor,
        scheduler=scheduler,
    )
    variables = tuple(var or ())

    def verified() -> int:
        reports = report_files.read(report)
        if choice.made:
            return fleet_verifying.verify(
                surface, choice, manifest, way, variables=variables, reports=reports
            )
        wish = compose.Wish(fleet_choice.manifest(manifest, choice), variables)
        return verifying.verify(surface, wish, way, reports=reports)

    context.obj.code = surface.end(verified)


@app.command()
def rollback(
    context: typer.Context,
    run_id: options.RunId,
    *,
    yes: options.Yes = False,
    sandbox: options.Sandbox = None,
    auth: options.AuthChoice = None,
    cloud: options.Cloud = options.CloudName.GLOBAL,
    graph_endpoint: options.GraphEndpoint = None,
    full_xml: options.FullXml = False,
    form: options.FormatChoice = TEXT,
    journal: options.Journal = JOURNAL,
    log_level: options.Level = WARNING,
    log_format: options.LogShape = AS_TEXT,
    no_color: options.NoColor = False,
) -> None:
    """Put back the policies that a run replaced, from its journal."""
    from provisioning.cli import compose, rolling_back

    surface = Surface.made(form, log_level, log_format, no_color=no_color)
    way = compose.Way(sandbox, auth, graph_endpoint, journal)
    context.obj.code = surface.end(
        lambda: rolling_back.roll_back(
            surface, run_id, way, cloud=cloud, yes=yes, full_xml=full_xml
        )
    )


@app.command()
def schema(context: typer.Context, *, inventory: options.OfInventory = False) -> None:
    """Print the manifest's JSON Schema."""
    from provisioning.cli import offline

    surface = Surface.made(TEXT, WARNING, AS_TEXT, no_color=True)
    context.obj.code = surface.end(lambda: offline.schema(surface, inventory=inventory))


@app.command()
def diagram(
    context: typer.Context,
    manifest: options.Manifest,
    *,
    var: options.Vars = None,
    log_level: options.Level = WARNING,
    log_format: options.LogShape = AS_TEXT,
    no_color: options.NoColor = False,
) -> None:
    """Print what a manifest wants as a Mermaid flowchart."""
    from provisioning.cli import offline

    surface = Surface.made(TEXT, log_level, log_format, no_color=no_color)
    context.obj.code = surface.end(lambda: offline.diagram(surface, manifest, var or ()))


for command in (
    onboarding_commands.onboard,
    onboarding_commands.offboard,
    onboarding_commands.doctor,
):
    app.command()(command)
