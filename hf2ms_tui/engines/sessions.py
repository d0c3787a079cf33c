"""The two hubs of a job, with the halves that a job needs and no others; used wherever a job runs."""

from __future__ import annotations

from dataclasses import replace

from hf2ms_tui.domain.job import JobSpec
from hf2ms_tui.domain.repo import Hub
from hf2ms_tui.engines.base import Tokens
from hf2ms_tui.hubs.connect import open_hub
from hf2ms_tui.hubs.protocol import HubSession


def open_sessions(spec: JobSpec, tokens: Tokens, streams: int) -> tuple[HubSession, HubSession]:
    """Source and destination of a job; ``streams`` bounds the connections to each host. Raises BadInput for an endpoint."""
    return (
        _session(spec.source.hub, spec.source_endpoint, tokens, streams, read_only=True),
        _session(spec.destination.hub, spec.destination_endpoint, tokens, streams, read_only=False),
    )


def _session(hub: Hub, endpoint: str, tokens: Tokens, streams: int, *, read_only: bool) -> HubSession:
    # A job never deletes: it does not even have that half.
    return replace(open_hub(hub, endpoint, tokens.of(hub), read_only=read_only, streams=streams), delete=None)
