"""Where the credentials for Modal are, found without importing the modal package (it takes a third of a second).

The rules are those of modal/config.py (1.6): the environment wins over the file; the file's profile is the one that
``MODAL_PROFILE`` names, or the one that says ``active = true``, or the only one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hf2ms_tui.domain.errors import BadInput
from hf2ms_tui.domain.secret import Secret

FILE = ".modal.toml"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A token of a Modal account. ``server`` and ``environment`` are empty for Modal's own defaults."""

    token_id: str
    token_secret: Secret
    server: str = ""
    environment: str = ""
    origin: str = ""
    """where they were found, for people"""


def find(environ: Mapping[str, str], dotenv: Mapping[str, str] | None = None) -> Credentials | None:
    """The credentials that the environment, ``.env`` or the file of the modal package hold; None without any.

    Raises BadInput when only half of them is there, or the file cannot be read.
    """
    layers = (environ, dotenv or {})
    values, path = _file(environ)

    def value(name: str) -> str:
        for layer in layers:
            if text := layer.get(name, "").strip():
                return text
        return str(values.get(name.removeprefix("MODAL_").lower(), "") or "")

    token_id, secret = value("MODAL_TOKEN_ID"), value("MODAL_TOKEN_SECRET")
    if not token_id and not secret:
        return None
    if not token_id or not secret:
        missing = "MODAL_TOKEN_SECRET" if token_id else "MODAL_TOKEN_ID"
        raise BadInput(f"{missing} is not set, its other half is", way_out="Set both, or neither.")
    origin = "environment"
    if not any("MODAL_TOKEN_ID" in layer for layer in layers):
        origin = str(path)
    elif not environ.get("MODAL_TOKEN_ID"):
        origin = ".env"
    return Credentials(
        token_id, Secret(secret), value("MODAL_SERVER_URL"), value("MODAL_ENVIRONMENT"), origin
    )


def _file(environ: Mapping[str, str]) -> tuple[Mapping[str, Any], Path]:
    home = environ.get("HOME", "")
    if not home and not environ.get("MODAL_CONFIG_PATH"):
        return {}, Path(FILE)
    path = Path(environ.get("MODAL_CONFIG_PATH") or Path(home) / FILE)
    try:
        if not path.is_file():
            return {}, path
        read = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise BadInput(
            f"{path} cannot be read", way_out="Repair it, or write it again with: modal token new"
        ) from None
    profiles = {name: values for name, values in read.items() if isinstance(values, dict)}
    named = environ.get("MODAL_PROFILE", "")
    if named:
        return profiles.get(named, {}), path
    active = [values for values in profiles.values() if values.get("active")]
    if active:
        return active[0], path
    return (next(iter(profiles.values())), path) if len(profiles) == 1 else ({}, path)
