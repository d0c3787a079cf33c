"""Corrected cards: the hub takes them, nothing below the block changes, and what was right stays as it was."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from hf2ms_tui.domain.repo import Kind
from hf2ms_tui.domain.text import clean, is_clean
from hf2ms_tui.hubs.card import problems_for_hf, read_card
from hf2ms_tui.hubs.correct import Corrected, acceptable_card, all_comments, correct
from hf2ms_tui.loopback.huggingface import cards

BODY = b"# Title\r\n\r\n\xff\xfe\x00 body --- \n---\nmore\n"


def check(data: bytes) -> tuple[str, ...]:
    """What the writing half of Hugging Face answers: the hub decides, our reading explains."""
    text = data.decode("utf-8", "replace")
    errors, _ = cards.problems(text, "model")
    if not errors:
        return ()
    return (
        *problems_for_hf(read_card(text), Kind.MODEL),
        *(f"Hugging Face says: {clean(e, 300)}" for e in errors),
    )


def card(front: str, body: bytes = BODY, newline: str = "\n") -> bytes:
    return f"---{newline}{front}{newline}---{newline}".encode("utf-8", "surrogateescape") + body


def mended(front: str, licence_file: str = "") -> str:
    """The block after correction; asserts what must hold for every correction."""
    data = card(front)
    made = acceptable_card(check, data, Kind.MODEL, licence_file=licence_file)
    assert made is not None
    well(data, made, licence_file)
    assert made.data.startswith(b"---\n") and made.data.endswith(b"\n---\n" + BODY)
    return made.data[4 : -len(b"\n---\n" + BODY)].decode("utf-8", "surrogateescape")


def well(data: bytes, made: Corrected, licence_file: str = "") -> None:
    assert check(made.data) == ()
    assert made.data != data and made.changes and is_clean(made.why) and is_clean(made.words)
    ours, theirs = read_card(data), read_card(made.data)
    assert ours.body == theirs.body and not theirs.problems
    assert acceptable_card(check, made.data, Kind.MODEL) is None, "a corrected card needs no correction"
    again = acceptable_card(check, data, Kind.MODEL, licence_file=licence_file)
    assert again == made, "the same bytes give the same correction"


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        ("license: Apache License 2.0", "license: apache-2.0"),
        ("license: 'Apache License 2.0'  # as there\ntags:\n- a", "license: apache-2.0  # as there\ntags:\n- a"),
        ("a: 1\nlicense: \"MIT License\"\nb:  [x]", "a: 1\nlicense: mit\nb:  [x]"),
        ("license:\n- Apache License 2.0\n- mit\nx: y", "license:\n- apache-2.0\n- mit\nx: y"),
        ("license: [Apache License 2.0, MIT]", "license: [apache-2.0, MIT]"),
        ("license: >\n  Apache License\n  2.0\nx: y", "license: apache-2.0\nx: y"),
        ("license: Acme Terms 3\nx: y", "license: other\nlicense_name: acme-terms-3\nx: y"),
        ("x: y\nlicense: 自定义", "x: y\nlicense: other\nlicense_name: unnamed"),
        ("license: 2.0  # so", "license: other  # so\nlicense_name: '2.0'"),
        ("license: Yes!\nlicense_name: kept", "license: other\nlicense_name: kept"),
        ("license: {a: b}\nx: y", "# license: {a: b}\nx: y"),
        ("license:\n  a: b\n\nx: y", "# license:\n#   a: b\n\nx: y"),
        ("  license: Acme\n  x: y", "  license: other\n  license_name: acme\n  x: y"),
        ("license: mit\ntags: [a, 2024, true]", "license: mit\ntags: [a, '2024', 'true']"),
        ("tags: {a: b}\nlanguage: en", "# tags: {a: b}\nlanguage: en"),
        ("language: 中文\nx: 1", "# language: 中文\nx: 1"),
        ("language:\n- zh\n- 普通话\n# about x\nx: 1", "# language:\n# - zh\n# - 普通话\n# # about x\nx: 1"),
        ("license: mit\nlicense: Acme", "# license: mit\nlicense: other\nlicense_name: acme"),
        ("license: [Apache", "# license: [Apache"),
        ("a: b\n\tc: d", "# a: b\n# \tc: d"),
        ("- a\n- b", "# - a\n# - b"),
        ("license: Acme\nbad: \x07", "# license: Acme\n# bad: \\u0007"),
        ("{license: Acme, x: y}", "# {license: Acme, x: y}"),
        ("license: &l Acme\nname: *l", "# license: &l Acme\n# name: *l"),
    ],
)  # fmt: skip
def test_the_smallest_edit_that_the_hub_takes(front: str, expected: str) -> None:
    assert mended(front) == expected


def test_an_unknown_licence_links_to_the_text_in_the_repo() -> None:
    assert mended("license: Acme", "LICENSE") == "license: other\nlicense_name: acme\nlicense_link: LICENSE"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_line_ends_and_a_byte_order_mark_stay(newline: str) -> None:
    data = b"\xef\xbb\xbf" + card(f"license: Acme{newline}x: y", newline=newline)
    made = acceptable_card(check, data, Kind.MODEL)
    assert made is not None
    front = newline.join(["---", "license: other", "license_name: acme", "x: y", "---", ""])
    assert made.data == b"\xef\xbb\xbf" + front.encode() + BODY


def test_bytes_that_are_not_utf8_stay_in_the_block() -> None:
    data = card("a: \udcff\udce9  # \udc80\nlicense: Acme")
    made = acceptable_card(check, data, Kind.MODEL)
    assert made is not None
    well(data, made)
    assert made.data == data.replace(b"license: Acme", b"license: other\nlicense_name: acme")


@pytest.mark.parametrize(
    "front",
    ["license: mit", "license: other\nlicense_name: x", "tags: []", "", "# only a comment", "language: no"],
)
def test_a_card_that_is_taken_is_not_touched(front: str) -> None:
    data = card(front)
    assert acceptable_card(check, data, Kind.MODEL) is None
    assert correct(data, Kind.MODEL) is None


def test_what_has_no_block_cannot_be_corrected() -> None:
    refuse_all = _refusing("no")
    for data in (b"# Title\n", b"", b"---\nlicense: never closed\n"):
        assert acceptable_card(refuse_all, data, Kind.MODEL) is None
    assert acceptable_card(refuse_all, card("license: mit"), Kind.MODEL) is None, "it would not help"


def _refusing(*sentences: str) -> Callable[[bytes], tuple[str, ...]]:
    return lambda data: sentences


def test_what_mending_does_not_help_becomes_a_comment() -> None:
    """A hub that knows licences we do not know it refuses: first the mend, then the comment, then all of it."""

    def strict(data: bytes) -> tuple[str, ...]:
        found = yaml.safe_load(data.split(b"---")[1]) or {}
        return ('Hugging Face says: "license" is not for you',) if "license" in found else ()

    made = acceptable_card(strict, card("license: mit\nx: y", b""), Kind.MODEL)
    assert made is not None
    assert made.data == card("# license: mit\nx: y", b"")
    assert made.refused == strict(card("license: mit")) and "not for you" in made.why

    def vague(data: bytes) -> tuple[str, ...]:
        return ("Hugging Face says: no.",) if yaml.safe_load(data.split(b"---")[1]) else ()

    made = acceptable_card(vague, card("a: 1\nb: 2", b""), Kind.MODEL)
    assert made is not None and made.data == card("# a: 1\n# b: 2", b"")


def test_a_licence_in_capitals_is_written_small_when_the_hub_minds() -> None:
    def strict(data: bytes) -> tuple[str, ...]:
        return ('Hugging Face says: "license" must be one of [mit]',) if b"MIT" in data else ()

    made = acceptable_card(strict, card("license: [MIT, gpl]"), Kind.MODEL)
    assert made is not None and made.data == card("license: [mit, gpl]")


def test_a_value_that_holds_itself_or_grows_without_end_costs_nothing() -> None:
    bomb = "\n".join(
        [
            "license: Acme",
            "a0: &a0 [x, x]",
            *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 25)),
        ]
    )
    assert mended(bomb).startswith("license: other\nlicense_name: acme\na0: &a0")
    assert "license: Acme" in mended("license: Acme\nx: &x [*x]")


KEYS = st.sampled_from(
    ["license", "license_name", "tags", "language", "datasets", "pipeline_tag", "x", "model-index", "y z"]
)
SCALARS = st.one_of(
    st.sampled_from(
        [
            "mit",
            "Apache License 2.0",
            "Acme",
            "true",
            "2024",
            "~",
            "''",
            "no",
            "*a",
            "&a b",
            "|",
            "- a",
            "zh",
            "中",
        ]
    ),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12),
)
LINES = st.one_of(
    st.builds("{}: {}".format, KEYS, SCALARS),
    st.builds("{}: [{}, {}]".format, KEYS, SCALARS, SCALARS),
    st.builds("{}:\n- {}\n- {}".format, KEYS, SCALARS, SCALARS),
    st.builds("{}: # note\n  {}: {}".format, KEYS, KEYS, SCALARS),
    st.builds("# {}".format, SCALARS),
    SCALARS,
)  # fmt: skip


@given(
    front=st.one_of(st.lists(LINES, max_size=6).map("\n".join), st.text(max_size=60)),
    body=st.binary(max_size=40),
    newline=st.sampled_from(["\n", "\r\n"]),
    licence_file=st.sampled_from(["", "LICENSE"]),
)
@example("license: Acme\n\x85tags: x", b"", "\n", "")
@example("x: \u2028license: Acme", b"", "\n", "")
def test_whatever_is_in_the_block(front: str, body: bytes, newline: str, licence_file: str) -> None:
    data = card(front.replace("\n", newline), body, newline)
    made = acceptable_card(check, data, Kind.MODEL, licence_file=licence_file)
    if made is None:
        if check(data):
            again = all_comments(data)
            assert again is None or check(again.data), "a correction that helps was not found"
        return
    assert check(made.data) == () and read_card(made.data).problems == ()
    tail = next(
        len(body) + extra
        for extra in range(len(data))
        if data[len(data) - len(body) - extra :].startswith(b"---")
    )
    assert made.data.endswith(data[len(data) - tail :]), (
        "the body and the line that ends the block are the same bytes"
    )
    assert made == acceptable_card(check, data, Kind.MODEL, licence_file=licence_file)
    assert acceptable_card(check, made.data, Kind.MODEL, licence_file=licence_file) is None
    assert is_clean(made.why)
    before, after = read_card(data), read_card(made.data)
    assert before.body == after.body
    if not before.problems and after.data:
        changed = {key for key in before.data if repr(before.data[key]) != repr(after.data.get(key))}
        assert changed <= {
            "license",
            "license_name",
            "tags",
            "language",
            "datasets",
            "pipeline_tag",
            "model-index",
        }
