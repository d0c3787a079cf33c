"""Foreign text made inert: names, paths, log lines and errors from outside, cleaned once where they enter.

A terminal obeys escape sequences inside any text that is printed, and bidirectional overrides can make one name look
like another. Cleaning keeps every visible character and replaces the dangerous ones by visible stand-ins.
"""

from __future__ import annotations

import re

from hf2ms_tui.domain.secret import redact

_BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_INVISIBLE = "\u200b\u2060\ufeff\u2028\u2029\u00ad"
_UNSAFE = re.compile(f"[\x00-\x1f\x7f-\x9f{_BIDI}{_INVISIBLE}\ud800-\udfff]")


def _stand_in(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return "\ufffd"


def clean(text: str, limit: int | None = None) -> str:
    """Return ``text`` with control, escape, bidirectional and invisible characters replaced by visible stand-ins.

    C0 controls become their control pictures (ESC is shown as U+241B), everything else unsafe U+FFFD. With ``limit``
    the result has at most that many characters, ending in an ellipsis when something was cut. Tokens that this process knows
    are taken out: a name may quote one. Idempotent.
    """
    shown = _UNSAFE.sub(_stand_in, redact(text))
    if limit is not None and len(shown) > limit:
        return shown[: max(limit - 1, 0)] + "…"
    return shown


def is_clean(text: str) -> bool:
    """Say whether ``clean`` would leave ``text`` as it is."""
    return _UNSAFE.search(text) is None


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number and its noun in log lines: ``1 file``, ``1,047 files``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
