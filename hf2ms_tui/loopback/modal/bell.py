"""A bell that wakes everybody who waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Bell:
    """Wakes all who wait. For one event loop; ringing is cheap when nobody listens."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[bool]] = set()

    def ring(self) -> None:
        """Wake everybody."""
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            _settle(future, True)

    async def wait(self, timeout: float) -> bool:
        """Wait for the next ring, at most `timeout` seconds; whether it rang."""
        if timeout <= 0:
            return False
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        self._waiting.add(future)
        timer = loop.call_later(timeout, _settle, future, False)
        try:
            return await future
        finally:
            timer.cancel()
            self._waiting.discard(future)

    async def until(self, holds: Callable[[], bool], timeout: float) -> bool:
        """Wait until `holds`, looked at after each ring, at most `timeout` seconds; whether it does."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while not holds():
            if not await self.wait(end - loop.time()):
                return holds()
        return True


def _settle(future: asyncio.Future[bool], value: bool) -> None:
    if not future.done():
        future.set_result(value)
