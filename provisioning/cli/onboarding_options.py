"""The options of `onboard`, `offboard` and `doctor` alone: spelling and help.

Must not import a room: these types are built whenever any command is asked for help.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypeAlias

import typer

from provisioning.cli import options

_TENANT, _TRUST = "Tenant", "Who may sign in"


class Role(StrEnum):
    """The sign-ins of a tenant in the inventory."""

    READER = "reader"
    DEPLOYER = "deployer"


class TenantKind(StrEnum):
    """Kinds of directory."""

    B2C = "b2c"
    WORKFORCE = "workforce"
    EXTERNAL = "external"


Domain: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--domain",
        metavar="DOMAIN",
        help="Initial domain of the tenant, where the manifests leave it out.",
        rich_help_panel=_TENANT,
    ),
]
Kind: TypeAlias = Annotated[
    TenantKind | None,
    typer.Option("--type", help="Its type, with --domain.", rich_help_panel=_TENANT),
]
TenantId: TypeAlias = Annotated[
    str | None,
    typer.Option("--id", metavar="GUID", help="Its id, with --domain.", rich_help_panel=_TENANT),
]
CloudChoice: TypeAlias = Annotated[
    options.CloudName | None,
    typer.Option("--cloud", help="Its cloud, with --domain.", rich_help_panel=_TENANT),
]
Name: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--name",
        metavar="NAME",
        help="Its name in the inventory; by default the first word of the domain.",
        rich_help_panel=_TENANT,
    ),
]
Ring: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--ring", metavar="NAME", help="Its ring in the inventory.", rich_help_panel=_TENANT
    ),
]
Repository: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--repository",
        metavar="OWNER/REPO",
        help="GitHub repository whose jobs may sign in without a secret.",
        rich_help_panel=_TRUST,
    ),
]
Environment: TypeAlias = Annotated[
    str,
    typer.Option(
        "--environment",
        metavar="NAME",
        help="Protected environment of it, the only place that may apply.",
        rich_help_panel=_TRUST,
    ),
]
Branch: TypeAlias = Annotated[
    str,
    typer.Option(
        "--branch",
        metavar="NAME",
        help="Its default branch, where schedules run; may plan.",
        rich_help_panel=_TRUST,
    ),
]
Issuer: TypeAlias = Annotated[
    str,
    typer.Option(
        "--issuer",
        metavar="URL",
        help="Issuer of its tokens: an enterprise's own, or https://HOST/_services/token of a "
        "GitHub Enterprise Server.",
        rich_help_panel=_TRUST,
    ),
]
Certificate: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--certificate",
        metavar="ROLE=FILE",
        help="Certificate that reader or deployer signs in with, where workload identity does "
        "not work; repeatable. Only the certificate is sent, never a key in the same file.",
        rich_help_panel=_TRUST,
    ),
]
NoConsent: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--no-consent",
        help="Ask for the permissions and leave the consent to an administrator.",
        rich_help_panel=_TRUST,
    ),
]
OwnedBy: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--owned-by",
        help="Let the deployer write only the applications that it owns.",
        rich_help_panel=_TRUST,
    ),
]
Leaving: TypeAlias = Annotated[
    str | None,
    typer.Argument(metavar="NAME", help="The tenant's name in the inventory, or its domain."),
]
Forget: TypeAlias = Annotated[
    bool, typer.Option("--forget", help="Also take the tenant out of the inventory.")
]
As: TypeAlias = Annotated[
    Role | None,
    typer.Option(
        "--as",
        help="Try this sign-in of the chosen tenants only: in a job that has one identity.",
        rich_help_panel="Many tenants",
    ),
]
