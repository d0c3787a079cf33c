"""What the modal package raises, as errors of this program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import modal.exception as raised
from grpclib.exceptions import GRPCError, ProtocolError, StreamTerminatedError

from hf2ms_tui.domain.errors import (
    BadInput,
    Hf2msError,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    RateLimited,
    Unreachable,
)
from hf2ms_tui.domain.text import clean

R = TypeVar("R")

_UNREACHABLE = (
    raised.ConnectionError,
    raised.ServiceError,
    raised.InternalError,
    raised.InternalFailure,
    raised.ClientClosed,
    # These two leak out of polling loops when a connection is cut.
    StreamTerminatedError,
    ProtocolError,
    OSError,
)


def translate(error: Exception, what: str) -> Hf2msError:
    """The error of ours that says what failed; one of ours is returned as it is."""
    if isinstance(error, Hf2msError):
        return error
    said = clean(str(error).strip().partition("\n")[0], 300)
    if isinstance(error, raised.AuthError):
        return NotAuthenticated(
            f"{what}: Modal does not accept the token",
            meaning=said,
            way_out="Make a new one with: modal token new; or set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET.",
        )
    if isinstance(error, raised.PermissionDeniedError):
        return NotPermitted(
            f"{what}: Modal refuses it",
            meaning=said,
            way_out="Look with hf2ms-tui doctor whose account the token is, and what it may do there.",
        )
    if isinstance(error, raised.ResourceExhaustedError):
        return RateLimited(
            f"{what}: Modal asks to slow down", meaning=said, way_out="Wait a minute, then try again."
        )
    if isinstance(error, raised.NotFoundError | raised.OutputExpiredError):
        return NotFound(
            f"{what}: Modal does not know it",
            meaning=said,
            way_out="Try again: what is missing in the account is made anew.",
        )
    if isinstance(error, raised.VersionError):
        return BadInput(
            f"{what}: the modal package is too old for this account",
            meaning=said,
            way_out="Upgrade it: pip install -U modal.",
        )
    # The builtin TimeoutError is an OSError; Modal's own TimeoutError is not, and means something final.
    # The same goes for gRPC's own error: many of Modal's are subclasses of it.
    bare = isinstance(error, GRPCError) and not isinstance(error, raised.Error)
    if isinstance(error, _UNREACHABLE) or bare:
        return Unreachable(
            f"{what}: Modal cannot be reached",
            meaning=said,
            way_out="Check the network; jobs go on without it.",
        )
    return Hf2msError(
        f"{what}: Modal refused",
        meaning=said or "It did not say why.",
        way_out="Check the account with: hf2ms-tui doctor; then try again.",
    )


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise what goes wrong inside as an error of ours."""
    try:
        yield
    except Exception as error:
        raise translate(error, what) from error


def patiently(what: str, act: Callable[[], R], sleep: Callable[[float], object], tries: int = 6) -> R:
    """Run ``act`` again while Modal cannot be reached: the client's own retries cover about a minute of each try."""
    for number in range(1, tries + 1):
        try:
            with translated(what):
                return act()
        except Hf2msError as error:
            if not error.transient or number == tries:
                raise
            sleep(min(2.0**number, 30.0))
    raise AssertionError("not reached")
