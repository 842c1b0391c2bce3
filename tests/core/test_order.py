from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.core import order
from provisioning.core.model import Address

A, B, C = (Address("application", key) for key in "abc")


def test_steps_come_in_waves_that_wait_for_nothing_inside() -> None:
    arranged = order.arrange({A: {B: False}, B: {C: False}, C: {}})
    assert arranged.waves == ((C,), (B,), (A,))
    assert arranged.deferred == {}


def test_a_circle_is_cut_at_a_reference_that_may_be_sent_later() -> None:
    arranged = order.arrange({A: {B: False}, B: {A: True}})
    assert arranged.deferred == {B: frozenset({A})}
    assert arranged.waves == ((B,), (A,))


def test_a_deferrable_reference_outside_a_circle_stays() -> None:
    assert order.arrange({A: {B: True}, B: {}}).deferred == {}


def test_a_circle_of_hard_references_names_its_members() -> None:
    with pytest.raises(order.CircleError) as caught:
        order.arrange({A: {B: False}, B: {A: False}, C: {}})
    assert set(caught.value.circle) == {A, B}


def test_references_to_what_has_no_step_do_not_count() -> None:
    assert order.arrange({A: {B: False}}).waves == ((A,),)


keys = st.sampled_from("abcdef").map(lambda key: Address("application", key))


@given(st.dictionaries(keys, st.dictionaries(keys, st.just(True), max_size=5), max_size=6))
def test_any_deferrable_graph_is_arranged_and_every_kept_reference_points_back(
    edges: dict[Address, dict[Address, bool]],
) -> None:
    edges = {a: {b: True for b in targets if b != a} for a, targets in edges.items()}
    arranged = order.arrange(edges)
    position = {a: i for i, wave in enumerate(arranged.waves) for a in wave}
    assert position.keys() == edges.keys()
    for step, targets in edges.items():
        for target in targets.keys() & edges.keys():
            if target not in arranged.deferred.get(step, frozenset()):
                assert position[target] < position[step]
