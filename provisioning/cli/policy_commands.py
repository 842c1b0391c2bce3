"""`policies …`: what can be done with a manifest's policies offline, and its options.

Must not import a room at the top: help is answered without any.
"""

from __future__ import annotations

import typer

from provisioning.cli import options
from provisioning.cli.options import AS_TEXT, FINDINGS, TEXT, WARNING, SchemaSeverity
from provisioning.cli.surface import Surface

policies = typer.Typer(
    help="Custom (Identity Experience Framework) policies, offline.", no_args_is_help=True
)


@policies.command()
def lint(
    context: typer.Context,
    manifests: options.Manifests,
    *,
    schema: options.SchemaFile = None,
    schema_severity: options.SeverityChoice = SchemaSeverity.WARNING,
    var: options.Vars = None,
    form: options.FindingsFormat = FINDINGS,
    log_level: options.Level = WARNING,
    log_format: options.LogShape = AS_TEXT,
    no_color: options.NoColor = False,
) -> None:
    """Check the policies of manifests against the rules of the service."""
    from provisioning.cli import policy_set
    from provisioning.core.model import Severity

    surface = Surface.made(form, log_level, log_format, no_color=no_color)
    severity = Severity(schema_severity.value)
    context.obj.code = surface.end(
        lambda: policy_set.lint(surface, manifests, var or (), xsd=schema, severity=severity)
    )


@policies.command()
def build(
    context: typer.Context,
    manifest: options.Manifest,
    *,
    out: options.Folder,
    var: options.Vars = None,
    form: options.FormatChoice = TEXT,
    log_level: options.Level = WARNING,
    log_format: options.LogShape = AS_TEXT,
    no_color: options.NoColor = False,
) -> None:
    """Write the policies as they would be uploaded: settings, tenant and overlays in."""
    from provisioning.cli import policy_set

    surface = Surface.made(form, log_level, log_format, no_color=no_color)
    context.obj.code = surface.end(lambda: policy_set.build(surface, manifest, var or (), out=out))
