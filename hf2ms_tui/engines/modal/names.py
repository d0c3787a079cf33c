"""Names and numbers that both halves agree on. Free of imports of this package."""

from __future__ import annotations

APP = "hf2ms-tui"
COORDINATE = "coordinate"
WORK = "work"
HELLO = "hello"
TOKENS = {"hf": "HF2MS_TOKEN_HF", "ms": "HF2MS_TOKEN_MS"}
"""the environment variables of the named secret, by hub"""

TICK = 1.0
"""seconds between two reports of a worker or a coordinator, and between two looks at them"""
QUIET = 20.0
"""seconds without a report after which the control plane is asked whether a call still goes on"""
CANCEL_GRACE = 8.0
"""seconds that cancelled workers get until their containers are ended"""
SCALEDOWN = 10
"""seconds that a container without work waits for more; it is billed for them"""

LEADERS = 6
"""coordinators at once, at most: a plan of a hundred repos must not fill the account with coordinators that wait for workers"""

CPU, MEMORY = 0.25, 512
"""cores and MiB that a container asks for; it may use more, and is billed for the larger of both"""

LEASE = 4 * 3600
"""seconds after which a coordinator hands over to a fresh one; the service ends calls after 24 hours at the latest"""
COORDINATOR_TIMEOUT = LEASE + 1800
CHUNK_TIMEOUTS = (1800, 2 * 3600, 6 * 3600, 24 * 3600)
"""steps of a chunk's timeout, so that jobs with alike chunks share containers"""
SLOWEST = 2_000_000
"""bytes per second below which a chunk is given up"""
STALLED = 1800.0
"""seconds without a byte, a chunk or a phase after which a job gives up, so that an abandoned one does not bill for a day"""


def record_name(job_id: str) -> str:
    """The Dict of a job's orders and answers, which a coordinator starts from."""
    return f"{APP}-job-{job_id}"


def live_name(job_id: str) -> str:
    """The Dict in which a job's workers say how far they are; one key for each that works."""
    return f"{APP}-live-{job_id}"


def said_name(job_id: str) -> str:
    """The Dict of a job's board, log and proof, which the person's machine reads."""
    return f"{APP}-said-{job_id}"


ROLL = f"{APP}-roll"
"""The Dict in which all jobs of the account say how many containers they want."""


def leaders(cap: int) -> int:
    """How many coordinators may run at once where ``cap`` containers may in all; the others wait in Modal's queue."""
    return min(LEADERS, (cap + 12) // 8) if cap >= 4 else 1


def hands(cap: int) -> int:
    """How many workers ``cap`` containers leave beside the coordinators; one at least."""
    return max(1, cap - leaders(cap))


def chunk_timeout(size: int) -> int:
    """Seconds that a chunk of ``size`` bytes may take."""
    need = 900 + size / SLOWEST
    return next((step for step in CHUNK_TIMEOUTS if step >= need), CHUNK_TIMEOUTS[-1])
