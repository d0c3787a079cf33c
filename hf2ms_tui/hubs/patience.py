"""A little patience for small reads: a few jittered tries where the answer may differ the next time.

Only for requests that change nothing and carry no repo bytes; moving bytes is retried by ``transfer``, which can be
cancelled and says so on the board.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from hf2ms_tui.domain.errors import Hf2msError, RateLimited

T = TypeVar("T")

ATTEMPTS = 3
LONGEST_WAIT = 5.0
"""seconds; a hub that asks for a longer pause is reported instead of waited for"""
_backoff = wait_random_exponential(multiplier=0.25, max=2.0)


def patiently(call: Callable[[], T]) -> T:
    """Call, and call again while the error is transient: at most 3 times, at most 5 seconds between two calls."""
    return Retrying(
        stop=stop_after_attempt(ATTEMPTS), retry=retry_if_exception(_worth_it), wait=_pause, reraise=True
    )(call)


def _worth_it(error: BaseException) -> bool:
    if isinstance(error, RateLimited):
        return error.retry_after is None or error.retry_after <= LONGEST_WAIT
    return isinstance(error, Hf2msError) and error.transient


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, RateLimited) else None
    return _backoff(state) + (asked or 0.0)
