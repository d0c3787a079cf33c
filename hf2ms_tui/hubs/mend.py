"""Edits of a card's YAML block, by the places that the YAML reader reports: a value here, a line made a comment there.

Whoever applies them checks the result (``correct``): an edit that does not come out as meant is thrown away as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from hf2ms_tui.domain.licence import KNOWN
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs.card import LIST_OF_TEXTS, SHAPES, TEXT, TEXTS, CardLoader, licence_for_hf

_LICENCE, _NAME, _LINK = "license", "license_name", "license_link"
_SHOWN = 80
_NULL, _TEXT = "tag:yaml.org,2002:null", "tag:yaml.org,2002:str"
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""where a line ends for one version of YAML or another; a comment is marked anew behind each"""
_QUOTABLE = re.compile("[\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")


@dataclass(slots=True)
class Edits:
    """Replacements of parts of a block (start, end, text), what they mean in words, and the keys whose values they change."""

    parts: list[tuple[int, int, str]] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)

    def apply(self, block: str) -> tuple[str, tuple[str, ...]]:
        """The edited block, and the changes in words."""
        for start, end, text in sorted(self.parts, reverse=True):
            block = block[:start] + (commented(block[start:end]) if text == _COMMENT else text) + block[end:]
        return block, tuple(self.changes)


_COMMENT = "#"


class _Hopeless(Exception):
    """The block cannot be mended value by value."""


def keys_named(sentences: Iterable[str], data: Mapping[Any, Any]) -> frozenset[str]:
    """The keys of a card that a hub's sentences name in straight quotes: ``"tags"``, ``"language[0]"``, ``"a.b"``."""
    found = set()
    for sentence in sentences:
        for quoted in re.findall(r'"([^"]{1,100})"', sentence):
            name = re.split(r"[.\[]", quoted, maxsplit=1)[0]
            if name in data:
                found.add(name)
    return frozenset(found)


def commented(text: str) -> str:
    """Every line a comment. The first character is the start of a line."""
    return "# " + _BREAK.sub(lambda found: found[0] + "# ", text) if text else text


def edit(block: str, refused: frozenset[str], stubborn: frozenset[str], licence_file: str) -> Edits | None:
    """The edits that mend a block; None when it cannot be mended value by value, or nothing was found to mend.

    ``refused`` keys are mended where we know how, ``stubborn`` ones become comments.
    """
    try:
        root = yaml.compose(block, Loader=CardLoader)
        if not isinstance(root, yaml.MappingNode) or root.flow_style:
            return None
        found = _Mender(block, refused, stubborn, licence_file).mend(root)
    except (yaml.YAMLError, RecursionError, ValueError, _Hopeless):
        return None
    return found if found.parts else None


class _Mender:
    def __init__(
        self, block: str, refused: frozenset[str], stubborn: frozenset[str], licence_file: str
    ) -> None:
        self._block = block
        self._refused = refused
        self._stubborn = stubborn
        self._licence_file = licence_file
        self._edits = Edits()

    def mend(self, root: yaml.MappingNode) -> Edits:
        pairs = [(self._key(key), key, value) for key, value in root.value]
        keys = {name for name, _, _ in pairs}
        last = {name: index for index, (name, _, _) in enumerate(pairs)}
        for index, (name, key, value) in enumerate(pairs):
            if index != last[name]:
                # YAML readers that take a key twice let the last one win.
                self._comment(name, key, value, f"the first “{clean(name, _SHOWN)}” of several")
            elif name in self._stubborn:
                self._comment(name, key, value)
            elif name == _LICENCE:
                self._licence(key, value, keys)
            else:
                self._value(name, key, value)
        return self._edits

    @staticmethod
    def _key(node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise _Hopeless
        return str(node.value)

    def _comment(self, name: str, key: yaml.Node, value: yaml.Node, what: str = "") -> None:
        start = self._line_start(key.start_mark.index)
        if self._block[start : key.start_mark.index].strip(" "):
            raise _Hopeless
        text = self._block[start : max(value.end_mark.index, key.end_mark.index)].rstrip()
        self._edits.parts.append((start, self._line_end(start + len(text)), _COMMENT))
        self._edits.changes.append(f"{what or f'“{clean(name, _SHOWN)}”'} is now a comment")
        if not what:
            self._edits.touched.add(name)

    def _line_start(self, index: int) -> int:
        return max((found.end() for found in _BREAK.finditer(self._block, 0, index)), default=0)

    def _line_end(self, index: int) -> int:
        found = _BREAK.search(self._block, index)
        return found.start() if found else len(self._block)

    def _replace(self, node: yaml.Node, text: str) -> None:
        self._edits.parts.append((node.start_mark.index, self._end(node), text))

    def _end(self, node: yaml.Node) -> int:
        """Behind the last character of a value; some values' own ends are behind the line breaks that follow."""
        start = node.start_mark.index
        return start + len(self._block[start : node.end_mark.index].rstrip())

    def _licence(self, key: yaml.Node, value: yaml.Node, keys: set[str]) -> None:
        items = value.value if isinstance(value, yaml.SequenceNode) else [value]
        if not items or not all(isinstance(item, yaml.ScalarNode) for item in items):
            self._comment(_LICENCE, key, value)
            return
        if items == [value] and value.tag == _NULL:
            return
        names: list[str] = []
        for item in self._wrong(items):
            word = str(item.value)
            known, name = licence_for_hf(word) or ("other", "unnamed")
            if known == word:
                # The hub does not know what its own list says it knows.
                known, name = "other", word
            self._replace(item, known)
            names += [name] if name else []
            self._edits.touched.add(_LICENCE)
            self._edits.changes.append(f"{_LICENCE} “{clean(word, _SHOWN)}” is now {known}")
        if names:
            self._describe(value, names[0], keys)

    def _wrong(self, items: list[yaml.Node]) -> list[yaml.Node]:
        """The licences that are none the hub knows; when it refuses ones that it should know, first those in capitals."""
        wrong = [item for item in items if item.tag != _TEXT or item.value.strip().casefold() not in KNOWN]
        if wrong or _LICENCE not in self._refused:
            return wrong
        return [item for item in items if item.value not in KNOWN] or items

    def _describe(self, value: yaml.Node, name: str, keys: set[str]) -> None:
        """Say what an ``other`` licence is called and where its text is, unless the card says so."""
        lines = []
        if _NAME not in keys:
            lines.append(f"{_NAME}: {_as_text(name)}")
            self._edits.changes.append(f"{_NAME} is {name}")
        if _LINK not in keys and self._licence_file:
            lines.append(f"{_LINK}: {self._licence_file}")
            self._edits.changes.append(f"{_LINK} is {self._licence_file}")
        if not lines:
            return
        found = _BREAK.search(self._block)
        between = (found[0] if found else "\n") + re.match(" *", self._block)[0]  # type: ignore[index]
        end = self._line_end(self._end(value))
        self._edits.parts.append((end, end, "".join(between + line for line in lines)))

    def _value(self, name: str, key: yaml.Node, value: yaml.Node) -> None:
        fits, shape = SHAPES.get(name, (_anything, ""))
        if value.tag == _NULL or fits(_plain(value)):
            if name in self._refused:
                self._comment(name, key, value)
            return
        items = value.value if isinstance(value, yaml.SequenceNode) and shape != TEXT else [value]
        if shape not in {TEXT, TEXTS, LIST_OF_TEXTS} or not all(_quotable(item) for item in items):
            self._comment(name, key, value)
            return
        wrap = shape == LIST_OF_TEXTS and items == [value]
        for item in items:
            if wrap:
                self._replace(item, f"[{_quoted(item.value)}]")
            elif item.tag != _TEXT:
                self._replace(item, _quoted(item.value))
        self._edits.touched.add(name)
        self._edits.changes.append(f"“{name}” is now {'a list of one text' if wrap else 'written as text'}")


def _anything(value: object) -> bool:
    return True


def _plain(node: yaml.Node, *, inner: bool = False) -> object:
    """What a node holds as far as the shapes care: texts are texts, and lists hold what they hold one level down."""
    if isinstance(node, yaml.ScalarNode):
        return {_TEXT: "", "tag:yaml.org,2002:bool": True}.get(node.tag)
    if isinstance(node, yaml.SequenceNode):
        return [] if inner else [_plain(item, inner=True) for item in node.value]
    return {}


def _quotable(node: yaml.Node) -> bool:
    """Whether a node is one line of text, whatever YAML takes it for."""
    return (
        isinstance(node, yaml.ScalarNode)
        and node.tag != _NULL
        and _QUOTABLE.fullmatch(node.value) is not None
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _as_text(text: str) -> str:
    """A text of letters, digits, dots and dashes as YAML, quoted where a reader would take it for something else."""
    sure = re.fullmatch(r"[a-z][a-z0-9.-]*[a-z0-9]", text) and text not in _WORDS
    return text if sure else _quoted(text)


_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "nan", "inf"}


def others_kept(old: str, new: str, touched: set[str]) -> bool:
    """Whether two blocks say the same but for the keys ``touched`` and what describes the licence."""
    try:
        shapes = _Shapes()
        before, after = shapes.of_keys(old), shapes.of_keys(new)
    except (yaml.YAMLError, RecursionError, ValueError, _Hopeless):
        return False
    kept = all(after.get(name) == shape for name, shape in before.items() if name not in touched)
    return kept and after.keys() - before.keys() <= {_NAME, _LINK}


def keys_added(old: str, new: str) -> list[str]:
    """The keys of ``new`` that are not in ``old``, sorted, when all of ``old`` is in ``new`` as it was; else none."""
    try:
        shapes = _Shapes()
        before, after = shapes.of_keys(old), shapes.of_keys(new)
    except (yaml.YAMLError, RecursionError, ValueError, _Hopeless):
        return []
    if any(after.get(name) != shape for name, shape in before.items()):
        return []
    return sorted(after.keys() - before.keys())


class _Shapes:
    """Numbers for values, equal only for equal ones. Looks at a value once, however often it is referred to."""

    def __init__(self) -> None:
        self._numbers: dict[object, int] = {}

    def of_keys(self, block: str) -> dict[str, int]:
        """The number of each top-level value; of a key that is there twice, of its last."""
        root = yaml.compose(block, Loader=CardLoader)
        if root is None:
            return {}
        if not isinstance(root, yaml.MappingNode) or not all(
            isinstance(key, yaml.ScalarNode) for key, _ in root.value
        ):
            raise _Hopeless
        seen: dict[int, int] = {}
        return {str(key.value): self._number(value, seen) for key, value in root.value}

    def _number(self, node: yaml.Node, seen: dict[int, int]) -> int:
        known = seen.get(id(node))
        if known == _OPEN:
            raise _Hopeless  # a value that holds itself
        if known is None:
            seen[id(node)] = _OPEN
            if isinstance(node, yaml.ScalarNode):
                inside: object = node.value
            elif isinstance(node, yaml.SequenceNode):
                inside = tuple(self._number(item, seen) for item in node.value)
            else:
                inside = tuple(
                    (self._number(key, seen), self._number(value, seen)) for key, value in node.value
                )
            known = self._numbers.setdefault((node.tag, inside), len(self._numbers))
            seen[id(node)] = known
        return known


_OPEN = -1
