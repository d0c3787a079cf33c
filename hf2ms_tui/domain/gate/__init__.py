"""The gate: the checks between a decision "delete" and the delete call, and the pass that an open gate hands out.

``checks`` is a pure function from a snapshot of facts to a list of checks; the screen only draws it. A fact that could not
be read is given as a reason, and the check fails with it: unknown is not OK.
"""

from hf2ms_tui.domain.gate.checks import checks
from hf2ms_tui.domain.gate.facts import (
    MAX_PROOF_AGE,
    Check,
    CheckName,
    CheckState,
    GateFacts,
    HeldFact,
    PlaceFact,
    ReadAt,
    RefCoverage,
    refs_digest,
)
from hf2ms_tui.domain.gate.opening import is_open, lacks_only_tombstone, open_by_hand
from hf2ms_tui.domain.gate.passes import PASS_LIFE, GateShut, Pass, issue, issue_by_hand

__all__ = [
    "MAX_PROOF_AGE",
    "PASS_LIFE",
    "Check",
    "CheckName",
    "CheckState",
    "GateFacts",
    "GateShut",
    "HeldFact",
    "Pass",
    "PlaceFact",
    "ReadAt",
    "RefCoverage",
    "checks",
    "is_open",
    "issue",
    "issue_by_hand",
    "lacks_only_tombstone",
    "open_by_hand",
    "refs_digest",
]
