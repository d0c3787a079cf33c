"""What a campaign counts, and how it is printed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields


@dataclass
class Figures:
    """Counts of a campaign. ``unsafe``, ``untrue``, ``useless`` and ``false_proofs`` must stay empty; each names its case."""

    steps: Counter[str] = field(default_factory=Counter)
    acts: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    window: Counter[str] = field(default_factory=Counter)
    quiet: int = 0
    """deletions asked for in a world where nothing happened since the proof: all of them must happen"""
    judged: int = 0
    """refusals whose every reason was compared with the world"""
    unsafe: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)
    useless: list[str] = field(default_factory=list)
    false_proofs: list[str] = field(default_factory=list)
    requests: int = 0
    gap: list[float] = field(default_factory=list)
    """seconds from the last request that looked at the world to the request that deletes"""

    def add(self, other: Figures) -> None:
        """Count another's figures as well."""
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            if isinstance(mine, Counter):
                mine.update(theirs)
            else:
                setattr(self, each.name, mine + theirs)

    @property
    def total(self) -> int:
        """All steps: those of the programs and those of the adversary."""
        return self.steps.total() + self.acts.total()

    @property
    def good(self) -> bool:
        """Whether nothing was found that must not be."""
        return not (self.unsafe or self.untrue or self.useless or self.false_proofs)

    def lines(self, seconds: float) -> list[str]:
        """The figures for people; the last line sums them up."""
        gaps = sorted(self.gap)
        found = [
            *_counted("steps of the programs", self.steps),
            *_counted("acts of the adversary", self.acts),
            *_counted("how deletions ended", self.outcomes),
            *_counted("refusals by the check that did not hold", self.refusals),
            *_counted("other refusals", self.errors),
            *_counted("acts inside the window that no hub lets anybody close", self.window),
        ]
        if gaps:
            found.append(
                f"that window, from the last look to the deletion's request: median {gaps[len(gaps) // 2] * 1000:.1f} ms, "
                f"95% under {gaps[int(len(gaps) * 0.95)] * 1000:.1f} ms, longest {gaps[-1] * 1000:.1f} ms"
            )
        for title, cases in (
            ("UNSAFE", self.unsafe),
            ("UNTRUE REASON", self.untrue),
            ("REFUSED FOR NOTHING", self.useless),
            ("FALSE PROOF", self.false_proofs),
        ):
            found += [f"{title}: {case}" for case in cases[:20]]
        found.append(
            f"adversary: steps={self.total} deleted={self.outcomes['gone']} quiet={self.quiet} "
            f"refused={self.outcomes['refused']} reasons_checked={self.judged} unsafe={len(self.unsafe)} "
            f"untrue={len(self.untrue)} useless={len(self.useless)} false_proofs={len(self.false_proofs)} "
            f"in_window={self.window.total()} requests={self.requests} seconds={seconds:.0f}"
        )
        return found


def _counted(title: str, counter: Counter[str]) -> list[str]:
    if not counter:
        return []
    return [
        f"{title}: {counter.total():,}",
        *(f"  {count:>7,}  {name}" for name, count in counter.most_common()),
        "",
    ]
