from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hf2ms_tui.tui.widgets.table_model import TableModel


@dataclass(frozen=True)
class Row:
    key: str
    kind: str
    size: int | None


ROWS = st.lists(
    st.builds(
        Row, st.sampled_from("abcdefghijkl"), st.sampled_from("xyz"), st.one_of(st.none(), st.integers(0, 5))
    ),
    max_size=12,
)


def model(rows: list[Row] | None = None) -> TableModel[Row]:
    made: TableModel[Row] = TableModel(lambda row: row.key, lambda row, column: getattr(row, column))
    made.set_rows(rows or [])
    return made


@given(ROWS, st.booleans())
def test_sorting_is_stable_and_unknowns_come_last_both_ways(rows: list[Row], descending: bool) -> None:
    table = model(rows)
    before = list(table.shown)
    table.set_sort(("size", descending))
    shown = [table.row(key) for key in table.shown]
    sizes = [row.size for row in shown]
    known = [size for size in sizes if size is not None]
    assert known == sorted(known, reverse=descending)
    assert sizes[: len(known)] == known
    for one, other in pairwise(shown):
        if one.size == other.size:
            assert before.index(one.key) < before.index(other.key)


@given(ROWS)
def test_a_second_key_orders_what_the_first_leaves_equal(rows: list[Row]) -> None:
    table = model(rows)
    table.set_sort(("kind", True), ("key", False))
    shown = [table.row(key) for key in table.shown]
    assert shown == sorted(sorted(shown, key=lambda row: row.key), key=lambda row: row.kind, reverse=True)


def test_the_cursor_stays_with_its_row_and_comes_back_from_a_filter() -> None:
    table = model([Row(key, "x", size) for size, key in enumerate("abcdef")])
    table.move_to(3)
    assert table.cursor_key == "d"
    table.set_sort(("size", True))
    assert (table.cursor_key, table.cursor) == ("d", 2)
    table.set_rows([Row(key, "x", 0) for key in "zdyx"])
    assert table.cursor_key == "d"
    assert table.set_filter(lambda row: row.key != "d") == 3
    assert table.cursor_key != "d"
    table.set_filter(None)
    assert table.cursor_key == "d", "nobody moved it, so it returns"


def test_a_removed_rows_neighbour_gets_the_cursor() -> None:
    table = model([Row(key, "x", 0) for key in "abcd"])
    table.move_to(1)
    table.remove(["b"])
    assert table.cursor_key == "c"
    table.move_to(2)
    table.remove(["d"])
    assert table.cursor_key == "c"
    table.remove(["a", "c"])
    assert table.cursor is None


def test_a_row_that_changes_keeps_its_place_until_asked() -> None:
    table = model([Row("a", "x", 1), Row("b", "x", 2), Row("c", "x", 3)])
    table.set_sort(("size", False))
    assert table.update([Row("a", "x", 9)]) == (["a"], False)
    assert table.shown == ["a", "b", "c"]
    table.reindex()
    assert table.shown == ["b", "c", "a"]
    assert table.update([Row("d", "x", 0)]) == ([], True)
    assert table.shown == ["d", "b", "c", "a"]


class Adversary(RuleBasedStateMachine):
    """Rows come, change and go, the person sorts, filters, moves and marks: what must hold always holds."""

    def __init__(self) -> None:
        super().__init__()
        self.table = model()
        self.kinds: str | None = None

    @rule(rows=ROWS)
    def refresh(self, rows: list[Row]) -> None:
        cursor = self.table.cursor_key
        self.table.set_rows(rows)
        wanted = {row.key: row for row in rows}
        row = wanted.get(str(cursor))
        if row is not None and (self.kinds is None or row.kind in self.kinds) and self.moved_there(cursor):
            assert self.table.cursor_key == cursor

    def moved_there(self, key: object) -> bool:
        return getattr(self, "chosen", None) == key

    @rule(rows=ROWS)
    def change(self, rows: list[Row]) -> None:
        self.table.update(rows)

    @rule(keys=st.sets(st.sampled_from("abcdefghijkl")))
    def remove(self, keys: set[str]) -> None:
        self.table.remove(keys)

    @rule(column=st.sampled_from(["key", "kind", "size"]), descending=st.booleans())
    def sort(self, column: str, descending: bool) -> None:
        self.table.set_sort((column, descending))

    @rule(kinds=st.sampled_from([None, "x", "yz", ""]))
    def filter(self, kinds: str | None) -> None:
        self.kinds = kinds
        hits = self.table.set_filter(None if kinds is None else (lambda row: row.kind in kinds))
        assert hits == len(self.table.shown)

    @rule(place=st.integers(-3, 15))
    def move(self, place: int) -> None:
        self.table.move_to(place)
        if self.table.cursor_key is not None:
            self.chosen = self.table.cursor_key

    @rule(keys=st.sets(st.sampled_from("abcdefghijklmn")))
    def toggle(self, keys: set[str]) -> None:
        before = set(self.table.marks)
        self.table.toggle(keys)
        assert before ^ self.table.marks == {key for key in keys if key in self.table}

    @invariant()
    def holds(self) -> None:
        table = self.table
        assert len(set(table.shown)) == len(table.shown)
        assert all(key in table for key in table.shown)
        assert all(key in table for key in table.marks)
        assert (table.cursor is None) == (not table.shown)
        assert table.cursor is None or 0 <= table.cursor < len(table.shown)
        assert all(table.place_of(key) == place for place, key in enumerate(table.shown))
        if not table.filtered:
            assert len(table.shown) == len(table)


TestAdversary = Adversary.TestCase
TestAdversary.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def test_marks_of_rows_that_are_gone_go_with_them() -> None:
    row = Row("a", "x", 1)
    table = model([row, replace(row, key="b")])
    table.mark(["a", "b", "nowhere"])
    assert table.marks == {"a", "b"}
    table.set_rows([row])
    assert table.marks == {"a"}
    table.remove(["a"])
    assert table.marks == set()
