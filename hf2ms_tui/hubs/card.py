"""Cards: the YAML front matter of a README.md, read as YAML. ``correct`` is where one is ever changed.

Hugging Face reads YAML 1.2, where ``no`` is Norwegian and not false, so the loader here does too. Bytes are only looked at:
what a hub would refuse is reported as sentences before anything moves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from hf2ms_tui.domain.licence import KNOWN, canonical, is_known
from hf2ms_tui.domain.repo import Kind
from hf2ms_tui.domain.text import clean

BLOCK = re.compile(
    r"\A\s*---[ \t]*(?:\r\n|\r|\n)(.*?)(?:\r\n|\r|\n)?^---[ \t]*(?:\r\n|\r|\n|\Z)", re.S | re.M
)
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Card:
    """A README's metadata (``data``, empty when there is none), the text after it, and what is wrong with the block.

    ``problems`` make a hub refuse it, ``notes`` do not; both are whole, clean sentences.
    """

    data: Mapping[str, Any]
    body: str
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class CardLoader(yaml.SafeLoader):
    """YAML 1.2 core: only true and false are booleans, dates stay text, no base-60 numbers; keys may not repeat."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own attribute


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
):
    CardLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first)
    )


def _mapping(loader: CardLoader, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key “{key.value}” is there twice", key.start_mark
                )
            seen.add(key.value)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=deep)


def _build_mapping(loader: CardLoader, node: yaml.MappingNode) -> Any:
    found: dict[Hashable, Any] = {}
    yield found
    found.update(_mapping(loader, node))


def _number(loader: CardLoader, node: yaml.ScalarNode) -> Any:
    text = str(node.value)
    try:
        return int(text, 0) if text[:2].lower() in {"0o", "0x"} else int(text)
    except ValueError:
        return text  # thousands of digits: Python refuses to read them as a number


CardLoader.add_constructor("tag:yaml.org,2002:map", _build_mapping)
CardLoader.add_constructor("tag:yaml.org,2002:int", _number)


def read_card(content: str | bytes) -> Card:
    """Read a README. Never raises: what cannot be read is a problem of the card."""
    problems: list[str] = []
    notes: list[str] = []
    if isinstance(content, bytes):
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            notes.append(f"The README is not UTF-8: byte {error.start:,} cannot be read.")
            text = content.decode("utf-8", "replace")
    else:
        text = content
    text = text.removeprefix("\ufeff")
    match = BLOCK.match(text)
    if match is None:
        if re.match(r"\A\s*---[ \t]*(?:\r\n|\r|\n)", text) and re.search(r"^[\w-]+:", text, re.M):
            notes.append("The metadata block at the top of the README is never closed with ---.")
        return Card({}, text, (), tuple(notes))
    data: Any = None
    try:
        data = yaml.load(match.group(1), Loader=CardLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 2})" if mark else ""
        problems.append(
            f"The README's metadata is not valid YAML{where}: {clean(str(error.problem or ''), _SHOWN)}."
        )
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        problems.append(f"The README's metadata is not valid YAML: {clean(str(error), _SHOWN)}.")
    if data is not None and not isinstance(data, dict):
        problems.append("The README's metadata is not a list of keys and values.")
    return Card(data if isinstance(data, dict) else {}, text[match.end() :], tuple(problems), tuple(notes))


def licences(card: Card) -> tuple[str, ...]:
    """The licences a card names, in its order, as canonical identifiers; empty when it names none."""
    found = card.data.get("license")
    values = found if isinstance(found, list) else [found]
    return tuple(canonical(value) for value in values if isinstance(value, str) and value.strip())


def licence_for_ms(card: Card) -> str | None:
    """The licence text for ModelScope, None when the card names none; ``other`` becomes its name, several are joined."""
    named = card.data.get("license_name")
    words = [
        named.strip() if word == "other" and isinstance(named, str) and named.strip() else word
        for word in licences(card)
    ]
    return clean(", ".join(dict.fromkeys(words)), 200) or None


def licence_for_hf(text: str | None) -> tuple[str, str] | None:
    """ModelScope's licence text as Hugging Face's ``license`` and ``license_name``; the name is empty for a known id."""
    if not text or not text.strip():
        return None
    if is_known(text):
        return canonical(text), ""
    name = re.sub(r"[^a-z0-9.]+", "-", text.casefold()).strip("-")
    return "other", name or "unnamed"


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_texts(value: object) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(item, str) for item in value)
    )


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


TEXT, TEXTS, LIST_OF_TEXTS = "a text", "a text or a list of texts", "a list of texts"
SHAPES: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "license": (_is_texts, TEXTS),
    "license_name": (_is_text, TEXT),
    "license_link": (_is_text, TEXT),
    "language": (_is_texts, TEXTS),
    "tags": (_is_list_of_texts, LIST_OF_TEXTS),
    "datasets": (_is_texts, TEXTS),
    "base_model": (_is_texts, TEXTS),
    "pipeline_tag": (_is_text, TEXT),
    "library_name": (_is_text, TEXT),
    "model-index": (_is_list, "a list"),
    "task_categories": (_is_texts, TEXTS),
    "configs": (_is_list, "a list"),
    "title": (_is_text, TEXT),
    "sdk": (_is_text, TEXT),
    "app_file": (_is_text, TEXT),
    "pinned": (_is_flag, "true or false"),
}


def problems_for_hf(card: Card, kind: Kind) -> tuple[str, ...]:
    """What Hugging Face would refuse in a card of a repo of ``kind``, as sentences; empty when it is fine.

    Rules: hub docs, repositories-licenses and the card specifications (2026-08). ``null`` values count as absent.
    """
    found = list(card.problems)
    for key, (fits, shape) in SHAPES.items():
        value = card.data.get(key)
        if value is not None and not fits(value):
            found.append(f"“{key}” must be {shape}.")
    found += _strange_licences(card)
    sdk = card.data.get("sdk")
    if kind is Kind.SPACE and isinstance(sdk, str) and sdk not in {"gradio", "streamlit", "docker", "static"}:
        found.append(f"“{clean(sdk, _SHOWN)}” is no sdk of a space.")
    return tuple(found)


def _strange_licences(card: Card) -> list[str]:
    value = card.data.get("license")
    words = value if isinstance(value, list) else [value]
    found = []
    for word in words:
        if not isinstance(word, str) or word.strip().casefold() in KNOWN:
            continue
        known, name = licence_for_hf(word) or ("other", "unnamed")
        write = f"“license: {known}”" + (f" and “license_name: {name}”" if name else "")
        found.append(
            f"“{clean(word, _SHOWN)}” is no licence identifier that Hugging Face knows; write {write}."
        )
    return found
