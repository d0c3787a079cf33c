from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.events import Paste

from hf2ms_tui.domain.gate import Check, CheckName, CheckState
from hf2ms_tui.tui.text import cells
from hf2ms_tui.tui.widgets.cards import CheckLine, CheckList, Fact, FactCard, check_lines, fact_lines
from hf2ms_tui.tui.widgets.typed_name import TypedName
from support.screen_text import assert_golden, screen_text
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


@given(
    st.lists(
        st.builds(
            CheckLine,
            st.just("✓"),
            st.just("ok"),
            st.text(max_size=24),
            st.text(max_size=90),
            st.text(max_size=60),
        ),
        max_size=6,
    ),
    st.integers(40, 120),
)
def test_check_lines_fit_any_width(checks: list[CheckLine], width: int) -> None:
    for line in check_lines(checks, width):
        assert sum(cells(text) for text, _ in line) <= width


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
