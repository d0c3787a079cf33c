"""Corrected cards: the smallest edit of a README's front matter that a hub accepts. The text below it is never touched.

A correction is a pure function of the README's bytes and of what the hub refuses, so that whoever proves a copy can make it
again and compare. It goes from small to large: values are written as the hub wants them; what cannot be mended becomes a
comment; and where even that does not make the block readable, all of it becomes comments. Nothing is thrown away.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from hf2ms_tui.domain.manifest import Blob
from hf2ms_tui.domain.repo import Kind
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs import mend
from hf2ms_tui.hubs.card import BLOCK, problems_for_hf, read_card

_TRIES = 4
_FORBIDDEN = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\udc80-\udcff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""what no YAML stream may hold, not even in comments; the lone surrogates are bytes that are not UTF-8"""

Check = Callable[[bytes], tuple[str, ...]]
"""what a hub refuses in a README, as sentences"""


@dataclass(frozen=True, slots=True)
class Corrected:
    """A README with a corrected block, what was changed in it, and which sentences of the hub made that necessary."""

    data: bytes
    changes: tuple[str, ...]
    refused: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What was changed, in one clean line."""
        return "; ".join(self.changes)

    @property
    def why(self) -> str:
        """Why the file differs from the source's, for a proof."""
        # That a licence is refused shows in what was changed.
        said = next((text for text in self.refused if "licence identifier" not in text), "")
        return clean(
            f"Hugging Face refuses the source's metadata. {said + ' ' if said else ''}In the copy {self.words}; "
            "the text below the metadata is the same.",
            600,
        )

    @property
    def blob(self) -> Blob:
        """The content's key."""
        return Blob(hashlib.sha256(self.data).hexdigest(), len(self.data))


def acceptable_card(check: Check, data: bytes, kind: Kind, *, licence_file: str = "") -> Corrected | None:
    """The README that the hub behind ``check`` takes instead of ``data``; None when it takes ``data``, or no correction helps.

    ``licence_file`` is the name of the repo's licence text (``LICENSE``), which an unknown licence then links to. The same
    arguments and the same answers always give the same bytes. Asks the hub a few times; raises what that raises.
    """
    refused = check(data)
    if not refused:
        return None
    stubborn: list[str] = []
    for _ in range(_TRIES):
        made = correct(data, kind, refused=refused, stubborn=stubborn, licence_file=licence_file)
        if made is None:
            break
        still = check(made.data)
        if not still:
            return replace(made, refused=refused)
        stubborn += still
    made = all_comments(data)
    return None if made is None or check(made.data) else replace(made, refused=refused)


def correct(
    data: bytes,
    kind: Kind,
    *,
    refused: Iterable[str] = (),
    stubborn: Iterable[str] = (),
    licence_file: str = "",
) -> Corrected | None:
    """Correct what our own reading of the rules finds wrong and the keys that ``refused`` names; None when nothing is to do.

    ``stubborn`` sentences name keys that mending did not help; they become comments. The result has the same bytes below
    the block, is YAML, and breaks no rule we know; every key that was right is as before.
    """
    parts = _split(data)
    if parts is None:
        return None
    head, block, body = parts
    card = read_card(data)
    named, hard = mend.keys_named(refused, card.data), mend.keys_named(stubborn, card.data)
    if not card.problems and not named and not hard and not problems_for_hf(card, kind):
        return None
    loadable = _loadable(block)
    edits = mend.edit(loadable, named, hard, licence_file)
    if edits is not None:
        text, changes = edits.apply(block)
        made = _join(head, text, body)
        if _holds(made, body, kind) and mend.others_kept(loadable, _loadable(text), edits.touched):
            return Corrected(made, changes)
    return all_comments(data)


def all_comments(data: bytes) -> Corrected | None:
    """Make every line of the block a comment; None when there is no block, or when even that is not YAML."""
    parts = _split(data)
    if parts is None:
        return None
    head, block, body = parts
    inert = _FORBIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", block)
    made = _join(head, mend.commented(inert), body)
    read = read_card(made)
    again = _split(made)
    if read.problems or read.data or again is None or again[2] != body:
        return None
    return Corrected(made, ("all of the metadata is now a comment",))


def block_apart(data: bytes) -> tuple[str, bytes] | None:
    """A README's block as a hub reads it, and the bytes below the line that ends it; None without a block."""
    parts = _split(data)
    if parts is None:
        return None
    head, block, rest = parts
    opening = BLOCK.match((head + block).removeprefix("\ufeff") + rest.decode("utf-8", "surrogateescape"))
    assert opening is not None
    text = opening.string[opening.end() :]
    return _loadable(block), text.encode("utf-8", "surrogateescape")


def _split(data: bytes) -> tuple[str, str, bytes] | None:
    """The opening, the block and what follows it, from its closing ``---`` on; None without a block.

    The texts hold bytes that are not UTF-8 as lone surrogates, so that they turn into the same bytes again.
    """
    text = data.decode("utf-8", "surrogateescape")
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    found = BLOCK.match(text.removeprefix(mark))
    if found is None:
        return None
    start, end = found.span(1)
    text = text.removeprefix(mark)
    head = mark + text[:start]
    return head, text[start:end], text[end:].encode("utf-8", "surrogateescape")


def _join(head: str, block: str, body: bytes) -> bytes:
    return (head + block).encode("utf-8", "surrogateescape") + body


def _loadable(block: str) -> str:
    """The block as a hub sees it, character by character: what is not UTF-8 is a replacement mark."""
    return re.sub("[\ud800-\udfff]", "\ufffd", block)


def _holds(data: bytes, body: bytes, kind: Kind) -> bool:
    """Whether a README has this very rest and a block that breaks no rule we know."""
    parts = _split(data)
    if parts is None or parts[2] != body:
        return False
    card = read_card(data)
    return not card.problems and not problems_for_hf(card, kind)
