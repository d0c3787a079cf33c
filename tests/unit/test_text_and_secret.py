from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf2ms_tui.domain.secret import Secret, redact
from hf2ms_tui.domain.text import clean, is_clean


@given(st.text())
def test_cleaning_leaves_nothing_a_terminal_obeys(text: str) -> None:
    shown = clean(text)
    assert is_clean(shown)
    assert clean(shown) == shown
    assert len(shown) == len(text)
    assert not any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in shown)


def test_what_is_replaced_stays_visible() -> None:
    assert clean("\x1b]0;PWNED\x07") == "␛]0;PWNED␇"
    assert clean("a\u202eb") == "a\ufffdb"
    assert clean("中文 é 🙂 [red]") == "中文 é 🙂 [red]"
    assert clean("x" * 50, 10) == "x" * 9 + "…"


def test_a_secret_shows_itself_nowhere() -> None:
    secret = Secret("hf_canary")
    for shown in (repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", f"{[secret]}", "%s" % secret):  # noqa: UP031
        assert "canary" not in shown
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)
    assert secret == Secret("hf_canary")
    assert secret != "hf_canary"
    assert redact("got hf_canary back", secret, None) == "got ‹token› back"
