"""Tokens that nobody must ever see, and how to find them: as they are, in parts, and in every usual disguise."""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

PIECE = 14
"""characters of a token that in a row are no chance any more"""


@dataclass(frozen=True)
class Canary:
    """A token, good at its hub, and all texts that would give it away."""

    name: str
    value: str

    @classmethod
    def made(cls, name: str, chance: random.Random) -> Canary:
        """A token as its hub makes them: ``hf_…`` or ``ms-…``."""
        if name == "hf":
            return cls(name, "hf_" + "".join(chance.choices(string.ascii_letters, k=34)))
        parts = ("".join(chance.choices("0123456789abcdef", k=size)) for size in (8, 4, 4, 4, 12))
        return cls(name, "ms-" + "-".join(parts))

    @cached_property
    def traces(self) -> dict[bytes, str]:
        """What must not be found, and as what it counts."""
        raw = self.value.encode()
        found = {
            raw[at : at + PIECE]: "a part of it" if len(raw) > PIECE else "it"
            for at in range(3, len(raw) - PIECE + 1)
        }
        found |= dict.fromkeys(_base64(raw), "base64")
        found |= {
            raw[::-1][:PIECE]: "backwards",
            raw.hex().encode(): "hex",
            raw.hex().upper().encode(): "hex",
            raw[::-1].hex().encode(): "hex backwards",
            "".join(f"%{byte:02X}" for byte in raw).encode(): "percent-encoded",
            "".join(f"\\u{byte:04x}" for byte in raw).encode(): "JSON escapes",
            self.value.encode("utf-16-le"): "UTF-16",
        }
        if quote(self.value, safe="").encode() != raw:
            found[quote(self.value, safe="").encode()] = "URL-encoded"
        return found


def _base64(raw: bytes) -> Iterator[bytes]:
    """The token inside base64 of a longer text, for each place it may begin at."""
    for before in range(3):
        text = base64.b64encode(b"\0" * before + raw).rstrip(b"=")
        core = text[(before * 8 + 5) // 6 : -1]
        yield core
        yield core.replace(b"+", b"-").replace(b"/", b"_")


def seen(data: bytes, canaries: Iterable[Canary]) -> list[str]:
    """Which tokens are in ``data``, and how."""
    return [
        f"{canary.name} token, {how}: …{data[max(0, at - 60) : at]!r}"
        for canary in canaries
        for trace, how in canary.traces.items()
        if (at := data.find(trace)) >= 0
    ][:3]


def seen_in_files(folder: Path, canaries: Iterable[Canary], besides: Iterable[Path] = ()) -> list[str]:
    """Which files below ``folder`` hold a token, by content or by name."""
    known, left_out = list(canaries), set(besides)
    found = []
    for path in sorted(folder.rglob("*")):
        if path in left_out or not path.is_file():
            continue
        try:
            data = path.read_bytes()
        except OSError:
            continue
        found += [f"{path.name}: {what}" for what in seen(str(path).encode() + b"\0" + data, known)]
    return found
