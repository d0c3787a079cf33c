from __future__ import annotations

import pytest

from hf2ms_tui.domain.errors import BadInput
from hf2ms_tui.domain.repo import Hub, Kind, RepoId, RepoRef, SourceSpec, Visibility, parse_source


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("aurora/m1", SourceSpec(None, None, RepoId("aurora", "m1"))),
        ("  aurora/m1 ", SourceSpec(None, None, RepoId("aurora", "m1"))),
        ("hf:aurora/m1", SourceSpec(Hub.HF, None, RepoId("aurora", "m1"))),
        ("ms:aurora/m1", SourceSpec(Hub.MS, None, RepoId("aurora", "m1"))),
        ("ms:dataset:aurora/m1", SourceSpec(Hub.MS, Kind.DATASET, RepoId("aurora", "m1"))),
        ("datasets/aurora/m1", SourceSpec(None, Kind.DATASET, RepoId("aurora", "m1"))),
        ("https://huggingface.co/aurora/m1", SourceSpec(Hub.HF, Kind.MODEL, RepoId("aurora", "m1"))),
        (
            "https://huggingface.co/aurora/m1/tree/main/sub",
            SourceSpec(Hub.HF, Kind.MODEL, RepoId("aurora", "m1")),
        ),
        ("https://huggingface.co/datasets/aurora/d", SourceSpec(Hub.HF, Kind.DATASET, RepoId("aurora", "d"))),
        (
            "https://www.modelscope.cn/models/aurora/m1/summary",
            SourceSpec(Hub.MS, Kind.MODEL, RepoId("aurora", "m1")),
        ),
        ("https://modelscope.ai/studios/aurora/s", SourceSpec(Hub.MS, Kind.SPACE, RepoId("aurora", "s"))),
        ("http://127.0.0.1:4000/aurora/m1", SourceSpec(Hub.HF, Kind.MODEL, RepoId("aurora", "m1"))),
    ],
)
def test_a_source_is_named_in_many_ways(text: str, expected: SourceSpec) -> None:
    assert parse_source(text, {"127.0.0.1:4000": Hub.HF}) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "aurora",
        "a/b/c",
        "gpt2",
        "xx:aurora/m1",
        "hf:hf:aurora/m1",
        "aurora/..",
        "aurora/a--b",
        "aurora/a b",
        "aurora/\x1b[31mred",
        "https://example.org/aurora/m1",
        "https://huggingface.co/aurora",
        "aurora/" + "n" * 97,
        "-aurora/m1",
    ],
)
def test_nonsense_is_refused_with_a_clean_sentence(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_source(text)
    assert "\x1b" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_ref_survives_its_key() -> None:
    ref = RepoRef.of("ms", "dataset", "aurora/m.1_x-y")
    assert RepoRef.from_key(ref.key) == ref
    with pytest.raises(BadInput):
        RepoRef.from_key("nonsense")


def test_an_unknown_visibility_is_never_taken_for_narrow_enough() -> None:
    assert Visibility.PUBLIC.wider_than(Visibility.PRIVATE)
    assert Visibility.UNKNOWN.wider_than(Visibility.PRIVATE)
    assert Visibility.PUBLIC.wider_than(Visibility.UNKNOWN)
    assert Visibility.INTERNAL.wider_than(Visibility.PRIVATE)
    assert not Visibility.PRIVATE.wider_than(Visibility.UNKNOWN)
    assert not Visibility.PRIVATE.wider_than(Visibility.PRIVATE)
    assert not Visibility.PUBLIC.wider_than(Visibility.PUBLIC)
