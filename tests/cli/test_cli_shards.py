"""`tenants shards`: what a workflow reads as its matrix."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_shell import Shell, opened

INVENTORY = """\
version: 1
defaults: {type: b2c, manifests: [manifest.yaml]}
rings: {canary: {}, broad: {}}
tenants:
  adatum: {domain: adatum.onmicrosoft.com, ring: broad}
  contoso: {domain: contoso.onmicrosoft.com, ring: broad}
  fabrikam: {domain: fabrikam.onmicrosoft.com, ring: canary}
  litware: {domain: litware.onmicrosoft.com, ring: broad}
  northwind: {domain: northwind.onmicrosoft.com, ring: canary}
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with opened(tmp_path) as made:
        made.write("tenants.yaml", INVENTORY)
        yield made


def test_the_matrix_is_one_line_and_a_shard_has_its_rings_in_order(shell: Shell) -> None:
    told = shell("tenants shards --count 2")
    assert (told.code, told.stderr) == (0, "")
    assert told.stdout == (
        '{"include": [{"shard": "1/2", "tenants": "northwind,adatum"}, '
        '{"shard": "2/2", "tenants": "fabrikam,contoso,litware"}]}\n'
    )


def test_only_chosen_tenants_are_shared_out_and_no_job_is_empty(shell: Shell) -> None:
    told = shell("tenants shards --count 200 --ring canary --tenant adatum").document
    assert sorted(job["tenants"] for job in told["include"]) == ["adatum", "fabrikam", "northwind"]
    assert all(job["shard"].endswith("/200") for job in told["include"])


def test_no_tenant_is_no_job(shell: Shell) -> None:
    shell.write("empty.yaml", "version: 1\ntenants: {}\n")
    told = shell("tenants shards --count 4 --inventory empty.yaml")
    assert (told.code, told.stdout) == (0, '{"include": []}\n'), told.stderr


@pytest.mark.parametrize("count", ["0", "257"])
def test_more_jobs_than_a_matrix_has_are_refused(shell: Shell, count: str) -> None:
    told = shell(f"tenants shards --count {count}")
    assert (told.code, told.stdout) == (1, "")
    assert "or equal to" in told.stderr


def test_a_tenant_that_is_not_there_is_named(shell: Shell) -> None:
    told = shell("tenants shards --count 2 --tenant contosso")
    assert (told.code, told.stdout) == (1, "")
    assert "--tenant contosso" in told.stderr
