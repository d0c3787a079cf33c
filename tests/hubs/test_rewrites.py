"""What counts as a hub's own rewriting: additions and other spellings, never a loss."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf2ms_tui.domain.repo import Hub
from hf2ms_tui.domain.text import is_clean
from hf2ms_tui.domain.verdict import EXCEPTABLE
from hf2ms_tui.hubs.rewrites import rewritten

LFS = b" filter=lfs diff=lfs merge=lfs -text\n"


@pytest.mark.parametrize(
    ("path", "source", "copy", "how"),
    [
        (".gitattributes", b"*.bin" + LFS, b"*.bin" + LFS + b"a.x" + LFS, "added 1 line that sends files to LFS"),
        (".gitattributes", b"", b"a" + LFS + b"b" + LFS, "added 2 lines that send files to LFS"),
        (".gitattributes", b"# no end", b"# no end\na" + LFS, "added 1 line"),
        ("configuration.json", b'{"a": 1}', b'{ "a":1 }\n', "spelt the JSON anew"),
        ("configuration.json", b'{"a": 1}', b'{"task": "x", "a": 1}', "added task to the JSON"),
        ("dataset_infos.json", b"{}", b'{"b": 1, "a": []}', "added a, b to the JSON"),
        ("README.md", b"---\na: 1\n---\nhi", b"---\na: 1\nlicense: mit\n---\nhi", "added license to the metadata"),
        ("README.md", b"hi\n", b"---\nlicense: mit\n---\nhi\n", "added license to the metadata"),
    ],
)  # fmt: skip
def test_additions_and_other_spellings_are_told(path: str, source: bytes, copy: bytes, how: str) -> None:
    said = rewritten(Hub.MS, path, source, copy)
    assert said.startswith(f"ModelScope {how}") and is_clean(said)


@pytest.mark.parametrize(
    ("path", "source", "copy"),
    [
        (".gitattributes", b"*.bin" + LFS, b"*.pt" + LFS),
        (".gitattributes", b"*.bin" + LFS, b""),
        (".gitattributes", b"*.bin -text\n", b"*.bin" + LFS),
        (".gitattributes", b"*.bin" + LFS, b"*.bin" + LFS + b"*.txt -filter\n"),
        (".gitattributes", b"a\nb\n", b"b\na\n" + b"x" + LFS),
        ("configuration.json", b'{"a": 1}', b'{"a": true}'),
        ("configuration.json", b'{"a": 1}', b'{"a": "1"}'),
        ("configuration.json", b'{"a": 1.0}', b'{"a": 1}'),
        ("configuration.json", b'{"a": {"b": 1}}', b'{"a": {"b": 1, "c": 2}}'),
        ("configuration.json", b'{"a": 1, "a": 2}', b'{"a": 2}'),
        ("configuration.json", b"[1]", b"[1, 2]"),
        ("configuration.json", b"\xff", b"\xfe"),
        ("configuration.json", b"[" * 100_000, b"[" * 100_001),
        ("README.md", b"---\na: 1\n---\nhi", b"---\na: 1\nb: 2\n---\nhi!"),
        ("README.md", b"---\na: 1\n---\nhi", b"---\na: 2\nb: 2\n---\nhi"),
        ("README.md", b"---\na: 1\n---\nhi", b"hi"),
        ("README.md", b"---\na: 1\n---\nhi", b"---\n[\n---\nhi"),
        ("README.md", b"---\na: 1\n---\nhi", b"---\na: 1\n---\nhi\n"),
        ("weights.bin", b"", b"x"),
        ("sub/configuration.json", b"{}", b"{ }"),
    ],
)
def test_whatever_is_lost_or_other_is_a_difference(path: str, source: bytes, copy: bytes) -> None:
    assert rewritten(Hub.HF, path, source, copy) == ""


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(path=st.sampled_from(sorted(EXCEPTABLE)), source=st.binary(max_size=60), copy=st.binary(max_size=60))
def test_any_bytes_are_looked_at_without_harm(path: str, source: bytes, copy: bytes) -> None:
    assert rewritten(Hub.HF, path, source, source) == ""
    assert is_clean(rewritten(Hub.HF, path, source, copy))


@given(
    ours=st.dictionaries(st.text(max_size=3), VALUES, max_size=4),
    theirs=st.dictionaries(st.text(max_size=3), VALUES, max_size=4),
)
def test_json_is_explained_only_when_nothing_of_it_is_lost(
    ours: dict[str, object], theirs: dict[str, object]
) -> None:
    source, copy = json.dumps(ours).encode(), json.dumps(theirs, indent=1).encode()
    if rewritten(Hub.MS, "configuration.json", source, copy):
        back = json.loads(copy)
        assert all(
            json.dumps(back[key], sort_keys=True) == json.dumps(value, sort_keys=True)
            for key, value in ours.items()
        )
