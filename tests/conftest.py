"""What must be true before any hub SDK is imported: no Xet, no telemetry, no token or cache of the person who tests."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from hf2ms_tui.loopback.runner import Running

_HOME = tempfile.mkdtemp(prefix="hf2ms-tests-")
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
os.environ.update(
    HF_HUB_DISABLE_XET="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    HF_HUB_DISABLE_PROGRESS_BARS="1",
    HF_HUB_DISABLE_IMPLICIT_TOKEN="1",
    HF_HOME=_HOME,
    HF_HUB_CACHE=os.path.join(_HOME, "hub"),  # noqa: PTH118
)
for _name in ("HF_TOKEN", "HF_ENDPOINT", "HUGGINGFACE_CO_STAGING", "HUGGING_FACE_HUB_TOKEN"):
    os.environ.pop(_name, None)


# Who starts the tests in the background has them ignore Ctrl+C, and so would every program that they interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Machines are noisy: how long one example takes says nothing about the property.
settings.register_profile("noisy", deadline=None)
settings.load_profile("noisy")


@pytest.fixture
def hf() -> Iterator[Running]:
    """The small Hugging Face world of `support.worlds`, served; no handler of it may have failed by the end."""
    from support.worlds import serve

    with serve() as running:
        yield running
