"""Tenants dealt out to jobs: all of them, once, evenly, and tomorrow like today."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.tenants.shards import MOST, matrix, shards

NAMES = st.lists(st.integers(0, 999), unique=True, max_size=60).map(
    lambda numbers: [f"tenant-{number}" for number in numbers]
)


@given(NAMES, st.integers(1, 12))
def test_every_tenant_is_in_one_shard_in_its_order_and_no_shard_is_bigger_by_two(
    names: list[str], count: int
) -> None:
    dealt = shards(names, count)
    assert len(dealt) == count
    assert sorted(name for shard in dealt for name in shard) == sorted(names)
    assert all([*shard] == sorted(shard, key=names.index) for shard in dealt)
    sizes = [len(shard) for shard in dealt]
    assert max(sizes) - min(sizes) <= 1


@given(NAMES, st.integers(1, 12))
def test_which_shard_a_tenant_is_in_has_nothing_to_do_with_the_order(
    names: list[str], count: int
) -> None:
    turned = names[::-1]
    assert [{*shard} for shard in shards(names, count)] == [
        {*shard} for shard in shards(turned, count)
    ]


@pytest.mark.parametrize("count", [4, 8, 32])
def test_a_tenant_that_comes_or_goes_moves_few_of_the_others(count: int) -> None:
    names = [f"tenant-{number}" for number in range(200)]
    before = placed(names, count)
    for number in range(20):
        more = placed([*names, f"new-{number}"], count)
        assert sum(before[name] != more[name] for name in names) <= 12
        fewer = placed([name for name in names if name != f"tenant-{number}"], count)
        assert sum(before[name] != fewer[name] for name in fewer) <= 12


def placed(names: list[str], count: int) -> dict[str, int]:
    return {name: at for at, shard in enumerate(shards(names, count)) for name in shard}


def test_the_deal_is_the_same_on_every_machine() -> None:
    names = ["adatum", "contoso", "fabrikam", "litware", "northwind"]
    assert shards(names, 2) == (("adatum", "northwind"), ("contoso", "fabrikam", "litware"))


def test_a_matrix_leaves_empty_shards_out_and_keeps_their_numbers() -> None:
    assert matrix((("a", "b"), (), ("c",))) == {
        "include": [{"shard": "1/3", "tenants": "a,b"}, {"shard": "3/3", "tenants": "c"}]
    }
    assert matrix(()) == {"include": []}


@pytest.mark.parametrize("count", [0, -1, MOST + 1])
def test_a_matrix_has_1_to_256_jobs(count: int) -> None:
    with pytest.raises(ValueError, match=f"^{count} shards: a matrix has 1 to 256$"):
        shards(["a"], count)


def test_a_tenant_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="given twice"):
        shards(["a", "b", "a"], 2)
