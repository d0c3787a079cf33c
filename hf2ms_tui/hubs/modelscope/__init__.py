"""ModelScope behind the protocol of hubs: ``ModelScopeReader``, ``ModelScopeWriter`` and ``ModelScopeDeleter``.

All three share one ``Client``, which holds the SDK (``modelscope_hub``, imported with the first request) and makes its
sessions safe. Requests of our own are made only where the SDK takes a failure for a success, sleeps without bound, cuts
listings short or cannot stream; each such place says which. May use ``domain`` and the shared pieces of ``hubs``.
"""

from __future__ import annotations

from hf2ms_tui.domain.secret import Secret
from hf2ms_tui.hubs.data import Timeouts
from hf2ms_tui.hubs.modelscope.client import Client
from hf2ms_tui.hubs.modelscope.delete import ModelScopeDeleter
from hf2ms_tui.hubs.modelscope.read import ModelScopeReader
from hf2ms_tui.hubs.modelscope.write import ModelScopeWriter
from hf2ms_tui.hubs.protocol import HubSession


def open_session(
    endpoint: str,
    token: Secret | None,
    *,
    read_only: bool,
    streams: int = 8,
    timeouts: Timeouts | None = None,
) -> HubSession:
    """The halves that are allowed: reading only with ``read_only``, no deleting without a token. Sends nothing yet."""
    client = Client(endpoint, token, streams=streams, timeouts=timeouts)
    return HubSession(
        ModelScopeReader(client),
        None if read_only else ModelScopeWriter(client),
        None if read_only or not token else ModelScopeDeleter(client),
        client.traffic,
    )


__all__ = ["Client", "ModelScopeDeleter", "ModelScopeReader", "ModelScopeWriter", "open_session"]
