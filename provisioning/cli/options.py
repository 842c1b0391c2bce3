"""The options that commands share, each written once: spelling, help, environment variable.

Must not import a room: these types are built whenever any command is asked for help.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

MEMORY = ":memory:"
JOURNAL = Path(".provisioning")
INVENTORY = Path("tenants.yaml")
PARALLEL = 32
"""Tenants at once: at 100 ms a request, as many as one core keeps up with."""


class Format(StrEnum):
    """What stands on stdout."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    """Findings alone."""


class ReportFormat(StrEnum):
    """The formats of documents that hold more than findings."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


class SchemaSeverity(StrEnum):
    """How bad it is that a policy is against the schema."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class CloudName(StrEnum):
    """Microsoft's clouds."""

    GLOBAL = "global"
    USGOV = "usgov"
    USGOVDOD = "usgovdod"
    CHINA = "china"


class TenantKind(StrEnum):
    """Kinds of directory."""

    B2C = "b2c"
    WORKFORCE = "workforce"
    EXTERNAL = "external"


class Auth(StrEnum):
    """How to sign in to Graph."""

    DEFAULT = "default"
    AZURE_CLI = "azure-cli"
    DEVICE_CODE = "device-code"
    BROWSER = "browser"
    CLIENT_SECRET = "client-secret"  # noqa: S105 - a way to sign in, not a secret
    CERTIFICATE = "certificate"
    WORKLOAD_IDENTITY = "workload-identity"
    TOKEN = "token"  # noqa: S105 - same


class ExecutorName(StrEnum):
    """Where the work in many tenants is done."""

    LOCAL = "local"
    DASK = "dask"


class LogLevel(StrEnum):
    """What is logged to stderr."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How it is logged."""

    TEXT = "text"
    JSON = "json"


TEXT, FINDINGS, WARNING, AS_TEXT = (
    ReportFormat.TEXT,
    Format.TEXT,
    LogLevel.WARNING,
    LogFormat.TEXT,
)
"""What commands do without being told."""

_TENANT = "Tenant"
_FLEET = "Many tenants"
_SIGN_IN = "Signing in"
_OUTPUT = "Output"

Manifest: TypeAlias = Annotated[
    Path,
    typer.Argument(
        metavar="MANIFEST", help="Manifest file, or the folder with a manifest.yaml.", exists=True
    ),
]
OrManifest: TypeAlias = Annotated[
    Path | None,
    typer.Argument(
        metavar="MANIFEST",
        help="Manifest file, or the folder with a manifest.yaml; with chosen tenants it "
        "replaces their own.",
        exists=True,
        show_default=False,
    ),
]
Manifests: TypeAlias = Annotated[
    list[Path],
    typer.Argument(metavar="MANIFEST", help="Manifest files or folders.", exists=True),
]
OrManifests: TypeAlias = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="MANIFEST",
        help="Manifest files or folders; with chosen tenants they replace their own.",
        exists=True,
        show_default=False,
    ),
]
Target: TypeAlias = Annotated[
    Path | None,
    typer.Argument(
        metavar="MANIFEST|FILE",
        help="Manifest, its folder, or a plan that `plan --out FILE` saved; with chosen tenants "
        "a manifest replaces their own.",
        exists=True,
        show_default=False,
    ),
]
Inventory: TypeAlias = Annotated[
    Path,
    typer.Option(
        "--inventory",
        metavar="FILE",
        help="Inventory of the tenants.",
        dir_okay=False,
        rich_help_panel=_FLEET,
    ),
]
Names: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--tenant",
        metavar="NAME",
        help="Choose a tenant of the inventory; repeatable, commas allowed.",
        rich_help_panel=_FLEET,
    ),
]
Rings: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--ring",
        metavar="NAME",
        help="Choose the tenants of a ring; repeatable, commas allowed.",
        rich_help_panel=_FLEET,
    ),
]
AllTenants: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--all-tenants", help="Choose every tenant of the inventory.", rich_help_panel=_FLEET
    ),
]
Parallel: TypeAlias = Annotated[
    int,
    typer.Option("--parallel", metavar="N", min=1, help="Tenants at once.", rich_help_panel=_FLEET),
]
ExecutorChoice: TypeAlias = Annotated[
    ExecutorName,
    typer.Option(
        "--executor",
        help="Where tenants are worked on: in this process, or on a Dask cluster.",
        rich_help_panel=_FLEET,
    ),
]
Scheduler: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="Scheduler of the Dask cluster, such as tls://10.0.0.5:8786.",
        rich_help_panel=_FLEET,
    ),
]
Resume: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--resume",
        metavar="RUN",
        help="Go on with a run over many tenants, those first that it did not finish.",
        rich_help_panel=_FLEET,
    ),
]
Vars: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--var", metavar="K=V", help="Set a variable of the manifest; repeatable."),
]
Sandbox: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--sandbox",
        metavar="DIR",
        help=f"Work on the embedded sandbox in DIR instead of Graph; {MEMORY} keeps nothing.",
        rich_help_panel=_TENANT,
    ),
]
SandboxFolder: TypeAlias = Annotated[
    str,
    typer.Option(
        "--sandbox", metavar="DIR", help=f"Folder of the sandbox; {MEMORY} keeps nothing."
    ),
]
AuthChoice: TypeAlias = Annotated[
    Auth | None,
    typer.Option(
        "--auth",
        help="How to sign in; token reads PROVISIONING_ACCESS_TOKEN.",
        show_default=False,
        rich_help_panel=_SIGN_IN,
    ),
]
GraphEndpoint: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--graph-endpoint",
        metavar="URL",
        help="Send Graph's requests to this scheme and host; http for loopback only. "
        "Also PROVISIONING_GRAPH_ENDPOINT.",
        rich_help_panel=_TENANT,
    ),
]
SigninEndpoint: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--signin-endpoint",
        metavar="URL",
        help="Send sign-in requests to this scheme and host; http for loopback only. "
        "Also PROVISIONING_SIGNIN_ENDPOINT.",
        rich_help_panel=_TENANT,
    ),
]
Verify: TypeAlias = Annotated[
    bool,
    typer.Option("--verify", help="Then make the manifest's sign-in checks; failures exit 1."),
]
FormatChoice: TypeAlias = Annotated[
    ReportFormat,
    typer.Option("--format", help="What to print on stdout.", rich_help_panel=_OUTPUT),
]
FindingsFormat: TypeAlias = Annotated[
    Format,
    typer.Option(
        "--format",
        help="What to print on stdout; sarif holds the findings, for code scanning.",
        rich_help_panel=_OUTPUT,
    ),
]
Level: TypeAlias = Annotated[
    LogLevel, typer.Option("--log-level", help="What to log on stderr.", rich_help_panel=_OUTPUT)
]
LogShape: TypeAlias = Annotated[
    LogFormat, typer.Option("--log-format", help="How to log it.", rich_help_panel=_OUTPUT)
]
NoColor: TypeAlias = Annotated[
    bool, typer.Option("--no-color", help="As NO_COLOR=1.", rich_help_panel=_OUTPUT)
]
Journal: TypeAlias = Annotated[
    Path,
    typer.Option(
        "--journal",
        metavar="DIR",
        help="Folder for the journal of writes; not writable means no writes to the tenant.",
        file_okay=False,
        rich_help_panel=_OUTPUT,
    ),
]
Prune: TypeAlias = Annotated[
    bool,
    typer.Option("--prune", help="Delete whole objects of ours that the manifest no longer has."),
]
Allow: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--allow", metavar="GUARD[=ADDRESS]", help="Open a guard by name; repeatable."),
]
Out: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FILE", help="Save the plan as JSON, for `apply FILE`.", dir_okay=False
    ),
]
DetailedExitcode: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--detailed-exitcode",
        help="Exit 2 with changes to apply, 3 with only held or manual steps.",
    ),
]
Approved: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--approved",
        metavar="[NAME=]DIGEST",
        help="Refuse any plan but the one with this digest; with NAME= for a chosen tenant, "
        "repeatable.",
    ),
]
Yes: TypeAlias = Annotated[
    bool, typer.Option("--yes", "-y", help="Apply without asking; needed without a terminal.")
]
FullXml: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--full-xml",
        help="Show policies whole, before and after, instead of the elements that differ.",
        rich_help_panel=_OUTPUT,
    ),
]
SchemaFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--schema",
        metavar="FILE",
        help="Also check policies against this XML schema, Microsoft's "
        "TrustFrameworkPolicy_0.3.0.0.xsd.",
        exists=True,
        dir_okay=False,
    ),
]
SeverityChoice: TypeAlias = Annotated[
    SchemaSeverity,
    typer.Option("--schema-severity", help="What a fault against the schema counts as."),
]
Folder: TypeAlias = Annotated[
    Path,
    typer.Option(
        "--out",
        metavar="DIR",
        help="Folder for the policies: a new or empty one, or one that this command filled.",
        file_okay=False,
    ),
]
OfInventory: TypeAlias = Annotated[
    bool, typer.Option("--inventory", help="Of the inventory tenants.yaml instead.")
]
Reports: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="FORMAT=FILE",
        help="Write the document into a file too: json, markdown, html or sarif; repeatable.",
        rich_help_panel=_OUTPUT,
    ),
]
RunId: TypeAlias = Annotated[
    str, typer.Argument(metavar="RUN", help="Id of the run, as apply printed it.")
]
Cloud: TypeAlias = Annotated[
    CloudName,
    typer.Option("--cloud", help="Microsoft's cloud of the tenant.", rich_help_panel=_TENANT),
]
Port: TypeAlias = Annotated[
    int, typer.Option("--port", min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")
]
Faults: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--faults",
        metavar="FILE",
        help="YAML or JSON list of scripted faults.",
        exists=True,
        dir_okay=False,
    ),
]
Tenants: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--tenant", metavar="DOMAIN:TYPE", help="Add a tenant; repeatable."),
]
OneTenant: TypeAlias = Annotated[
    str | None,
    typer.Option("--tenant", metavar="DOMAIN", help="Which tenant of the sandbox is meant."),
]
Tls: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--tls",
        help="Over TLS, with an authority of its own in the folder of the sandbox.",
    ),
]
Issuers: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--issuer",
        metavar="ISSUER[=URL|=FILE]",
        help="Accept federated tokens of this issuer: its keys are fetched from it, from a "
        "stand-in at URL, or read from a JSON Web Key Set; repeatable.",
    ),
]
