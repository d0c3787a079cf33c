from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf2ms_tui.tui.units import bytes_text, duration_text, progress_text, rate_text


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (None, "?"),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (999_994, "999.99 kB"),
        (999_999, "1.00 MB"),
        (12_400_000_000, "12.40 GB"),
        (1_100_000_000_000, "1.10 TB"),
    ],
)
def test_bytes(count: int | None, shown: str) -> None:
    assert bytes_text(count) == shown


def test_bytes_are_exact_on_demand() -> None:
    assert bytes_text(12_400_000_001, exact=True) == "12,400,000,001"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "?"), (0, "0 s"), (75, "75 s"), (148, "2:28"), (11_100, "3 h 05"), (187_200, "2 d 4 h")],
)
def test_durations(seconds: float | None, shown: str) -> None:
    assert duration_text(seconds) == shown


@given(st.integers(1, 10**15), st.data())
def test_progress_never_claims_bytes_that_have_not_arrived(total: int, data: st.DataObject) -> None:
    done = data.draw(st.integers(0, total - 1))
    shown, of = progress_text(done, total).split(" ")[0].split("/")
    assert float(shown) <= float(of)
    if done < total * 0.9:
        assert shown != of or float(of) < 1.2


def test_progress_and_rates_read_like_this() -> None:
    assert progress_text(7_149_000_000, 14_800_000_000) == "7.1/14.8 GB"
    assert progress_text(14_799_999_999, 14_800_000_000) == "14.7/14.8 GB"
    assert progress_text(3, None) == "3 B/?"
    assert progress_text(5, 10) == "5/10 B"
    assert progress_text(0, 0) == "0/0 B"
    assert rate_text(52e6) == "52 MB/s"
    assert rate_text(5.24e6) == "5.2 MB/s"
    assert rate_text(None) == ""
