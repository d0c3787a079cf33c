"""Building a hub's session: the halves that this program is allowed to have, and no others."""

from __future__ import annotations

from urllib.parse import urlsplit

from hf2ms_tui.domain.errors import BadInput
from hf2ms_tui.domain.repo import Hub
from hf2ms_tui.domain.secret import Secret, know
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs.protocol import HubSession
from hf2ms_tui.hubs.timeouts import Timeouts


def open_hub(
    hub: Hub,
    endpoint: str,
    token: Secret | None,
    *,
    read_only: bool,
    streams: int = 8,
    timeouts: Timeouts | None = None,
) -> HubSession:
    """A session for ``hub`` at ``endpoint``; sends nothing yet.

    ``read_only`` builds neither a write nor a delete half; without a token there is no delete half. ``streams`` bounds the
    connections to each host. The adapters, and with them the SDKs, are imported only here. Raises BadInput for an endpoint
    that is no address.
    """
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
        raise BadInput(
            f"“{clean(endpoint.rpartition('@')[2], 160)}” is not the address of a hub",
            way_out="Give it as https://host, without a name or password in it.",
        )
    know(token)
    address = endpoint.rstrip("/")
    limits = timeouts or Timeouts()
    if hub is Hub.HF:
        from hf2ms_tui.hubs.huggingface import open_session

        return open_session(address, token, read_only=read_only, streams=streams, timeouts=limits)
    from hf2ms_tui.hubs.modelscope import open_session as open_modelscope

    return open_modelscope(address, token, read_only=read_only, streams=streams, timeouts=limits)
