"""A server that answers with exactly the bytes it was told to, and remembers what it was asked."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Asked:
    """One request as it arrived: method, target, lower-case headers, body."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""


Script = Callable[[Asked], bytes]


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """A plain answer; ``content_length="no"`` leaves the length out, underscores become dashes."""
    named = {
        "content-length": str(len(body)),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    if named["content-length"] == "no":
        del named["content-length"]
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status} Whatever\r\n{lines}\r\n".encode() + body


@dataclass
class Scripted:
    """A running server at ``url``."""

    script: Script
    host: str = "127.0.0.1"
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    pause: float = 0.0
    """seconds of silence before each answer"""
    hang_up: bool = False
    """close the connection after each answer"""

    def __post_init__(self) -> None:
        self._socket = socket.create_server((self.host, 0))
        self.url = f"http://{self.host}:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        """Close the door; open connections die with their threads."""
        self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for the next connection
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as incoming, suppress(ConnectionError):
            while line := incoming.readline():
                method, target, _ = line.decode().split(" ", 2)
                headers: dict[str, str] = {}
                while (line := incoming.readline()) not in (b"\r\n", b""):
                    name, _, value = line.decode().partition(":")
                    headers[name.lower()] = value.strip()
                asked = Asked(method, target, headers)
                asked.body = incoming.read(int(headers.get("content-length", "0")))
                self.asked.append(asked)
                if self.pause:
                    time.sleep(self.pause)
                reply = self.script(asked)
                connection.sendall(reply)
                head = reply.partition(b"\r\n\r\n")[0].lower()
                if self.hang_up or (b"content-length" not in head and b"chunked" not in head):
                    return


@contextmanager
def scripted(script: Script, host: str = "127.0.0.1") -> Iterator[Scripted]:
    """A server for one test."""
    server = Scripted(script, host)
    try:
        yield server
    finally:
        server.stop()
