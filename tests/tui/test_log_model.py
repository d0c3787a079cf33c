from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hf2ms_tui.tui.widgets.log_model import MARGIN, LogEntry, LogModel

PAGE = 20


def lines(start: int, count: int) -> list[LogEntry]:
    return [
        LogEntry(f"line {n} " + "word " * (n % 40), worker=f"w{n % 3}") for n in range(start, start + count)
    ]


def view(model: LogModel, top: int) -> list[str]:
    rows = (model.row_text(row) for row in range(top, top + PAGE))
    return [found[1] for found in rows if found is not None]


def test_memory_is_bounded_and_the_newest_stay() -> None:
    model = LogModel(1000)
    for batch in range(100):
        model.extend(lines(batch * 100, 100))
        assert len(model) <= 1000
    assert model.shown[-1].text.startswith("line 9999 ")
    assert model.dropped + len(model) == 10_000


@given(
    st.integers(0, 900), st.booleans(), st.booleans(), st.lists(st.integers(1, 700), min_size=1, max_size=25)
)
def test_what_a_reader_looks_at_stands_still(
    at: int, wrapped: bool, filtered: bool, batches: list[int]
) -> None:
    model = LogModel(1000)
    model.extend(lines(0, 950))
    model.arrange((lambda line: line.worker == "w1") if filtered else None, 40 if wrapped else 0)
    top = min(model.first_row + at, model.end_row - PAGE)
    seen = view(model, top)
    assert len(seen) == PAGE
    count = 950
    for size in batches:
        model.extend(lines(count, size), hold=(top, top + PAGE - 1))
        count += size
        assert view(model, top) == seen
        assert len(model) <= 1000 + 950 + 3 * MARGIN
    assert model.shown[-1].text.startswith(f"line {count - 1} ") or filtered


def test_a_marker_says_how_many_lines_a_held_view_cost() -> None:
    model = LogModel(1000)
    model.extend(lines(0, 500))
    hold = (100, 120)
    for batch in range(20):
        model.extend(lines(500 + batch * 500, 500), hold)
    markers = [line for line in model.shown if "were not kept" in line.text]
    assert len(markers) == 1
    assert f"{model.dropped:,} lines" in markers[0].text
    assert model.dropped + len(model) - 1 == 10_500
    place = model.shown.index(markers[0])
    before, after = model.shown[place - 1], model.shown[place + 1]
    gap = int(after.text.split()[1]) - int(before.text.split()[1]) - 1
    assert gap == model.dropped
    # Following again drops what was held, and the marker in the end.
    for batch in range(5):
        model.extend(lines(10_500 + batch * 500, 500))
    assert not [line for line in model.shown if "were not kept" in line.text]
    assert len(model) <= 1000


class Reader(RuleBasedStateMachine):
    """Lines come, the reader filters, wraps and holds: rows and lines always agree."""

    def __init__(self) -> None:
        super().__init__()
        self.model = LogModel(800)
        self.count = 0
        self.worker = ""
        self.width = 0

    @rule(size=st.integers(0, 600))
    def write(self, size: int) -> None:
        self.model.extend(lines(self.count, size))
        self.count += size

    @precondition(lambda self: self.model.shown)
    @rule(size=st.integers(0, 600), place=st.floats(0, 1))
    def write_while_held(self, size: int, place: float) -> None:
        rows = self.model.end_row - self.model.first_row
        top = self.model.first_row + int(place * (rows - 1))
        seen = view(self.model, top)
        self.model.extend(lines(self.count, size), (top, min(top + PAGE, self.model.end_row) - 1))
        self.count += size
        assert view(self.model, top)[: len(seen)] == seen

    @rule(worker=st.sampled_from(["", "w1", "none"]), width=st.sampled_from([0, 30, 79]))
    def arrange(self, worker: str, width: int) -> None:
        self.worker, self.width = worker, width
        self.model.arrange((lambda line: line.worker == worker) if worker else None, width)

    @invariant()
    def rows_and_lines_agree(self) -> None:
        model = self.model
        texts: dict[int, str] = {}
        for row in range(model.first_row, model.end_row):
            found = model.row_text(row)
            assert found is not None
            index = model.index_at(row)
            line, text, start = found
            assert line is model.shown[index]
            texts[index] = texts.get(index, "") + text
            assert start == len(texts[index]) - len(text)
        assert len(texts) == len(model.shown)
        assert all(texts[index] == line.whole for index, line in enumerate(model.shown))
        assert model.row_text(model.first_row - 1) is None
        assert model.row_text(model.end_row) is None
        kept = [line for line in model.shown if "were not kept" not in line.text]
        assert all(line.worker == self.worker for line in kept) or not self.worker
        numbers = [int(line.text.split()[1]) for line in kept]
        assert numbers == sorted(set(numbers))


TestReader = Reader.TestCase
TestReader.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)
