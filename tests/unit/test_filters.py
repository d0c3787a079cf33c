"""The filter language: what passes, what is hinted at, and how fast."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf2ms_tui.domain.decision import Advice, Confidence, Decision
from hf2ms_tui.domain.filters import parse
from hf2ms_tui.domain.inventory import Backup, BackupState, Row
from hf2ms_tui.domain.ordering import SORT_KEYS, sort_rows
from hf2ms_tui.domain.repo import Gating, RepoInfo, RepoRef, Visibility

NOW = datetime(2026, 8, 1, tzinfo=UTC)
GB = 10**9


def row(name: str, kind: str = "model", size: int | None = GB, **more: object) -> Row:
    info = RepoInfo(
        RepoRef.of("hf", kind, f"acme/{name}"),
        Visibility.PRIVATE,
        Gating.NONE,
        created_at=NOW - timedelta(days=400),
        updated_at=NOW - timedelta(days=100),
        size=size,
        downloads=5,
        licence="apache-2.0",
        tags=("vision", "region:us"),
    )
    of_rows = ("backup", "decision", "advice", "job_id", "unsettled")
    of_row = {name: more.pop(name) for name in of_rows if name in more}
    return Row(replace(info, **more), **{"backup": Backup(BackupState.NONE), **of_row})


ROWS = [
    row("aurora-xl-1.0", size=14 * GB, visibility=Visibility.PUBLIC, downloads=48_000),
    row("poc-tokenizer-v0", advice=Advice(Decision.DELETE, "looks abandoned", ("x.",), Confidence.LIKELY)),
    row(
        "images-train",
        "dataset",
        1_100 * GB,
        backup=Backup(BackupState.PROVEN),
        decision=Decision.MIGRATE,
        job_id="j",
    ),
    row(
        "images-70k",
        "dataset",
        None,
        updated_at=NOW - timedelta(days=2),
        gating=Gating.MANUAL,
        created_at=None,
        unsettled=True,
    ),
    row("demo", "space", 0, licence=None, trouble="disabled"),
]
NAMES = [each.info.ref.name for each in ROWS]
XL, POC, TRAIN, SUBSET, DEMO = NAMES


def found(text: str) -> list[str]:
    filtered = parse(text, NOW)
    chosen = filtered.select(ROWS)
    assert chosen == [each for each in ROWS if filtered.matches(each)]
    return [each.info.ref.name for each in chosen]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", NAMES),
        ("   ", NAMES),
        ("aurora", [XL]),
        ("AURORA", [XL]),
        ("ax1", [XL]),
        ("poctok", [POC]),
        ("acme/demo", [DEMO]),
        ("acme", []),
        ("images", [TRAIN, SUBSET]),
        ("images !70k", [TRAIN]),
        ("zzz", []),
        ("type:model", [XL, POC]),
        ("type:model,space", [XL, POC, DEMO]),
        ("!type:dataset", [XL, POC, DEMO]),
        ("kind:d", [TRAIN, SUBSET]),
        ("size:>10G", [XL, TRAIN]),
        ("size:>=14GB", [XL, TRAIN]),
        ("size:<1K", [DEMO]),
        ("size:1G..20G", [XL, POC]),
        ("size:?", [SUBSET]),
        ("size:0", [DEMO]),
        ("size:>1TiB", [TRAIN]),
        ("vis:private", [POC, TRAIN, SUBSET, DEMO]),
        ("vis:pub", [XL]),
        ("backup:none", [XL, POC, SUBSET, DEMO]),
        ("backup:proven", [TRAIN]),
        ("age:>1y", [XL, POC, TRAIN, DEMO]),
        ("age:?", [SUBSET]),
        ("idle:<1w", [SUBSET]),
        ("idle:3mo..4mo", [XL, POC, TRAIN, DEMO]),
        ("decision:migrate", [TRAIN]),
        ("decision:none", [XL, POC, SUBSET, DEMO]),
        ("!decision:any", [XL, POC, SUBSET, DEMO]),
        ("gated:yes", [SUBSET]),
        ("gated:manual", [SUBSET]),
        ("gated:no", [XL, POC, TRAIN, DEMO]),
        ("advice:delete", [POC]),
        ("advice:likely", [POC]),
        ("advice:abandoned", [POC]),
        ("advice:none", [XL, TRAIN, SUBSET, DEMO]),
        ("downloads:>1k", [XL]),
        ("licence:apache", [XL, POC, TRAIN, SUBSET]),
        ("license:?", [DEMO]),
        ("tag:vision", NAMES),
        ("job:yes", [TRAIN]),
        ("trouble:yes", [SUBSET, DEMO]),
        ("deletion:unknown", [SUBSET]),
        ("deletion:none", [XL, POC, TRAIN, DEMO]),
        ("!deletion:?", [XL, POC, TRAIN, DEMO]),
        ("type:model size:>10G vis:public backup:none age:>1y", [XL]),
        ('"images-70k"', [SUBSET]),
    ],
)
def test_what_passes(text: str, names: list[str]) -> None:
    filtered = parse(text, NOW)
    assert filtered.hints == ()
    assert found(text) == names


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("size:big", ">10G"),
        ("size:>10X", "unit"),
        ("type:modle", "model, dataset, space"),
        ("colour:red", "There is no “colour:”"),
        ("gated:perhaps", "auto"),
        ("age:>", ">1y"),
        ("job:maybe", "yes or no"),
        ("backup:,", "no value"),
    ],
)
def test_what_makes_no_sense_is_hinted_at_and_lets_nothing_through(text: str, hint: str) -> None:
    filtered = parse(text, NOW)
    assert hint in " ".join(filtered.hints)
    assert filtered.select(ROWS) == []
    assert parse(f"!{text}", NOW).select(ROWS) == []


def test_a_field_without_a_value_yet_narrows_nothing() -> None:
    for text in ("size:", "type:", "!", "!type:", 'type:"'):
        assert found(text) == NAMES
        assert parse(text).hints == ()
    assert parse("colr:").hints


@given(st.text(max_size=40))
def test_any_text_can_be_typed(text: str) -> None:
    parse(text, NOW).select(ROWS)


def many(count: int = 10_000) -> list[Row]:
    words = ["aurora", "poc", "train", "clips", "base", "test"]
    return [
        row(
            f"{words[n % 6]}-{words[n // 6 % 6]}-{n}",
            ["model", "dataset"][n % 2],
            None if n % 9 == 0 else n * 10**7,
        )
        for n in range(count)
    ]


@pytest.mark.parametrize(
    "text", ["aur", "tr9", "type:model size:>10G vis:private backup:none age:>1y", "!poc idle:>1w"]
)
def test_ten_thousand_rows_are_filtered_in_a_moment(text: str) -> None:
    rows = many()
    best = 9.0
    for _ in range(5):
        began = time.thread_time()
        parse(text, NOW).select(rows)
        best = min(best, time.thread_time() - began)
    assert best < 3, "something became quadratic"


@pytest.mark.parametrize("column", SORT_KEYS)
@pytest.mark.parametrize("descending", [False, True])
def test_unknown_comes_last_and_equal_ones_by_name(column: str, descending: bool) -> None:
    ordered = sort_rows(ROWS[::-1], column, descending)
    measure = SORT_KEYS[column]
    values = [measure(each) for each in ordered]
    known = [value for value in values if value is not None]
    assert values == known + [None] * (len(values) - len(known))
    assert known == sorted(known, reverse=descending)
    for one, two in itertools.pairwise(ordered):
        if measure(one) == measure(two):
            assert str(one.info.ref.id) < str(two.info.ref.id)


def test_sizes_sort_as_numbers_and_dates_as_dates() -> None:
    assert [each.info.ref.name for each in sort_rows(ROWS, "size", True)] == [TRAIN, XL, POC, DEMO, SUBSET]
    assert sort_rows(ROWS, "updated", True)[0].info.ref.name == SUBSET
