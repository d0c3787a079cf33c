from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from hf2ms_tui.tui.text import cells, chop, elide, fit, inert, wrap

ODD = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from(list("ab \t\n\x1b\x07\x9b\u202e\u200d\ufe0f\u0301日本🎉👍🏽🇩🇪שלوה\u3164\u200b[]…")),
    ),
    max_size=40,
)


@given(ODD)
def test_inert_text_holds_nothing_a_terminal_obeys(text: str) -> None:
    shown = inert(text)
    assert inert(shown) == shown
    for char in shown:
        assert unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}, hex(ord(char))


@given(
    ODD, st.integers(0, 30), st.sampled_from(["left", "right", "center"]), st.sampled_from(["end", "middle"])
)
def test_a_fitted_text_takes_exactly_its_cells(text: str, width: int, align: str, where: str) -> None:
    assert cell_len(fit(text, width, align, where)) == width  # type: ignore[arg-type]


@given(ODD, st.integers(1, 30), st.sampled_from(["end", "middle"]))
def test_a_text_is_cut_only_when_it_must_be_and_says_so(text: str, width: int, where: str) -> None:
    shown = elide(text, width, where)  # type: ignore[arg-type]
    if cells(text) <= width:
        assert shown == inert(text)
    else:
        assert "…" in shown
        assert width - 2 <= cell_len(shown) + (width == 1) <= width + (width == 1)


@given(ODD, st.integers(2, 30))
def test_chopped_pieces_fit_and_lose_nothing(text: str, width: int) -> None:
    pieces = chop(text, width)
    assert "".join(pieces) == inert(text)
    assert all(cell_len(piece) <= width for piece in pieces)


@given(ODD, st.integers(2, 30))
def test_wrapped_lines_fit_and_lose_only_spaces(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == inert(text).replace(" ", "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;PWNED\x07", "␛]0;PWNED␇"),
        ("a\u202eb", "a\ufffdb"),
        ("\u0301a", "◌\u0301a"),
        ("👩\u200d👧", "👩👧"),
        ("❤\ufe0f", "❤"),
        ("x\ty", "x y"),
        ("e" + "\u0301" * 50, "e" + "\u0301" * 4),
        ("[red]as it is[/]", "[red]as it is[/]"),
    ],
)
def test_odd_text_is_shown_as(text: str, shown: str) -> None:
    assert inert(text) == shown


def test_a_wide_letter_at_the_edge_is_left_out_and_the_cell_filled() -> None:
    assert fit("日本語", 4) == "日… "
    assert fit("日本語", 5) == "日本…"
    assert fit("path/to/日本語.bin", 9, where="middle") == "path….bin"
