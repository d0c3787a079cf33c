from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from hf2ms_tui.tui.widgets.columns import GAP, Column, lay_out

COLUMNS = (
    Column("repo", "repo", 24, flex=1, min_width=16),
    Column("type", "type", 7, priority=3),
    Column("size", "size", 10, align="right"),
    Column("visibility", "visibility", 10, priority=4),
    Column("backup", "backup", 19, min_width=15),
    Column("advice", "advice", 18, flex=1, priority=2),
)
COLUMN = st.builds(
    Column,
    st.uuids().map(str),
    st.just("t"),
    st.integers(1, 30),
    flex=st.integers(0, 3),
    max_width=st.sampled_from([0, 0, 40]),
    priority=st.integers(0, 5),
)


@given(st.lists(COLUMN, min_size=1, max_size=10), st.integers(1, 200))
def test_columns_never_exceed_the_width_nor_overlap_nor_swap(columns: list[Column], width: int) -> None:
    slots = lay_out(columns, width)
    at = 0
    for number, slot in enumerate(slots):
        assert slot.width >= 1
        assert slot.start >= at + (GAP if number else 0)
        at = slot.start + slot.width
    assert at <= width
    order = [column.key for column in columns]
    assert [slot.column.key for slot in slots] == [
        key for key in order if key in {s.column.key for s in slots}
    ]


@given(st.lists(COLUMN, min_size=1, max_size=10), st.integers(1, 200))
@example([Column(key, "t", 1, priority=0) for key in "abc"], 5)
def test_a_column_goes_only_when_it_must_and_never_before_a_less_important_one(
    columns: list[Column], width: int
) -> None:
    slots = lay_out(columns, width)
    kept = {slot.column.key for slot in slots}
    gone = [column for column in columns if column.key not in kept]
    if not gone or len(slots) == 1:
        return
    assert all(slot.width >= slot.column.least for slot in slots) or all(not s.column.priority for s in slots)
    # One that must stay goes only where the gap before it would take the last cell.
    assert all(column.priority > 0 for column in gone) or slots[-1].start + slots[-1].width + GAP >= width
    gone = [column for column in gone if column.priority > 0]
    if not gone:
        return
    assert max(slot.column.priority for slot in slots) <= min(column.priority for column in gone)
    least = min(gone, key=lambda column: column.priority)
    needed = sum(slot.column.least + GAP for slot in slots) + least.least
    assert needed > width


@given(st.integers(70, 200))
def test_flexing_columns_take_all_that_is_left(width: int) -> None:
    slots = lay_out(COLUMNS, width)
    assert slots[-1].start + slots[-1].width == width


def test_narrow_tables_lose_columns_by_priority() -> None:
    def keys(width: int) -> list[str]:
        return [slot.column.key for slot in lay_out(COLUMNS, width)]

    assert keys(120) == ["repo", "type", "size", "visibility", "backup", "advice"]
    assert keys(76) == ["repo", "type", "size", "backup", "advice"]
    assert keys(66) == ["repo", "size", "backup", "advice"]
    assert keys(50) == ["repo", "size", "backup"]
    assert keys(20) == ["repo", "size", "backup"], "what decides is squeezed, never dropped"
