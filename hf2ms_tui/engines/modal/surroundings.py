"""What code in a container finds around it: tokens, its own name, and how the hub SDKs are to behave."""

from __future__ import annotations

import os
import sys

import modal

from hf2ms_tui.domain.repo import Hub
from hf2ms_tui.domain.secret import Secret
from hf2ms_tui.engines.base import Tokens
from hf2ms_tui.engines.modal.names import TOKENS

_SDK = {
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    # Results of calls as CBOR: a failure becomes a RemoteError with a text, never a foreign exception object; with the
    # default, pickle, a remote SystemExit would be raised as SystemExit in whoever asks. The caller decides, so a
    # coordinator needs it as much as the person's machine.
    "MODAL_PAYLOAD_FORMAT": "cbor",
}


def settle_in() -> Tokens:
    """Prepare this container once; return the tokens that its secret brought. Call it before a hub SDK is imported."""
    os.environ.update(_SDK)
    # Whether the service runs Python unbuffered is not known; what is printed must not wait for a full buffer.
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(line_buffering=True)
    given = {hub: os.environ.get(TOKENS[hub.value], "") for hub in Hub}
    return Tokens(*(Secret(given[hub]) if given[hub] else None for hub in (Hub.HF, Hub.MS)))


def own_call() -> str:
    """The id of the call that this thread works for."""
    return modal.current_function_call_id() or "unknown"


def own_name() -> str:
    """A short name for this container, for people: the end of its task id."""
    return f"c-{os.environ.get('MODAL_TASK_ID', 'local')[-6:].lower()}"


def say(worker: str, chunk: int, text: str) -> None:
    """Print a line for the service's own log, where ``modal app logs`` finds it."""
    where = f" chunk {chunk}" if chunk else ""
    print(f"{worker}{where}: {text}", flush=True)  # noqa: T201 - a container's log is what it prints
