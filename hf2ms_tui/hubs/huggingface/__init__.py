"""Hugging Face behind the protocol of hubs.

The SDK's ``HfApi`` serves wherever it tells the truth in time: who a token is, listings of an organisation, one repo, refs,
rights, creating and deleting. Its shared client is guarded (``guard``). Requests of our own are made for bytes, for listings
of files, for LFS and for commits; each such place says why. May use ``domain`` and the shared pieces of ``hubs``.
"""

from __future__ import annotations

from hf2ms_tui.domain.secret import Secret
from hf2ms_tui.hubs.data import Timeouts
from hf2ms_tui.hubs.huggingface.client import HuggingFaceClient
from hf2ms_tui.hubs.huggingface.delete import HuggingFaceDeleter
from hf2ms_tui.hubs.huggingface.read import HuggingFaceReader
from hf2ms_tui.hubs.huggingface.write import HuggingFaceWriter
from hf2ms_tui.hubs.protocol import HubSession


def open_session(
    endpoint: str, token: Secret | None, *, read_only: bool, streams: int, timeouts: Timeouts
) -> HubSession:
    """The halves for one account on one Hugging Face; see ``connect.open_hub``."""
    client = HuggingFaceClient(endpoint, token, streams=streams, timeouts=timeouts)
    reader = HuggingFaceReader(client)
    if read_only:
        return HubSession(reader, traffic=client.traffic)
    deleter = HuggingFaceDeleter(client) if token else None
    return HubSession(reader, HuggingFaceWriter(client, reader), deleter, client.traffic)
