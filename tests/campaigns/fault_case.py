"""One case of the faults campaign, how it ended, and what errors must not say."""

from __future__ import annotations

import multiprocessing
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from campaigns.fault_kinds import Route
from hf2ms_tui.domain.job import JobView, Phase
from hf2ms_tui.domain.proof import Proof
from hf2ms_tui.loopback.content import Content, SeededContent
from hf2ms_tui.loopback.world import World
from hf2ms_tui.transfer.retry import Patience
from support import oracle
from support.transfers import CARD, ORG

OTHER = {"hf": "ms", "ms": "hf"}
HASTY = Patience(attempts=3, rate_limited=4, base=0.02, longest=0.1, obey=0.3)
STUCK = 45.0
"""seconds after which a run is asked to end and counts as stuck"""


@dataclass(frozen=True, slots=True)
class Case:
    """One fault on one route while one thing is done in one direction."""

    number: int
    seed: int
    stage: str
    source: str
    route: Route
    kind: str
    once: bool
    engine: str = "local"

    @property
    def words(self) -> str:
        """The case in words."""
        where = "" if self.engine == "local" else f" in {self.engine}"
        return (
            f"case {self.number}: {self.stage} {self.source}→{OTHER[self.source]}{where}, {self.kind} on "
            f"{self.route.hub} {self.route.method} {self.route.name}, {'once' if self.once else 'always'}"
        )


@dataclass(slots=True)
class Result:
    """How a case ended: the column of the table, and what it broke."""

    case: Case
    column: str = ""
    met: bool = False
    """whether any request met the fault"""
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def breaks(self, what: str) -> None:
        """Note a broken promise, and say so at once: the figures come when all cases are over."""
        self.broken.append(f"{self.case.words}: {what}")
        print(f"broken  {self.broken[-1]}", file=sys.stderr, flush=True)


def over(until: float) -> bool:
    """Whether no case is to be begun any more: it is later than ``until`` (seconds of the clock), or nobody waits for it."""
    mother = multiprocessing.parent_process()
    return time.time() > until or (mother is not None and not mother.is_alive())


def files_of(name: str) -> Mapping[str, bytes | Content]:
    """A tiny repo with small files, LFS files, one that goes up in parts, and two with the same content."""
    return {
        "README.md": CARD,
        "config.json": b'{"name": "%s"}\n' % name.encode(),
        "notes/a b.txt": b"plain words of %s\n" % name.encode(),
        "w/one.bin": SeededContent(f"{name} one", 9_000),
        "w/parts.bin": SeededContent(f"{name} parts", 40_000),
        "w/same.bin": SeededContent(f"{name} one", 9_000),
    }


def judge_job(result: Result, world: World, name: str, view: JobView, proofs: Sequence[Proof]) -> None:
    """Compare what a migration of ``name`` says of itself with the bytes that the hubs hold."""
    source = result.case.source
    ends = (source, f"{ORG}/{name}"), (OTHER[source], f"{ORG}/{name}")
    holding = [proof for proof in proofs if proof.holds]
    excepted = {file.path for proof in holding for file in proof.exceptions}
    false = oracle.lacking(world, *ends, except_for=excepted)
    if false and (view.phase is Phase.DONE or holding):
        result.breaks(f"said to be proven, but {'; '.join(false)}")
    if view.phase is Phase.DONE and not (holding and view.proof_id == proofs[-1].id):
        result.breaks("done without a proof that holds")
    if oracle.wider(world, *ends):
        result.breaks("the destination is wider than the source")
    if view.phase is Phase.FAILED:
        for fault in wrong_words(view.error, f"{ORG}/{name}"):
            result.breaks(fault)


FOREIGN = re.compile(
    r"Traceback|\b[A-Z]\w*(?:Error|Exception)\b|huggingface_hub|modelscope_hub|urllib3|httpx|requests\.|<html",
    re.A,
)


def wrong_words(error: Mapping[str, object], repo_id: str) -> Iterator[str]:
    """What is wrong with an error's words: no way out, the repo not named, names of programming."""
    said = " ".join(str(error.get(key) or "") for key in ("what", "meaning", "way_out", "repo", "path"))
    if not error.get("what") or not error.get("way_out"):
        yield f"an error without a way out: {said!r}"
    if repo_id not in said:
        yield f"an error that does not name {repo_id}: {said!r}"
    if found := FOREIGN.search(said):
        yield f"an error with {found[0]!r} in it: {said!r}"
