"""Numbers and dates in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hf2ms_tui.services import words

NOW = datetime(2026, 8, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (None, "?"),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (999_996, "1.00 MB"),
        (1_099_511_627_776, "1.10 TB"),
        (10**22, "10000.00 EB"),
    ],
)
def test_sizes(count: int | None, shown: str) -> None:
    assert words.size(count) == shown


def test_sizes_exact_and_estimated() -> None:
    assert words.size(1_099_511_627_776, exact=True) == "1,099,511,627,776"
    assert words.size(2_000, estimate=True) == "~2.00 kB"
    assert words.size(None, exact=True, estimate=True) == "?"
    assert words.total_size([10**9, None, 10**9]) == "2.00 GB + 1 unknown"
    assert words.total_size([]) == "0 B"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "?"),
        (0.2, "under 1 s"),
        (40, "40 s"),
        (60, "1 min"),
        (148, "2 min 28 s"),
        (11_100, "3 h 5 min"),
        (86_400, "1 day"),
        (187_200, "2 days 4 h"),
    ],
)
def test_durations(seconds: float | None, shown: str) -> None:
    assert words.duration(seconds) == shown


@pytest.mark.parametrize(
    ("age", "shown"),
    [
        (timedelta(seconds=5), "now"),
        (timedelta(minutes=5), "5 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(days=2), "2 days"),
        (timedelta(weeks=3), "3 weeks"),
        (timedelta(days=150), "4 months"),
        (timedelta(days=366), "1 year"),
        (timedelta(days=410), "13 months"),
        (timedelta(days=900), "2 years"),
        (timedelta(days=-1), "now"),
    ],
)
def test_ages(age: timedelta, shown: str) -> None:
    assert words.ago(NOW - age, NOW) == shown


@pytest.mark.parametrize(
    ("since", "shown"),
    [
        (timedelta(seconds=5), "now"),
        (timedelta(minutes=59), "59m"),
        (timedelta(hours=3), "3h"),
        (timedelta(days=13), "13d"),
        (timedelta(days=59), "8w"),
        (timedelta(days=410), "13mo"),
        (timedelta(days=366), "1y"),
    ],
)
def test_ages_in_four_cells(since: timedelta, shown: str) -> None:
    assert words.age(NOW - since, NOW) == shown
    assert words.age(None) == "?"


def test_the_rest() -> None:
    assert words.ago(None) == words.date(None) == words.money(None) == words.rate(None) == "?"
    assert words.date(NOW + timedelta(seconds=61)) == "2026-08-01 00:01:01Z"
    assert words.date(datetime.fromisoformat("2026-08-01T02:00:00+02:00")) == "2026-08-01 00:00:00Z"
    assert (words.money(34.5), words.money(0.0), words.money(0.001), words.money(1234.5)) == (
        "$34.50",
        "$0.00",
        "under $0.01",
        "$1,234.50",
    )
    assert (words.rate(52e6), words.rate(5.23e6), words.rate(12)) == ("52 MB/s", "5.2 MB/s", "12 B/s")
    assert (words.count(1, "file"), words.count(1047, "file"), words.count(None, "file")) == (
        "1 file",
        "1,047 files",
        "? files",
    )
