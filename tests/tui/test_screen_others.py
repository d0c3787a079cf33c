"""Help, messages, the list of actions, choosing an org, and what stands where there is nothing to show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hf2ms_tui.domain.inventory import Backup, BackupState
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.tui.screens.org import OrgScreen
from hf2ms_tui.tui.screens.palette import PaletteScreen
from support.screen_text import assert_fits, assert_golden, screen_text
from support.screens import SMALL, WIDE, foot, press, said, settled, until

from .conftest import OpenApp

GOLDENS = Path(__file__).parent / "goldens"


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_help_lists_every_key_of_the_screen_below(open_app: OpenApp, size: tuple[int, int]) -> None:
    async with open_app().run_test(size=size) as pilot:
        app = await settled(pilot)
        below = app.screen
        await pilot.press("question_mark")
        await pilot.pause(0.1)
        assert_fits(app)
        seen = screen_text(app)
        for _ in range(8):
            await pilot.press("pagedown")
            seen += screen_text(app)
        for name in below.offered():  # type: ignore[attr-defined]
            assert app.action_of(name).help.split(" ")[0] in seen
        assert "keys.toml" in "".join(seen.split())
        await pilot.press("question_mark")
        await pilot.pause(0.1)
        assert app.screen is below


async def test_own_keys_work_and_wrong_ones_are_reported(open_app: OpenApp, tmp_path: Path) -> None:
    (tmp_path / "keys.toml").write_text('migrate = "g"\nkeep = "x"\nmigrat = "z"\nundo = "ctrl+z"\n')
    async with open_app().run_test(size=WIDE) as pilot:
        app = await settled(pilot)
        problems = "\n".join(said.text for said in app.model.said)
        assert "“x” is “delete”" in problems and "“keep” keeps its own key" in problems
        assert "is “migrate” meant" in problems and "suspend" in problems
        await press(pilot, "m")
        assert not app.model.totals.migrate and "does nothing here" in said(app)
        await pilot.press("g")
        assert app.model.totals.migrate == 1
        assert "g x k l decide" in foot(app)
        await pilot.press("question_mark")
        assert "g " in screen_text(app)


async def test_a_broken_keys_file_does_not_stop_the_program(open_app: OpenApp, tmp_path: Path) -> None:
    (tmp_path / "keys.toml").write_text("migrate = = \x1b[31m")
    async with open_app().run_test(size=SMALL) as pilot:
        app = await settled(pilot)
        assert any("was not used" in said.text for said in app.model.said)
        await pilot.press("m")
        assert app.model.totals.migrate == 1


async def test_actions_can_be_searched_and_done(open_app: OpenApp) -> None:
    async with open_app().run_test(size=WIDE) as pilot:
        app = await settled(pilot)
        await pilot.press("colon")
        await pilot.pause(0.1)
        assert isinstance(app.screen, PaletteScreen)
        assert "it is on the" in screen_text(app) or "triage" in screen_text(app)
        await pilot.press(*"exact bytes")
        await pilot.press("enter")
        await pilot.pause(0.1)
        assert "1,015,132,053" in screen_text(app)
        await pilot.press("ctrl+p", *"why this", "enter")
        await pilot.pause(0.1)
        assert said(app) == "why: it is on the triage screen"


async def test_messages_keep_everything_in_full(open_app: OpenApp) -> None:
    async with open_app().run_test(size=SMALL) as pilot:
        app = await settled(pilot)
        app.say("a long tale " * 20 + "END", "bad")
        await pilot.press("M")
        await pilot.pause(0.1)
        text = screen_text(app)
        assert "✗ error" in text and "END" in text
        await pilot.press("y")
        assert app.clipboard.endswith("END")


async def test_a_message_that_its_row_shows_whole_stands_there_once(open_app: OpenApp) -> None:
    async with open_app().run_test(size=SMALL) as pilot:
        app = await settled(pilot)
        app.say("a short tale", "ok")
        await pilot.press("M")
        await pilot.pause(0.1)
        assert screen_text(app).count("a short tale") == 1
        app.say("news at the screen itself", "bad")
        await until(pilot, lambda: "news" in screen_text(app))
        assert screen_text(app).count("news at the screen itself") == 1


async def test_without_an_org_one_is_chosen(open_app: OpenApp) -> None:
    async with open_app(org="").run_test(size=SMALL) as pilot:
        app = pilot.app
        await until(pilot, lambda: isinstance(app.screen, OrgScreen) and "aurora-labs" in screen_text(app))
        assert_golden(app, GOLDENS / "org-80x24.txt")
        await pilot.press("escape")
        assert "choose whose repos" in screen_text(app)
        await pilot.press("enter")
        app = await settled(pilot)
        assert "26 repos" in screen_text(app)
        assert app.program.settings.org == "aurora-labs"


async def test_without_a_token_the_screen_says_what_to_do(open_app: OpenApp) -> None:
    async with open_app(org="", HF_TOKEN="").run_test(size=SMALL) as pilot:
        app = pilot.app
        await until(pilot, lambda: "no Hugging Face token" in screen_text(app))
        assert "HF_TOKEN" in screen_text(app)
        await pilot.press(*"aurora-labs", "enter")
        app = await settled(pilot)
        assert "aurora-xl-1.0" in screen_text(app) and "poc-tokenizer-v0" not in screen_text(app)


async def test_an_org_that_does_not_exist(open_app: OpenApp) -> None:
    async with open_app(org="no-such-org").run_test(size=SMALL) as pilot:
        app = await settled(pilot)
        text = " ".join(screen_text(app).split())
        assert "no-such-org" in text and "✗" in text and "o looks at another org" in text
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, OrgScreen) and "aurora-labs" in screen_text(app))
        await pilot.press("escape")
        await pilot.pause(0.1)
        await pilot.press("m")
        assert said(app) == "there is no repo under the cursor"


async def test_a_refused_token(open_app: OpenApp) -> None:
    async with open_app(HF_TOKEN="hf_wrong0000", cold=True).run_test(size=SMALL) as pilot:
        app = await settled(pilot)
        text = " ".join(screen_text(app).split())
        assert "✗" in text and "hf_wrong0000" not in text and "token" in text


async def test_an_account_without_repos(open_app: OpenApp) -> None:
    async with open_app(org="mira").run_test(size=SMALL) as pilot:
        app = await settled(pilot)
        assert "has no repos that the token may see" in screen_text(app)
        await pilot.press("t")
        assert said(app) == "there is no repo to decide about"


async def test_a_terminal_that_is_too_small_from_the_start(open_app: OpenApp) -> None:
    async with open_app(org="").run_test(size=(40, 10)) as pilot:
        app = pilot.app
        await until(pilot, lambda: "needs 60×16" in " ".join(screen_text(app).split()))
        await until(pilot, lambda: any(isinstance(screen, OrgScreen) for screen in app.screen_stack))
        assert "needs 60×16" in " ".join(screen_text(app).split())
        await pilot.resize_terminal(*SMALL)
        await until(pilot, lambda: "aurora-labs" in screen_text(app))
        await pilot.resize_terminal(40, 10)
        await pilot.pause(0.1)
        await pilot.press("q")
    assert app.return_value == 0


async def test_foreign_text_is_inert_everywhere(open_app: OpenApp) -> None:
    hostile = "x[@click=app.quit]y[/red]\x1b]0;PWNED\x07\u202egnp.exe\u200b\ttab"
    async with open_app().run_test(size=WIDE) as pilot:
        app = await settled(pilot)
        row = next(iter(app.model.rows.values()))
        info = replace(
            row.info, ref=RepoRef.of("hf", "model", f"aurora-labs/{hostile}"), size=10**15, trouble=hostile
        )
        app.model.put([replace(row, info=info, backup=Backup(BackupState.UNKNOWN, why=hostile))])
        app.say(hostile, "bad")
        app.tell_screen()
        await pilot.press("home")
        for keys in (("space", "x"), ("escape",), ("enter",), ("escape",), ("M",), ("escape",), ("y",)):
            await pilot.press(*keys)
            await pilot.pause(0.1)
            assert_fits(app)
            assert "[@click=app.quit]" in screen_text(app) or keys == ("y",)
        assert app.is_running and "\x1b" not in app.clipboard
