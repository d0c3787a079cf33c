"""Cards are read as Hugging Face reads them, nothing is rewritten, and no valid licence is spoiled (W23)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf2ms_tui.domain.repo import Kind
from hf2ms_tui.domain.text import is_clean
from hf2ms_tui.hubs.card import licence_for_hf, licence_for_ms, licences, problems_for_hf, read_card

SPOILED = [
    "llama2",
    "llama3",
    "llama3.1",
    "llama3.2",
    "llama3.3",
    "llama4",
    "gemma",
    "openmdw-1.0",
    "deepfloyd-if-license",
    "fair-noncommercial-research-license",
    "grok2-community",
    "apple-ascl",
    "apple-amlr",
    "h-research",
    "intel-research",
    "etalab-2.0",
]


def card(front: str) -> str:
    return f"---\n{front}\n---\n# Title\n"


@pytest.mark.parametrize("identifier", SPOILED)
def test_w23_valid_licences_stay_what_they_are(identifier: str) -> None:
    read = read_card(card(f"license: {identifier}"))
    assert licences(read) == (identifier,)
    assert licence_for_ms(read) == identifier
    assert licence_for_hf(identifier) == (identifier, "")
    assert problems_for_hf(read, Kind.MODEL) == ()


def test_w23_a_list_of_licences_stays_a_list() -> None:
    read = read_card(card("license:\n- mit\n- llama3.1"))
    assert licences(read) == ("mit", "llama3.1")
    assert licence_for_ms(read) == "mit, llama3.1"
    assert problems_for_hf(read, Kind.MODEL) == ()


def test_w23_display_names_are_known() -> None:
    assert licence_for_hf("Apache License 2.0") == ("apache-2.0", "")
    assert licence_for_hf("MIT License") == ("mit", "")


def test_w23_a_display_name_in_a_card_is_refused_with_the_identifier_to_write() -> None:
    (problem,) = problems_for_hf(read_card(card("license: Apache License 2.0")), Kind.MODEL)
    assert "“license: apache-2.0”" in problem
    assert "other" not in problem


def test_w23_comments_order_and_bytes_are_nobodys_business() -> None:
    data = b"---\n# kept\nlicense: mit  # also kept\nb: 1\na: 2\n---\n\xff\xfe body"
    before = bytes(data)
    read_card(data)
    assert data == before


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("---\nlicense: mit\n---", ""),
        ("---\nlicense: mit\n---\n", ""),
        ("---\r\nlicense: mit\r\n---\r\nhello", "hello"),
        ("\ufeff---\nlicense: mit\n---\nhello", "hello"),
        ("\n\n---\nlicense: mit\n---  \nhello", "hello"),
        ("---\nlicense: 'mit'\n---\nhello\n---\n", "hello\n---\n"),
    ],
)
def test_front_matter_is_found_wherever_hugging_face_finds_it(text: str, body: str) -> None:
    for content in (text, text.encode()):
        read = read_card(content)
        assert (read.data, read.body, read.problems, read.notes) == ({"license": "mit"}, body, (), ())


@pytest.mark.parametrize(
    "text", ["", "# Title\n", "# Title\n---\nlicense: mit\n---\n", "----\n", "---\n---\n"]
)
def test_no_front_matter_is_no_problem(text: str) -> None:
    read = read_card(text)
    assert read.data == {}
    assert problems_for_hf(read, Kind.MODEL) == ()
    assert licence_for_ms(read) is None


def test_an_unclosed_block_is_noted_and_not_refused() -> None:
    read = read_card("---\nlicense: mit\n")
    assert read.data == {}
    assert read.notes
    assert problems_for_hf(read, Kind.MODEL) == ()


def test_bytes_that_are_not_utf8_are_noted_and_the_rest_is_read() -> None:
    read = read_card(b"---\nlicense: mit\n---\nna\xefve")
    assert licences(read) == ("mit",)
    assert "not UTF-8" in read.notes[0]
    assert read.problems == ()


@pytest.mark.parametrize(
    "front",
    [
        "license: [mit",
        "a: 1\na: 2",
        "- just\n- a list",
        "\tkey: tab",
        "a: !!python/object/apply:os.system [ls]",
        "? [a]\n: 1",
        "x: " + "[" * 3000,
        "text: “\x1b[31mred",
    ],
)
def test_malformed_yaml_is_one_clean_problem(front: str) -> None:
    problems = problems_for_hf(read_card(card(front)), Kind.MODEL)
    assert len(problems) == 1
    assert is_clean(problems[0])


def test_yaml_is_version_1_2() -> None:
    read = read_card(
        card("language: no\nother:\n- yes\n- on\nsince: 2024-01-01\ntime: 12:30:45\nversion: 1.10")
    )
    assert read.data == {
        "language": "no",
        "other": ["yes", "on"],
        "since": "2024-01-01",
        "time": "12:30:45",
        "version": 1.1,
    }
    assert problems_for_hf(read, Kind.MODEL) == ()


@pytest.mark.parametrize(
    ("front", "word"),
    [
        ("tags: one", "tags"),
        ("tags:\n- 1", "tags"),
        ("license: 3", "license"),
        ("license:\n  name: mit", "license"),
        ("language: 5", "language"),
        ("pipeline_tag:\n- a", "pipeline_tag"),
        ("model-index: {}", "model-index"),
        ("license: my-own", "my-own"),
        ("license:\n- mit\n- my-own", "my-own"),
    ],
)
def test_what_hugging_face_would_refuse_is_named(front: str, word: str) -> None:
    problems = problems_for_hf(read_card(card(front)), Kind.MODEL)
    assert len(problems) == 1
    assert word in problems[0]


@pytest.mark.parametrize(
    "front",
    ["license: other", "license: other\nlicense_name: my-own", "license: unknown", "license:", "tags: []"],
)
def test_what_hugging_face_takes_is_no_problem(front: str) -> None:
    assert problems_for_hf(read_card(card(front)), Kind.MODEL) == ()


def test_a_named_licence_goes_to_modelscope_by_its_name() -> None:
    assert licence_for_ms(read_card(card("license: other\nlicense_name: falcon-180b"))) == "falcon-180b"
    assert licence_for_ms(read_card(card("license: other"))) == "other"


def test_an_unknown_licence_goes_to_hugging_face_as_other_with_a_name() -> None:
    assert licence_for_hf("Falcon 180B: TII!") == ("other", "falcon-180b-tii")
    assert licence_for_hf(None) is None
    assert licence_for_hf("  ") is None
    assert licence_for_hf("许可证") == ("other", "unnamed")


def test_an_unknown_sdk_is_a_problem_of_spaces_only() -> None:
    read = read_card(card("sdk: shiny"))
    assert len(problems_for_hf(read, Kind.SPACE)) == 1
    assert problems_for_hf(read, Kind.MODEL) == ()


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300)))
def test_reading_never_raises_and_never_speaks_unsafely(content: str | bytes) -> None:
    for text in (content, b"---\n" + content + b"\n---\n" if isinstance(content, bytes) else card(content)):
        read = read_card(text)
        for kind in Kind:
            assert all(is_clean(line) for line in (*problems_for_hf(read, kind), *read.notes))
        assert is_clean(licence_for_ms(read) or "")
