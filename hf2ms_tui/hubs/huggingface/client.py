"""One account on one Hugging Face: the SDK behind the guard, our own client, and how both are called."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urljoin

from hf2ms_tui.domain.errors import Hf2msError, NotAuthenticated
from hf2ms_tui.domain.repo import Hub, Kind, RepoRef
from hf2ms_tui.domain.secret import Secret
from hf2ms_tui.hubs.data import Answer, DataClient, Timeouts, origin
from hf2ms_tui.hubs.errors import Context, from_answer, lied
from hf2ms_tui.hubs.patience import patiently
from hf2ms_tui.hubs.traffic import traffic_of

if TYPE_CHECKING:
    from huggingface_hub import HfApi

T = TypeVar("T")

PREFIX = {Kind.MODEL: "", Kind.DATASET: "datasets/", Kind.SPACE: "spaces/"}
"""What stands before ``owner/name`` in addresses of pages, files and git (hf_hub_url)."""
SLOW = 180.0
"""seconds to wait where the hub works before it answers: commits, completion of large uploads"""

_QUIET = {
    "HF_HUB_DISABLE_TELEMETRY": "1",  # else the first header built asks the hub for a registry and writes a file
    "HF_HUB_DISABLE_XET": "1",  # Xet has no byte stream that a program may use, and a cache on disk
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",  # drawn over the screen
    "HF_HUB_VERBOSITY": "critical",  # ditto
}


class HuggingFaceClient:
    """What the three halves share. Safe to share between threads; the SDK is imported with the first call."""

    def __init__(self, endpoint: str, token: Secret | None, *, streams: int, timeouts: Timeouts) -> None:
        self.endpoint = endpoint.rstrip("/")
        self.token = token or None
        self.timeouts = timeouts
        self.traffic = traffic_of(self.endpoint)
        self.data = DataClient(self.endpoint, streams=streams, timeouts=timeouts, traffic=self.traffic)
        self._api: HfApi | None = None
        self._who: dict[str, Any] | None = None
        self.who_at: datetime | None = None
        """when ``whoami`` was answered (UTC), which may be long ago; None before"""
        self._lock = threading.RLock()

    @property
    def api(self) -> HfApi:
        """The SDK with this endpoint and this token, and nothing taken from the machine's own login."""
        with self._lock:
            if self._api is None:
                os.environ.update(_QUIET)
                from huggingface_hub import HfApi, constants
                from huggingface_hub.utils import logging as sdk_logging

                from hf2ms_tui.hubs.huggingface.guard import install

                constants.HF_HUB_DISABLE_TELEMETRY = True
                constants.HF_HUB_DISABLE_XET = True
                sdk_logging.set_verbosity(logging.CRITICAL)
                install()
                self._api = HfApi(
                    endpoint=self.endpoint,
                    token=self.token.reveal() if self.token else False,
                    library_name="hf2ms-tui",
                )
            return self._api

    def context(self, doing: str, ref: RepoRef | None = None, path: str = "") -> Context:
        """The context of a request: ``doing`` completes “refused to …”."""
        return Context(Hub.HF, doing, str(ref.id) if ref else "", path, (self.token,))

    def sdk(self, context: Context, work: Callable[[HfApi], T]) -> T:
        """Call the SDK; whatever goes wrong is raised as one of our errors."""
        api = self.api
        from hf2ms_tui.hubs.huggingface.guard import Call, current

        mark = current.set(Call(context, self.timeouts, self.traffic))
        try:
            return work(api)
        except Hf2msError as error:
            raise self._known(error) from None
        except (KeyError, TypeError, ValueError, AttributeError, OSError):
            # the SDK builds objects from answers without checking them, and its own errors are OSErrors
            raise lied(context, "its answer has another form than it should have") from None
        finally:
            current.reset(mark)

    def batches(
        self, context: Context, start: Callable[[HfApi], Iterator[T]], size: int
    ) -> Iterator[list[T]]:
        """Draw from a paginating generator of the SDK, up to ``size`` items at a time."""
        items: Iterator[T] | None = None

        def draw(api: HfApi) -> list[T]:
            nonlocal items
            if items is None:
                items = iter(start(api))
            drawn: list[T] = []
            for item in items:
                drawn.append(item)
                if len(drawn) == size:
                    break
            return drawn

        while True:
            drawn = self.sdk(context, draw)
            if drawn:
                yield drawn
            if len(drawn) < size:
                return

    def whoami(self, *, again: bool = False) -> dict[str, Any]:
        """``whoami-v2`` as the hub gives it, asked once, as the route is strictly limited, or ``again``.

        Raises NotAuthenticated.
        """
        with self._lock:
            if self._who is None or again:
                context = self.context("tell whose token this is")
                if self.token is None:
                    raise NotAuthenticated(
                        "There is no Hugging Face token",
                        meaning="Only public repos can be read.",
                        way_out="Set HF_TOKEN in the environment or in .env.",
                    )
                asked = datetime.now(UTC)
                said = self.sdk(context, lambda api: api.whoami())
                if not isinstance(said, dict) or not isinstance(said.get("name"), str):
                    raise lied(context, "it does not name the account")
                self._who, self.who_at = said, asked
            return self._who

    def headers(self) -> dict[str, str]:
        """The Authorization header, for our own requests to the hub's own origin."""
        return {"Authorization": f"Bearer {self.token.reveal()}"} if self.token else {}

    def api_url(self, ref: RepoRef, *parts: str) -> str:
        """``…/api/models/owner/name/part/…``; each part is quoted whole, slashes too."""
        tail = "".join(f"/{quote(part, safe='')}" for part in parts)
        return f"{self.endpoint}/api/{ref.kind.plural}/{quote(str(ref.id))}{tail}"

    def file_url(self, ref: RepoRef, revision: str, path: str) -> str:
        """Where a file's bytes are (hf_hub_url)."""
        return f"{self.endpoint}/{PREFIX[ref.kind]}{quote(str(ref.id))}/resolve/{quote(revision, safe='')}/{quote(path)}"

    def git_url(self, ref: RepoRef, tail: str) -> str:
        """An address of the repo's git-lfs API."""
        return f"{self.endpoint}/{PREFIX[ref.kind]}{quote(str(ref.id))}.git/{tail}"

    def get(self, url: str, context: Context) -> tuple[Any, Answer]:
        """Our own GET of JSON, with a little patience. A redirect to another repo raises Moved."""
        return patiently(lambda: self._json("GET", url, context, None, {}, None))

    def post(
        self,
        url: str,
        context: Context,
        body: object,
        *,
        headers: dict[str, str] | None = None,
        read_timeout: float | None = None,
        login: bool = True,
    ) -> Any:
        """Our own POST of JSON (or of ready bytes), sent once; returns the answer's JSON, None for an empty body."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._json("POST", url, context, data, sent, read_timeout, login)[0]

    def next_page(self, answer: Answer, context: Context) -> str:
        """The address of the next page from the Link header, empty on the last. Raises HubLied for a foreign one."""
        for part in answer.headers.get("link", "").split(","):
            address, _, about = part.partition(">")
            if 'rel="next"' in about:
                url = urljoin(answer.url, address.strip().removeprefix("<"))
                if origin(url) != origin(self.endpoint):
                    raise lied(context, "the next page is said to be on another host")
                return url
        return ""

    def _json(
        self,
        method: str,
        url: str,
        context: Context,
        body: bytes | None,
        headers: dict[str, str],
        read_timeout: float | None,
        login: bool = True,
    ) -> tuple[Any, Answer]:
        sent = {"Accept": "application/json", **(self.headers() if login else {}), **headers}
        answer = self.data.request(method, url, context, headers=sent, body=body, read_timeout=read_timeout)
        if 300 <= answer.status < 400:
            from hf2ms_tui.hubs.huggingface.guard import refuse_move

            refuse_move(context, url, urljoin(url, answer.headers.get("location", "")))
            raise lied(context, f"it redirects ({answer.status}) what is no page")
        if answer.status >= 400:
            raise self._known(from_answer(context, answer.status, answer.headers, answer.body))
        return (answer.json(context) if answer.body else None), answer

    def _known(self, error: Hf2msError) -> Hf2msError:
        if isinstance(error, NotAuthenticated) and self.token is None and not error.way_out.startswith("Set"):
            # to nobody in particular the hub says 401 for what is missing as well as for what is private
            return NotAuthenticated(
                error.what,
                meaning="Without a token, missing and private repos look alike.",
                way_out="Set HF_TOKEN in the environment or in .env.",
                repo=error.repo,
                path=error.path,
                status=error.status,
                request_id=error.request_id,
            )
        return error
