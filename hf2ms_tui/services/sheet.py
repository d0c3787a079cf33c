"""A proof laid out for reading: files in the order that matters, counted once. Made in a thread.

Counting and sorting go through every file, which for 100,000 of them is too slow for an event loop.
"""

from __future__ import annotations

from dataclasses import dataclass

from hf2ms_tui.domain.proof import FileVerdict, Proof, Verdict
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.services.program import Program

_ORDER = {
    verdict: place
    for place, verdict in enumerate(
        (Verdict.MISMATCH, Verdict.MISSING, Verdict.UNKNOWN, Verdict.EXCEPTED, Verdict.PROVEN, Verdict.EXTRA)
    )
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """``files`` are the problems first (mismatch, missing, unknown, proven too weakly), then the excepted, the proven and the
    extra ones; each group by path. ``problems`` are the exact paths that keep the proof from holding, ``excepted`` those of
    exceptions.
    """

    proof: Proof
    files: tuple[FileVerdict, ...]
    problems: frozenset[str]
    holds: bool
    summary: str
    total: int
    excepted: frozenset[str] = frozenset()

    @property
    def proven(self) -> int:
        """Files of the source that are proven at the proof's level; excepted ones are not."""
        return self.total - len(self.problems) - len(self.excepted)

    @property
    def outcome(self) -> str:
        """Whether the proof holds, in words; never without the number of exceptions."""
        if not self.holds:
            return "not proven"
        return f"proven, {len(self.excepted):,} excepted" if self.excepted else "proven"


def lay_out(proof: Proof) -> Sheet:
    """Lay a proof out."""
    problems = proof.problems
    bad = frozenset(file.path for file in problems)
    first = sorted(problems, key=lambda file: (_ORDER[file.verdict], file.path))
    rest = [file for file in proof.files if file.path not in bad]
    # ``Proof.files`` is sorted by path; extra files go behind the others.
    excepted = [file for file in rest if file.verdict is Verdict.EXCEPTED]
    proven = [file for file in rest if file.verdict is Verdict.PROVEN]
    extra = [file for file in rest if file.verdict is Verdict.EXTRA]
    return Sheet(
        proof,
        (*first, *excepted, *proven, *extra),
        bad,
        not proof.doubt and not bad,
        proof.summary,
        proof.total,
        frozenset(file.path for file in excepted),
    )


def standing(program: Program, ref: RepoRef) -> Sheet | None:
    """The proof that speaks for ``ref`` today, laid out; None when it was never proven. Raises StoreFailed."""
    proof = program.proofs.standing(ref)
    return lay_out(proof) if proof is not None else None
