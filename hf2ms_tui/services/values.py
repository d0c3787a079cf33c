"""The values of the configuration as texts with their origin, and what each has to look like. All raise BadInput."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from hf2ms_tui.domain.errors import BadInput
from hf2ms_tui.domain.repo import RepoId
from hf2ms_tui.domain.text import clean
from hf2ms_tui.engines.modal.rates import Rate

DOTENV = ".env"


@dataclass(frozen=True, slots=True)
class Value:
    """A text that somebody gave, and where."""

    text: str
    origin: str


class Lookup:
    """Values by name: the environment before ``.env``. Empty ones count as absent."""

    def __init__(self, environ: Mapping[str, str], dotenv: Mapping[str, str]) -> None:
        self._layers = ((environ, "environment"), (dotenv, DOTENV))

    def find(self, *names: str) -> Value | None:
        """The value of the first name that has one; None when none has."""
        for layer, origin in self._layers:
            for name in names:
                text = layer.get(name, "").strip()
                if text:
                    return Value(text, f"{name} ({origin})")
        return None


def nonsense(value: Value, expected: str) -> BadInput:
    """The error that says where the value came from and what was ``expected``."""
    return BadInput(f"{value.origin} is “{clean(value.text, 80)}”", way_out=f"Give it {expected}.")


def one_of(value: Value | None, choices: Iterable[str], default: str) -> str:
    """One of ``choices``, in any case, with ``_`` for ``-``."""
    if value is None:
        return default
    wanted = value.text.casefold().replace("_", "-")
    if wanted in choices:
        return wanted
    raise nonsense(value, f"one of {', '.join(choices)}")


def truth(value: Value | None) -> bool:
    """Whether it says yes; nothing given says no."""
    if value is None or value.text.casefold() in {"0", "no", "off", "false"}:
        return False
    if value.text.casefold() in {"1", "yes", "on", "true"}:
        return True
    raise nonsense(value, "1 or 0")


def number(value: Value | None, default: int, lowest: int, highest: int) -> int:
    """A whole number between two bounds, both included."""
    if value is None:
        return default
    if re.fullmatch(r"[0-9]{1,6}", value.text) and lowest <= int(value.text) <= highest:
        return int(value.text)
    raise nonsense(value, f"a whole number from {lowest} to {highest}")


def rate_of(value: Value | None) -> Rate | None:
    """US dollars an hour that one container costs, as a person gave it."""
    if value is None:
        return None
    if re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,8})?", value.text):
        return Rate(float(value.text) / 3600, f"{value.text} dollars an hour, from {value.origin}")
    raise nonsense(value, "US dollars an hour for one container, such as 0.03")


def owner_of(value: Value | None) -> str:
    """The name of an owner, also from the address of its page; empty for nothing given."""
    if value is None:
        return ""
    # The address of an organisation's page is what people have at hand.
    text = value.text.rstrip("/").rpartition("/")[2] if "://" in value.text else value.text
    try:
        return RepoId.parse(f"{text}/x").owner
    except BadInput:
        raise nonsense(value, "the name of an organisation or user, as in its page's address") from None


def url_of(value: Value) -> Value:
    """An address with its scheme, https where none was given, and without a slash at its end."""
    text = value.text.rstrip("/")
    if "://" not in text:
        text = f"https://{text}"
    parts = urlsplit(text)
    try:
        fine = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or 1)
    except ValueError:
        fine = False
    if not fine or parts.username or parts.query or parts.fragment or re.search(r"[\s\x00-\x1f]", text):
        shown = value if not parts.username else Value("an address with a user name in it", value.origin)
        raise nonsense(shown, "an address such as https://huggingface.co, without user name or query")
    return Value(text, value.origin)
