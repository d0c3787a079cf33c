"""Connection pools: bounded, with large blocks, the user's proxies and certificates, and a patient send timeout."""

from __future__ import annotations

import os
import ssl
import threading
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Pools:
    """One urllib3 manager for direct connections and one for each proxy of the environment.

    At most ``streams`` connections to each host; ``send`` is the time in seconds that one block of ``block`` bytes may take.
    """

    def __init__(self, streams: int, send: float, block: int) -> None:
        self._streams = streams
        self._send = send
        self._block = block
        self._proxies = getproxies()
        self._managers: dict[str, urllib3.PoolManager] = {}
        self._lock = threading.Lock()

    def manager(self, url: str) -> urllib3.PoolManager:
        """The manager that leads to ``url``: through the environment's proxy unless ``no_proxy`` names the host."""
        parts = urlsplit(url)
        proxy = self._proxies.get(parts.scheme) or self._proxies.get("all") or ""
        if proxy and proxy_bypass(parts.netloc.rpartition("@")[2]):
            proxy = ""
        with self._lock:
            if proxy not in self._managers:
                self._managers[proxy] = self._make(proxy)
            return self._managers[proxy]

    def close(self) -> None:
        """Close all idle connections."""
        with self._lock:
            for manager in self._managers.values():
                manager.clear()

    def _make(self, proxy: str) -> urllib3.PoolManager:
        options: dict[str, Any] = {
            "num_pools": 32,
            "maxsize": self._streams,
            "block": True,
            "blocksize": self._block,
            "ssl_context": _tls(),
        }
        if proxy:
            user = urlsplit(proxy)
            login = f"{unquote(user.username)}:{unquote(user.password or '')}" if user.username else None
            manager: urllib3.PoolManager = urllib3.ProxyManager(
                proxy, proxy_headers=urllib3.make_headers(proxy_basic_auth=login), **options
            )
        else:
            manager = urllib3.PoolManager(**options)
        manager.pool_classes_by_scheme = _patient_pools(self._send)
        return manager


def _tls() -> ssl.SSLContext:
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or certifi.where()
    return ssl.create_default_context(cafile=bundle)


def _patient_pools(send: float) -> dict[str, type[HTTPConnectionPool]]:
    # urllib3 leaves the connect timeout on the socket while a body is sent, and sendall counts it for a whole block: on a
    # slow link an upload would die although bytes flow.
    class Plain(HTTPConnection):
        def endheaders(self, *args: Any, **kwargs: Any) -> None:
            super().endheaders(*args, **kwargs)
            if self.sock is not None:
                self.sock.settimeout(send)

    class Tls(HTTPSConnection):
        def endheaders(self, *args: Any, **kwargs: Any) -> None:
            super().endheaders(*args, **kwargs)
            if self.sock is not None:
                self.sock.settimeout(send)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = Tls

    return {"http": PlainPool, "https": TlsPool}
