"""The configuration: flags before environment before ``.env`` of the current folder, each value with where it came from."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from dotenv.parser import parse_stream

from hf2ms_tui.domain.errors import BadInput
from hf2ms_tui.domain.proof import Level
from hf2ms_tui.domain.repo import Hub
from hf2ms_tui.domain.secret import Secret, know, redact
from hf2ms_tui.engines.modal.credentials import Credentials
from hf2ms_tui.engines.modal.credentials import find as find_modal
from hf2ms_tui.engines.modal.rates import Rate
from hf2ms_tui.services.values import (
    DOTENV,
    Lookup,
    Value,
    nonsense,
    number,
    one_of,
    owner_of,
    rate_of,
    truth,
    url_of,
)
from hf2ms_tui.store.paths import Places

HF_DEFAULT = "https://huggingface.co"
MS_DEFAULT_DOMAIN = "modelscope.cn"
ENGINES = ("local", "modal")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a person can configure. ``notes`` are sentences about what looks odd but is not an error.

    ``org`` is empty when none was named; tokens are None when there is none. ``origins`` says where each value came from.
    """

    org: str = ""
    source: Hub = Hub.HF
    destination_owner: str = ""
    """owner on the other hub, when it differs from the source's"""
    read_only: bool = False
    demo: bool = False
    demo_instance: str = ""
    engine: str = "local"
    modal: Credentials | None = None
    modal_rate: Rate | None = None
    """what a container costs, where the person said so; else it is read from the account"""
    containers: int = 50
    """containers at once on the engine modal, of all jobs together"""
    workers: int = 4
    streams: int = 2
    level: Level = Level.READ_BACK
    hf_endpoint: str = HF_DEFAULT
    ms_endpoint: str = f"https://{MS_DEFAULT_DOMAIN}"
    hf_token: Secret | None = None
    ms_token: Secret | None = None
    state: Path = field(default_factory=Path)
    origins: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def destination(self) -> Hub:
        """The hub that repos are migrated to."""
        return self.source.other

    def endpoint(self, hub: Hub) -> str:
        """The base URL of a hub, without a trailing slash."""
        return self.hf_endpoint if hub is Hub.HF else self.ms_endpoint

    def token(self, hub: Hub) -> Secret | None:
        """The token for a hub, None when there is none."""
        return self.hf_token if hub is Hub.HF else self.ms_token

    def hosts(self) -> dict[str, Hub]:
        """The ``host[:port]`` of both endpoints, so that addresses of their pages can be read."""
        return {urlsplit(self.endpoint(hub)).netloc.lower(): hub for hub in (Hub.MS, Hub.HF)}

    @property
    def secrets(self) -> tuple[Secret | None, ...]:
        """Every token that the program was given."""
        return self.hf_token, self.ms_token, self.modal.token_secret if self.modal is not None else None

    def know_secrets(self) -> None:
        """Let no text from outside show any of the tokens, whichever hub it comes from."""
        know(*self.secrets)

    def redact(self, text: str) -> str:
        """``text`` without the tokens, for everything that is written or shown."""
        return redact(text, *self.secrets)


DEMO_PREFIX = "program-"
"""how the folders with the program's state begin, one for each world of the demo"""


def demo_state(environ: Mapping[str, str]) -> Path:
    """The folder of the demo: its world's files, and the program's state for each such world."""
    return Places.default(environ).state / "demo"


def read_dotenv(folder: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    """Read ``.env`` of ``folder`` as data: no shell, no interpolation, nothing exported. Also notes on lines that say nothing.

    Raises BadInput when the file is there and cannot be read.
    """
    path = folder / DOTENV
    try:
        if not path.is_file():
            return {}, ()
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise BadInput(f"{path} cannot be read: {why}", way_out="Repair it, or start elsewhere.") from None
    values: dict[str, str] = {}
    notes: list[str] = []
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            notes.append(f"Line {binding.original.line} of {path} says nothing that can be read.")
        elif binding.key and binding.value is not None:
            values[binding.key] = binding.value
    return values, tuple(notes)


def load(flags: Mapping[str, object], environ: Mapping[str, str], cwd: Path) -> Settings:
    """Put the configuration together. ``environ`` is not changed. Raises BadInput, saying where the nonsense came from.

    ``flags`` by name: org, source, destination_owner, read_only, demo, demo_instance, engine, workers, containers,
    modal_rate, streams, level; None counts as not given.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    unknown = given.keys() - _FLAGS.keys()
    if unknown:
        raise TypeError(f"unknown settings: {', '.join(sorted(unknown))}")
    dotenv, notes = read_dotenv(cwd)
    lookup = Lookup(environ, dotenv)
    chosen: dict[str, Value] = {}
    for name, variables in _FLAGS.items():
        found = (
            Value(str(given[name]), f"--{_SHOWN.get(name, name).replace('_', '-')}")
            if name in given
            else lookup.find(*variables)
        )
        if found:
            chosen[name] = found
    demo = truth(chosen.get("demo"))
    instance = chosen["demo_instance"].text if "demo_instance" in chosen else ""
    hf_endpoint, ms_endpoint = _endpoints(lookup)
    hf_token, ms_token = _tokens(lookup, environ, demo)
    # The demo never sees the person's own account: its world brings one, or there is none.
    modal = find_modal(environ, {} if demo else dotenv)
    origins = {name: value.origin for name, value in chosen.items()}
    for name, value in (
        ("hf_endpoint", hf_endpoint),
        ("ms_endpoint", ms_endpoint),
        ("hf_token", hf_token),
        ("ms_token", ms_token),
    ):
        origins[name] = value.origin if value else "none"
    more = [
        *_open_line(hf_endpoint, hf_token, "Hugging Face"),
        *_open_line(ms_endpoint, ms_token, "ModelScope"),
    ]
    return Settings(
        org=owner_of(chosen.get("org")),
        source=Hub(one_of(chosen.get("source"), ("hf", "ms"), "hf")),
        destination_owner=owner_of(chosen.get("destination_owner")),
        read_only=truth(chosen.get("read_only")),
        demo=demo,
        demo_instance=instance,
        engine=one_of(chosen.get("engine"), ENGINES, "modal" if modal is not None and not demo else "local"),
        modal=modal,
        modal_rate=rate_of(chosen.get("modal_rate")),
        containers=number(chosen.get("containers"), 50, 1, 100),
        workers=number(chosen.get("workers"), 4, 1, 100),
        streams=number(chosen.get("streams"), 2, 1, 64),
        level=Level(one_of(chosen.get("level"), [level.value for level in Level], Level.READ_BACK.value)),
        hf_endpoint=hf_endpoint.text,
        ms_endpoint=ms_endpoint.text,
        hf_token=Secret(hf_token.text) if hf_token else None,
        ms_token=Secret(ms_token.text) if ms_token else None,
        state=_state(environ, dotenv, demo, instance),
        origins=origins,
        notes=(*notes, *more),
    )


_FLAGS: dict[str, tuple[str, ...]] = {
    "org": ("HF2MS_ORG",),
    "source": ("HF2MS_FROM",),
    "destination_owner": ("HF2MS_DEST_OWNER",),
    "read_only": ("HF2MS_READ_ONLY",),
    "demo": (),
    "demo_instance": (),
    "engine": ("HF2MS_ENGINE",),
    "workers": ("HF2MS_WORKERS",),
    "containers": ("HF2MS_CONTAINERS",),
    "modal_rate": ("HF2MS_MODAL_RATE",),
    "streams": ("HF2MS_STREAMS",),
    "level": ("HF2MS_LEVEL",),
}
_SHOWN = {"source": "from", "destination_owner": "dest_owner"}


def _endpoints(lookup: Lookup) -> tuple[Value, Value]:
    hf = lookup.find("HF_ENDPOINT") or Value(HF_DEFAULT, "default")
    ms = lookup.find("MODELSCOPE_ENDPOINT")
    if ms is None:
        ms = lookup.find("MODELSCOPE_DOMAIN") or Value(MS_DEFAULT_DOMAIN, "default")
        if "/" in ms.text.removeprefix("https://").removeprefix("http://").rstrip("/"):
            raise nonsense(ms, "a bare host such as modelscope.cn or modelscope.ai")
    return url_of(hf), url_of(ms)


def _tokens(lookup: Lookup, environ: Mapping[str, str], demo: bool) -> tuple[Value | None, Value | None]:
    hf = lookup.find("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
    if hf is None and not demo:
        hf = _token_file(environ)
    ms = lookup.find("MODELSCOPE_TOKEN", "MODELSCOPE_API_TOKEN")
    for value in (hf, ms):
        if value and not re.fullmatch(r"[\x21-\x7e]+", value.text):
            raise BadInput(
                f"{value.origin} is not a token: it holds blanks or characters that a header cannot carry",
                way_out="Copy the token again, without quotes or line breaks inside.",
            )
    return hf, ms


def _token_file(environ: Mapping[str, str]) -> Value | None:
    """The token that ``hf auth login`` left, at the place where huggingface_hub 2.4 looks for it (its constants.py)."""
    if environ.get("HF_HUB_DISABLE_IMPLICIT_TOKEN", "").upper() in {"1", "ON", "YES", "TRUE"}:
        return None
    cache = environ.get("XDG_CACHE_HOME") or str(Path(environ.get("HOME") or Path.home()) / ".cache")
    home = environ.get("HF_HOME") or str(Path(cache) / "huggingface")
    path = Path(environ.get("HF_TOKEN_PATH") or Path(home) / "token").expanduser()
    try:
        text = path.read_text("utf-8").strip() if path.is_file() else ""
    except (OSError, UnicodeDecodeError):
        raise BadInput(
            f"The token file {path} cannot be read", way_out="Repair it, or set HF_TOKEN."
        ) from None
    return Value(text, str(path)) if text else None


def _open_line(endpoint: Value, token: Value | None, hub: str) -> list[str]:
    parts = urlsplit(endpoint.text)
    host = parts.hostname or ""
    notes = []
    if token and parts.scheme == "http" and host != "localhost" and not host.startswith("127."):
        notes.append(f"{endpoint.origin} is not https: the token for {hub} travels readable by others.")
    if token and endpoint.origin.endswith(f"({DOTENV})") and not token.origin.endswith(f"({DOTENV})"):
        notes.append(
            f"{endpoint.origin} sends the token of {token.origin} to {host}; make sure that you trust this folder."
        )
    return notes


def _state(environ: Mapping[str, str], dotenv: Mapping[str, str], demo: bool, instance: str) -> Path:
    named = environ.get("HF2MS_STATE", "").strip() or dotenv.get("HF2MS_STATE", "").strip()
    layered = {**environ, "HF2MS_STATE": named}
    if not demo:
        return Places.default(layered).state
    name = re.sub(r"[^A-Za-z0-9_-]", "", instance)[:40] or "default"
    return demo_state(environ) / f"{DEMO_PREFIX}{name}"
