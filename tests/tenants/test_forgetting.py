"""A tenant leaves the inventory; every other byte stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioning.core.errors import ProvisioningError
from provisioning.tenants.onboarding import forgetting

INVENTORY = """\
# Our tenants.
version: 1
defaults: {type: b2c}
tenants:
  contoso:   # the first one
    domain: contoso.onmicrosoft.com
    auth:
      reader: {method: workload-identity}

  # Keep this remark.
  fabrikam: {domain: fabrikam.onmicrosoft.com}
  litware:
    domain: litware.onmicrosoft.com   # last
rings: {}
"""


@pytest.mark.parametrize(
    ("name", "lines"),
    [("contoso", range(4, 8)), ("fabrikam", range(10, 11)), ("litware", range(11, 13))],
)
def test_exactly_the_lines_of_the_tenant_go(tmp_path: Path, name: str, lines: range) -> None:
    path = tmp_path / "tenants.yaml"
    path.write_text(INVENTORY)
    assert forgetting.forget(path, name)
    kept = INVENTORY.splitlines(keepends=True)
    assert path.read_text() == "".join(line for i, line in enumerate(kept) if i not in lines)


def test_the_last_tenant_leaves_an_empty_list(tmp_path: Path) -> None:
    path = tmp_path / "tenants.yaml"
    path.write_text("version: 1\ntenants:\n  contoso:\n    domain: contoso.onmicrosoft.com\n")
    assert forgetting.forget(path, "contoso")
    assert path.read_text() == "version: 1\ntenants: {}\n"
    assert not forgetting.forget(path, "contoso")


def test_who_is_not_there_is_not_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "tenants.yaml"
    assert not forgetting.forget(path, "contoso")
    path.write_text(INVENTORY)
    assert not forgetting.forget(path, "tailspin")
    assert path.read_text() == INVENTORY


@pytest.mark.parametrize(
    "text",
    [
        "tenants: {contoso: {domain: a.b}, fabrikam: {domain: c.d}}\n",
        "tenants:\n  contoso: &shared {type: b2c}\n  fabrikam: *shared\n",
    ],
)
def test_what_others_need_too_is_left_to_a_person(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tenants.yaml"
    path.write_text(text)
    with pytest.raises(ProvisioningError, match="can't be taken out"):
        forgetting.forget(path, "contoso")
    assert path.read_text() == text
