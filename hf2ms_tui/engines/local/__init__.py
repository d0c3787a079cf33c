"""Jobs as detached processes of this machine, which outlive the program and are found again by a lock they hold.

``python -m hf2ms_tui.engines.local JOB --state DIR`` is such a process; it reads its tokens from standard input.
"""

from __future__ import annotations

from hf2ms_tui.engines.local.engine import LocalEngine

__all__ = ["LocalEngine"]
