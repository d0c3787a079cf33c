"""The person's own keys: one TOML file that maps action ids to keys. A wrong line is reported and left out, no more.

    migrate = "g"              # one key
    undo = ["z", "ctrl+z"]     # or several

Keys are single characters or Textual's key names (``space``, ``f5``, ``ctrl+r``). The ids stand beside the keys in the
help of every screen.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import platformdirs
from textual.keys import KEY_NAME_REPLACEMENTS, Keys

from hf2ms_tui.domain.text import clean
from hf2ms_tui.tui.actions import REGISTRY, Action, key_name

TRAPS = {
    "ctrl+h": "many terminals send it for backspace",
    "ctrl+j": "terminals send it for Enter",
    "ctrl+m": "terminals send it for Enter",
    "ctrl+i": "terminals send it for Tab",
    "ctrl+s": "it can freeze the terminal",
    "ctrl+z": "it can suspend the program",
    "ctrl+c": "it must always leave the program",
}
"""keys that terminals take for themselves (checklist 38)"""
SHADOWED = {"mark": "table.mark", "open": "table.open"}
"""actions whose key a table handles by itself, under this binding id"""
RESERVED = frozenset({"up", "down", "pageup", "pagedown", "home", "tab", "shift+tab"})


@dataclass(frozen=True, slots=True)
class Keymap:
    """Keys that replace the built-in ones, by action id, and a sentence for every line that was left out."""

    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def action(self, name: str) -> Action:
        """The action as this person has it."""
        action = REGISTRY[name]
        if name not in self.keys:
            return action
        return replace(action, keys=self.keys[name], shown=key_name(self.keys[name][0]))

    def bindings(self) -> dict[str, str]:
        """What ``App.set_keymap`` takes: keys by binding id."""
        by_id = {name: ",".join(keys) for name, keys in self.keys.items()}
        return by_id | {SHADOWED[name]: keys for name, keys in by_id.items() if name in SHADOWED}


def keymap_file(environ: Mapping[str, str]) -> Path:
    """The file that HF2MS_KEYS names, else ``keys.toml`` in the platform's folder for configuration."""
    named = environ.get("HF2MS_KEYS", "").strip()
    if named:
        return Path(named).expanduser()
    return Path(platformdirs.user_config_dir("hf2ms-tui", appauthor=False)) / "keys.toml"


def read_keymap(path: Path, screens: Iterable[tuple[str, tuple[str, ...]]]) -> Keymap:
    """Read the file and check it against ``screens``: pairs of a name and the ids of its actions. Never raises.

    Entries are taken one by one in the file's order; one that clashes with a key of the same screen is left out.
    """
    try:
        if not path.is_file():
            return Keymap()
        entries = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return Keymap(problems=(clean(f"{path} was not used: {error}", 300),))
    known = {name: set(ids) for name, ids in screens}
    keys: dict[str, tuple[str, ...]] = {}
    problems: list[str] = []
    for name, value in entries.items():
        wanted, trouble = _read_entry(name, value)
        if trouble:
            problems.append(clean(f"{path.name}: {trouble}", 300))
        else:
            keys[name] = wanted
    # Two actions may swap their keys, so clashes are looked for when all entries are known.
    for name in list(keys):
        clash = _clash(name, keys, known)
        if clash:
            del keys[name]
            problems.append(clean(f"{path.name}: {clash}; “{name}” keeps its own key.", 300))
    return Keymap(keys, tuple(problems))


def _read_entry(name: str, value: object) -> tuple[tuple[str, ...], str]:
    if name not in REGISTRY:
        return (), f"there is no action “{name}”{_meant(name)}."
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        return (), f"“{name}” needs a key or a list of keys in quotes."
    keys: list[str] = []
    for text in texts:
        key = _key(text)
        if key is None:
            return (), f"“{text}” is no key that a terminal sends; “{name}” keeps its own."
        if key in TRAPS:
            return (), f"“{text}” cannot be used for “{name}”: {TRAPS[key]}."
        if key in RESERVED:
            return (), f"“{text}” moves the cursor and cannot be used for “{name}”."
        keys.append(key)
    return tuple(dict.fromkeys(keys)), ""


def _meant(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, REGISTRY, n=1)
    return f"; is “{near[0]}” meant" if near else ""


def _key(text: str) -> str | None:
    """Textual's name for a key as a person writes it; None for something that is no key."""
    if len(text) == 1:
        if text.isalnum():
            return text
        try:
            name = unicodedata.name(text).lower().replace("-", "_").replace(" ", "_")
        except ValueError:
            return None
        return KEY_NAME_REPLACEMENTS.get(name, name)
    if text.startswith("ctrl+") and len(text) == 6:
        return text.lower()
    return text if text in {key.value for key in Keys} or text in KEY_NAME_REPLACEMENTS.values() else None


def _clash(name: str, keys: Mapping[str, tuple[str, ...]], screens: Mapping[str, set[str]]) -> str:
    for screen, ids in screens.items():
        if name not in ids:
            continue
        for other in sorted(ids - {name}):
            both = set(keys[name]) & set(keys.get(other, REGISTRY[other].keys))
            if both:
                return f"“{key_name(min(both))}” is “{other}” on the {screen} screen already"
    return ""
