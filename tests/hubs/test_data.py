"""Our own client: ranges however hubs answer them, honest lengths, credentials for the hub alone, timeouts, no retries."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from hf2ms_tui.domain.errors import (
    Corrupt,
    HubLied,
    RateLimited,
    Unreachable,
)
from hf2ms_tui.domain.repo import Hub
from hf2ms_tui.domain.secret import Secret
from hf2ms_tui.hubs.body import Memory, Slice
from hf2ms_tui.hubs.data import DataClient, Timeouts
from hf2ms_tui.hubs.errors import Context
from support.scripted import Asked, Scripted, answer, scripted

DATA = bytes(range(256)) * 40
SIZE = len(DATA)
TOKEN = Secret("hf_CanaryCanary")
CONTEXT = Context(Hub.HF, "read the file", "acme/tiny", "a.bin", (TOKEN,))
LOGIN = {"Authorization": f"Bearer {TOKEN.reveal()}", "Cookie": "m_session_id=secret"}
PATIENT = Timeouts(connect=10, read=20, send=20)
FAST = Timeouts(connect=1, read=0.4, send=1)


def client(server: Scripted, **options: Any) -> DataClient:
    return DataClient(server.url, timeouts=options.pop("timeouts", PATIENT), **options)


def bounds(asked: Asked) -> tuple[int, int]:
    start, _, last = asked.headers["range"].removeprefix("bytes=").partition("-")
    return int(start), int(last) + 1


def partial(status: int, **more: str) -> Callable[[Asked], bytes]:
    def script(asked: Asked) -> bytes:
        start, end = bounds(asked)
        return answer(status, DATA[start:end], content_range=f"bytes {start}-{end - 1}/{SIZE}", **more)

    return script


def read_all(server: Scripted, start: int, end: int, size: int | None = SIZE) -> bytes:
    source = client(server).open_range(
        server.url + "/f", CONTEXT, headers=LOGIN, start=start, end=end, size=size
    )
    parts = []
    while piece := source.read(1000):
        parts.append(piece)
    source.close()
    return b"".join(parts)


def chunked(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


RANGES = [(0, SIZE), (0, 1), (17, 5000), (SIZE - 1, SIZE), (5000, SIZE)]
GOOD: dict[str, Callable[[Asked], bytes]] = {
    "206": partial(206),
    "200 with a range": partial(200),
    "range ignored": lambda asked: answer(200, DATA),
    "range ignored, chunked": lambda asked: chunked(DATA),
}


@pytest.mark.parametrize("way", GOOD)
@pytest.mark.parametrize(("start", "end"), RANGES)
def test_a_range_is_read_however_the_hub_answers_it(way: str, start: int, end: int) -> None:
    with scripted(GOOD[way]) as server:
        assert read_all(server, start, end) == DATA[start:end]
        assert server.asked[0].headers["accept-encoding"] == "identity"


def test_reads_return_what_is_asked_for_and_fewer_only_at_the_end() -> None:
    with scripted(partial(206)) as server:
        source = client(server).open_range(server.url, CONTEXT, start=0, end=2500, size=SIZE)
        assert [len(source.read(1000)) for _ in range(4)] == [1000, 1000, 500, 0]
        assert source.read() == b""
        source.close()
        source.close()


def test_an_empty_range_costs_no_request() -> None:
    with scripted(partial(206)) as server:
        assert read_all(server, 5, 5) == b""
        assert server.asked == []


BAD: dict[str, Callable[[Asked], bytes]] = {
    "206 without a range": lambda asked: answer(206, DATA[:100]),
    "another range": lambda asked: answer(206, DATA[1:101], content_range=f"bytes 1-100/{SIZE}"),
    "a shorter range": lambda asked: answer(206, DATA[:50], content_range=f"bytes 0-49/{SIZE}"),
    "another size": lambda asked: answer(206, DATA[:100], content_range="bytes 0-99/100"),
    "another length than range": lambda asked: answer(206, DATA[:90], content_range=f"bytes 0-99/{SIZE}"),
    "another size of the whole": lambda asked: answer(200, DATA[:100]),
    "compressed": lambda asked: answer(200, DATA, content_encoding="gzip"),
    "416": lambda asked: answer(416, b"", content_range=f"bytes */{SIZE}"),
    "ends early, chunked": lambda asked: chunked(DATA[:60]),
}


@pytest.mark.parametrize("way", BAD)
def test_an_answer_that_contradicts_itself_is_a_lie(way: str) -> None:
    with scripted(BAD[way]) as server, pytest.raises(HubLied) as caught:
        read_all(server, 0, 100)
    assert caught.value.repo == "acme/tiny"
    assert caught.value.path == "a.bin"


def test_a_body_longer_than_listed_is_a_lie() -> None:
    with scripted(lambda asked: chunked(DATA + b"!")) as server, pytest.raises(HubLied, match="longer"):
        read_all(server, 0, SIZE)


def test_a_cut_body_is_unreachable_after_the_bytes_that_came() -> None:
    def script(asked: Asked) -> bytes:
        head = answer(206, content_range=f"bytes 0-{SIZE - 1}/{SIZE}", content_length=str(SIZE))
        return head + DATA[:3000]

    with scripted(script) as server:
        server.hang_up = True
        source = client(server).open_range(server.url, CONTEXT, start=0, end=SIZE, size=SIZE)
        assert source.read(3000) == DATA[:3000]
        with pytest.raises(Unreachable):
            source.read(3000)
        assert source.read(1) == b""


def test_a_silent_hub_is_given_up_within_seconds_and_not_asked_again() -> None:
    with scripted(partial(206)) as server:
        server.pause = 5
        started = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            client(server, timeouts=FAST).open_range(server.url, CONTEXT, start=0, end=10, size=SIZE)
        assert time.monotonic() - started < 2
        assert len(server.asked) == 1


def test_a_closed_port_is_unreachable() -> None:
    with scripted(partial(206)) as server:
        url = server.url
    with pytest.raises(Unreachable) as caught:
        DataClient(url, timeouts=FAST).request("GET", url, CONTEXT)
    assert caught.value.transient


def test_redirects_to_another_origin_lose_every_credential() -> None:
    with scripted(partial(206), "127.0.0.2") as storage:
        hub_script: Callable[[Asked], bytes] = lambda asked: (  # noqa: E731
            answer(307, location="/second?x=1")
            if asked.target == "/f"
            else answer(302, location=storage.url + "/blob?sig=1")
        )
        with scripted(hub_script) as server:
            assert read_all(server, 3, 40) == DATA[3:40]
        assert [asked.target for asked in server.asked] == ["/f", "/second?x=1"]
        assert all(asked.headers["authorization"] == LOGIN["Authorization"] for asked in server.asked)
        (there,) = storage.asked
        assert "authorization" not in there.headers
        assert "cookie" not in there.headers
        assert there.headers["range"] == "bytes=3-39"


def test_another_port_is_another_origin() -> None:
    with (
        scripted(partial(206)) as storage,
        scripted(lambda asked: answer(302, location=storage.url)) as server,
    ):
        assert read_all(server, 0, 5) == DATA[:5]
    assert "authorization" not in storage.asked[0].headers


def test_an_upload_to_another_origin_gets_no_credential_and_a_named_sibling_does() -> None:
    with scripted(lambda asked: answer(200), "127.0.0.2") as storage, scripted(partial(206)) as server:
        client(server).put(storage.url, Memory(b"abc"), 3, CONTEXT, headers=LOGIN)
        client(server, siblings=(storage.url,)).put(storage.url, Memory(b"abc"), 3, CONTEXT, headers=LOGIN)
    first, second = storage.asked
    assert "authorization" not in first.headers
    assert "cookie" not in first.headers
    assert second.headers["authorization"] == LOGIN["Authorization"]


def test_redirects_in_circles_and_nowhere_are_lies() -> None:
    for location in ("/f", "", "ftp://elsewhere/f"):
        script: Callable[[Asked], bytes] = lambda asked, where=location: answer(302, location=where)  # type: ignore[misc]  # noqa: E731
        with scripted(script) as server, pytest.raises(HubLied):
            read_all(server, 0, 5)
        assert len(server.asked) <= 7


def test_a_pooled_connection_is_used_again() -> None:
    with scripted(partial(206)) as server:
        one = client(server)
        for _ in range(5):
            source = one.open_range(server.url, CONTEXT, start=0, end=SIZE, size=SIZE)
            assert len(source.read()) == SIZE
        assert server.connections == 1
        assert one.traffic.requests == 5
        assert one.traffic.received == 5 * SIZE


def test_a_source_closed_halfway_drops_its_connection() -> None:
    with scripted(partial(206)) as server:
        one = client(server)
        source = one.open_range(server.url, CONTEXT, start=0, end=SIZE, size=SIZE)
        source.read(10)
        source.close()
        assert one.request("GET", server.url, CONTEXT, headers={"Range": "bytes=0-4"}).body == DATA[:5]
        assert server.connections == 2


def test_connections_to_a_host_are_bounded() -> None:
    with scripted(partial(206)) as server:
        server.pause = 0.05
        one = client(server, streams=3, timeouts=Timeouts(2, 2, 5))
        threads = [
            threading.Thread(
                target=lambda: one.request("GET", server.url, CONTEXT, headers={"Range": "bytes=0-4"})
            )
            for _ in range(12)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.asked) == 12
        assert server.connections <= 3


class Recorder:
    """A source that remembers how much was asked for at once."""

    def __init__(self, data: bytes, error: Exception | None = None) -> None:
        self.inner, self.error, self.blocks = Memory(data), error, list[int]()

    def read(self, n: int = -1, /) -> bytes:
        self.blocks.append(n)
        data = self.inner.read(n)
        if not data and self.error:
            raise self.error
        return data

    def close(self) -> None:
        self.inner.close()


def test_an_upload_is_streamed_in_large_blocks_with_its_length() -> None:
    data = os.urandom(5_000_000)
    source = Recorder(data)
    with scripted(lambda asked: answer(200, etag='"x"')) as server:
        done = client(server).put(server.url, source, len(data), CONTEXT)
    assert server.asked[0].body == data
    assert server.asked[0].headers["content-length"] == str(len(data))
    assert "transfer-encoding" not in server.asked[0].headers
    assert min(source.blocks[:-1]) >= 256 * 1024
    assert done.headers["etag"] == '"x"'


def test_a_sources_own_error_comes_through_unchanged_and_the_body_stays_incomplete() -> None:
    boom = Corrupt("the digest differs")
    with scripted(lambda asked: answer(200)) as server:
        with pytest.raises(Corrupt) as caught:
            client(server).put(server.url, Recorder(b"x" * 1000, boom), 2000, CONTEXT)
        assert caught.value is boom
        time.sleep(0.05)
        assert len(server.asked[0].body) < 2000 if server.asked else True


def test_a_source_of_another_length_is_corrupt() -> None:
    class Greedy:
        def read(self, n: int = -1, /) -> bytes:
            return b"x" * (n + 1)

        def close(self) -> None: ...

    with scripted(lambda asked: answer(200)) as server:
        with pytest.raises(Corrupt):
            client(server).put(server.url, Memory(b"short"), 50, CONTEXT)
        with pytest.raises(Corrupt):
            client(server).put(server.url, Greedy(), 50, CONTEXT)


def test_an_empty_upload_says_so() -> None:
    with scripted(lambda asked: answer(200)) as server:
        client(server).put(server.url, Memory(b""), 0, CONTEXT)
    assert server.asked[0].headers["content-length"] == "0"


def test_an_upload_confirmed_before_it_was_sent_is_no_success() -> None:
    data = b"x" * 20_000_000

    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def serve() -> None:
        connection, _ = listener.accept()
        connection.recv(65536)
        connection.sendall(answer(200))
        time.sleep(0.1)
        connection.close()

    threading.Thread(target=serve, daemon=True).start()
    with pytest.raises((HubLied, Unreachable)):
        DataClient(url, timeouts=FAST).put(url, Memory(data), len(data), CONTEXT)
    listener.close()


def test_a_slow_link_does_not_kill_an_upload_whose_bytes_flow() -> None:
    """urllib3 would apply the connect timeout to every block."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    size = 8_000_000

    def serve() -> None:
        connection, _ = listener.accept()
        got = 0
        while got < size:
            got += len(connection.recv(200_000))
            time.sleep(0.05)
        connection.sendall(answer(200))
        connection.close()

    threading.Thread(target=serve, daemon=True).start()
    DataClient(url, timeouts=Timeouts(connect=0.1, read=5, send=5)).put(
        url, Memory(bytes(size)), size, CONTEXT
    )
    listener.close()


def test_slices_of_one_source_follow_each_other() -> None:
    source = Memory(DATA)
    first, second = Slice(source, 100), Slice(source, 50)
    assert first.read(70) + first.read(70) == DATA[:100]
    assert first.read(1) == b""
    assert second.read() == DATA[100:150]


def test_a_rate_limit_while_reading_carries_its_pause() -> None:
    with (
        scripted(lambda asked: answer(429, retry_after="30")) as server,
        pytest.raises(RateLimited) as caught,
    ):
        read_all(server, 0, 5)
    assert caught.value.retry_after == 30
    assert len(server.asked) == 1


def test_a_proxy_of_the_environment_is_used_unless_the_host_is_excepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with scripted(lambda asked: answer(200, b"via proxy")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        outside = DataClient("http://hub.invalid", timeouts=FAST)
        assert outside.request("GET", "http://hub.invalid/x", CONTEXT).body == b"via proxy"
        assert proxy.asked[0].target == "http://hub.invalid/x"
        with scripted(partial(206)) as server:
            assert read_all(server, 0, 5) == DATA[:5]
        assert len(proxy.asked) == 1
