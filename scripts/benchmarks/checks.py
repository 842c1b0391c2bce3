"""The shipped ROPC manifest with as many sign-in checks as wanted."""

from __future__ import annotations

import shutil
from pathlib import Path

from server import DOMAIN

SHIPPED = Path(__file__).parents[2] / "manifests" / "ropc-custom-policy"


def write(folder: Path, count: int) -> Path:
    """Copy the manifest into a folder, its check `count` times; return its path."""
    shutil.copytree(SHIPPED, folder)
    path = folder / "manifest.yaml"
    text = path.read_text("utf-8").replace("contoso.onmicrosoft.com", DOMAIN)
    above, mark, check = text.partition("  sign_in:\n")
    copies = "".join(f"  sign_in_{number}:\n{check}" for number in range(1, count))
    path.write_text(f"{above}{mark}{check}{copies}", "utf-8")
    return path
