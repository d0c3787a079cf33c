from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.events import Paste

from hf2ms_tui.domain.gate import Check, CheckName, CheckState
from hf2ms_tui.tui.text import cells, inert
from hf2ms_tui.tui.units import since_text
from hf2ms_tui.tui.widgets.cards import AGE, CheckLine, CheckList, Fact, FactCard, check_lines, fact_lines
from hf2ms_tui.tui.widgets.ref_list import SHOWN, RefLine, ref_lines
from hf2ms_tui.tui.widgets.typed_name import TypedName
from support.screen_text import assert_golden, screen_lines, screen_text
from support.widget_app import WidgetApp

GOLDENS = Path(__file__).parent / "goldens"
FACTS = [
    Fact("", "created 14 months ago · 3 downloads · 0 likes", "dim"),
    Fact("Is it still worth something?", 'name starts with "poc-", nothing has changed for 13 months'),
    Fact("Is it backed up?", "○ none on ModelScope", "warn"),
    Fact(),
    Fact("Advice", "delete, after moving the two files that exist nowhere else", "note"),
]
CHECKS = [
    Check(CheckName.BACKUP_EXISTS, CheckState.OK, "ModelScope aurora-labs/poc-tokenizer-v0, private"),
    Check(CheckName.FILES_PROVEN, CheckState.OK, "48 of 48 read back, 3 minutes ago"),
    Check(CheckName.OTHER_REFS, CheckState.FAILS, "exp1: 1 file exists nowhere else", "b brings it over"),
    Check(CheckName.MAY_DELETE, CheckState.UNKNOWN, "the hub did not answer", "r asks again"),
    Check(CheckName.NO_JOB, CheckState.OK, ""),
    Check(CheckName.SAME_REPO, CheckState.OK, ""),
]


@pytest.mark.parametrize("width", [40, 80, 120])
async def test_card_and_checks_read_like_their_golden(width: int) -> None:
    card = FactCard("poc-tokenizer-v0 · [model]", FACTS, "12.40 GB")
    checks = CheckList()
    app = WidgetApp(card, checks)
    async with app.run_test(size=(width, 24)) as pilot:
        checks.set_checks(CHECKS)
        await pilot.pause()
        assert_golden(app, GOLDENS / f"cards_{width}.txt")


async def test_a_card_grows_with_its_facts_and_draws_foreign_text_as_it_is() -> None:
    card = FactCard("[@click=app.quit]x[/] \x1b]0;PWNED\x07", FACTS[:1])
    app = WidgetApp(card)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert card.size.height == 1
        assert "[@click=app.quit]x[/] ␛]0;PWNED␇" in screen_text(app)
        card.set_facts(FACTS)
        await pilot.pause()
        assert card.size.height == 7
        card.set_titles("[/]")
        await pilot.pause()
        assert "[/]" in screen_text(app)


@given(
    st.lists(st.builds(Fact, st.text(max_size=30), st.text(max_size=120)), max_size=6),
    st.integers(20, 120),
)
def test_card_lines_fit_any_width(facts: list[Fact], width: int) -> None:
    for line in fact_lines(facts, width):
        assert sum(cells(text) for text, _ in line) <= width


NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-90, "now"),
        (0, "now"),
        (4.9, "now"),
        (12.9, "12 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (3_599, "59 min ago"),
        (3_600, "1 h ago"),
        (86_399, "23 h ago"),
        (86_400 * 400, "400 d ago"),
    ],
)
def test_ages_in_one_unit(seconds: float, shown: str) -> None:
    assert since_text(NOW - timedelta(seconds=seconds), NOW) == shown
    assert cells(shown) <= AGE


def test_nothing_read_has_no_age() -> None:
    assert since_text(None, NOW) == ""


def aged(*spans: int | None) -> list[Check]:
    """The checks with evidence of these ages in seconds; None for a check without evidence."""
    return [
        replace(check, at=None if span is None else NOW - timedelta(seconds=span))
        for check, span in zip(CHECKS, spans, strict=False)
    ]


AGED = r"\d+ (?:s|min|h) ago$"


@pytest.mark.parametrize("width", [40, 80, 138])
async def test_each_check_tells_its_age_and_grows_older_without_a_line_that_moves(width: int) -> None:
    checks = CheckList()
    app = WidgetApp(checks)
    async with app.run_test(size=(width, 30)) as pilot:
        checks.set_checks(aged(7, 3 * 3_600, 58, None), NOW)
        await pilot.pause()
        before = screen_lines(app)
        told = [line for line in before if re.search(AGED, line)]
        assert [re.findall(AGED, line) for line in told] == [["7 s ago"], ["3 h ago"], ["58 s ago"]]
        assert {cells(line) for line in told} == {width}
        height = checks.size.height
        checks.set_now(NOW + timedelta(seconds=2))
        await pilot.pause()
        after = screen_lines(app)
        assert checks.size.height == height
        assert "9 s ago" in "\n".join(after) and "1 min ago" in "\n".join(after)
        assert [_without_age(line) for line in after] == [_without_age(line) for line in before]


def _without_age(line: str) -> str:
    return re.sub(f" +{AGED}", "", line)


async def test_ages_are_drawn_again_only_when_one_is_told_otherwise() -> None:
    checks = CheckList()
    app = WidgetApp(checks)
    async with app.run_test(size=(80, 24)) as pilot:
        checks.set_checks(aged(3_600, 7_200, 90), NOW)
        await pilot.pause()
        drawn = checks.lines(78)
        checks.set_now(NOW + timedelta(seconds=20))
        assert checks.lines(78) is drawn
        checks.set_now(NOW + timedelta(seconds=31))
        assert checks.lines(78) is not drawn


@given(
    st.lists(
        st.builds(
            CheckLine,
            st.just("✓"),
            st.just("ok"),
            st.text(max_size=24),
            st.text(max_size=90),
            st.text(max_size=60),
            st.none() | st.datetimes(timezones=st.just(UTC)),
        ),
        max_size=6,
    ),
    st.integers(40, 120),
    st.none() | st.just(NOW),
)
def test_check_lines_fit_any_width_and_lose_nothing(
    checks: list[CheckLine], width: int, now: datetime | None
) -> None:
    lines = check_lines(checks, width, now)
    for line in lines:
        assert sum(cells(text) for text, _ in line) <= width
    drawn = "".join("".join(text for text, _ in line) for line in lines).replace(" ", "")
    for check in checks:
        if check.way_out:
            assert inert(check.way_out).replace(" ", "") in drawn


@given(
    st.lists(
        st.builds(
            RefLine,
            st.just("✗"),
            st.just("bad"),
            st.text(max_size=60),
            st.sampled_from(["carried", "covered", "given up", "see above", "too old"]),
            st.integers(0, 100_000).map("{:,}".format),
            st.integers(1, 100_000).map("{:,} files, 123.45 GB".format),
            st.integers(0, 1_000).map("{:,} commits".format),
            st.text(max_size=90),
        ),
        max_size=5,
    ),
    st.integers(56, 140),
)
def test_lines_of_branches_and_tags_fit_and_lose_no_figure(refs: list[RefLine], width: int) -> None:
    head, *lines = ref_lines(refs, width)
    assert len(lines) == len(refs)
    for line in (head, *lines):
        assert sum(cells(text) for text, _ in line) <= width
    for ref, line in zip(refs, lines, strict=True):
        drawn = "".join(text for text, _ in line)
        told = (ref.state, ref.files, ref.lost, *([ref.history] if width >= 76 else []))
        assert all(text in drawn for text in told)


def test_more_branches_and_tags_than_fit_are_counted() -> None:
    line = RefLine("✓", "ok", "tag v", "covered", "1", "nothing", "1 commit")
    lines = ref_lines([line] * (SHOWN + 5), 76)
    assert len(lines) == SHOWN + 2
    assert lines[-1] == [("  and 5 more", "dim")]


NAME = "aurora-labs/poc-tokenizer-v0"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        NAME[:-1],
        NAME.upper(),
        f" {NAME}",
        f"{NAME} ",
        f"{NAME}0",
        "poc-tokenizer-v0",
        NAME.replace("o", "о"),
    ],
)
async def test_only_the_exact_name_matches(typed: str) -> None:
    field = TypedName(NAME)
    app = WidgetApp(field)
    async with app.run_test(size=(80, 24)) as pilot:
        field.value = typed
        await pilot.pause()
        assert not field.matches
        field.value = NAME
        assert field.matches
        await pilot.pause()
        assert app.heard(TypedName.Matched)[-1].matches
        field.value = typed
        await pilot.pause()
        assert not app.heard(TypedName.Matched)[-1].matches


async def test_enter_does_nothing_at_all() -> None:
    field = TypedName(NAME)
    app = WidgetApp(field)
    async with app.run_test(size=(80, 24)) as pilot:
        assert field.placeholder == ""
        await pilot.press(*"aurora-labs/poc-tokenizer-v0", "enter", "enter")
        assert field.matches
        await field.action_submit()
        field.post_message(Paste("\n"))
        await pilot.pause()
        assert [type(message) for message in app.said] == [TypedName.Matched]
        assert field.has_focus


async def test_another_name_empties_the_field() -> None:
    field = TypedName(NAME)
    app = WidgetApp(field)
    async with app.run_test(size=(80, 24)) as pilot:
        field.value = NAME
        field.expect("aurora-labs/other")
        await pilot.pause()
        assert (field.value, field.matches) == ("", False)
        field.expect("")
        assert not field.matches, "no name, no match"
