from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hf2ms_tui.tui.burst import BurstGuard


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_key_held_down_decides_once_however_long() -> None:
    clock = Clock()
    guard = BurstGuard(clock=clock)
    decided = 0
    for _ in range(300):
        decided += guard.allow()
        clock.now += 0.03
    assert decided == 1
    assert guard.held_back == 299
    clock.now += 0.15
    assert guard.allow()
    assert guard.held_back == 0


def test_deliberate_keys_all_decide() -> None:
    clock = Clock()
    guard = BurstGuard(clock=clock)
    for _ in range(5):
        assert guard.allow()
        clock.now += 0.151


def test_a_decision_key_within_typed_or_pasted_text_decides_nothing() -> None:
    clock = Clock()
    guard = BurstGuard(clock=clock)
    guard.note()
    clock.now += 0.01
    assert not guard.allow()


def test_arrival_counts_not_handling() -> None:
    guard = BurstGuard(clock=Clock())
    # A busy loop handles both at once, but they were pressed 0.4 s apart.
    assert guard.allow(at=10.0)
    assert guard.allow(at=10.4)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_at_most_one_of_every_burst_decides(gaps: list[float]) -> None:
    guard = BurstGuard(clock=Clock())
    at, last_allowed, last = 0.0, None, None
    for gap in gaps:
        at += gap
        if guard.allow(at=at):
            assert last is None or at - last >= guard.min_gap
            assert last_allowed is None or at - last_allowed >= guard.min_gap
            last_allowed = at
        else:
            assert last is not None and at - last < guard.min_gap
        last = at
