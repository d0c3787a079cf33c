"""Restoring a deleted repo on its hub: each branch and tag as one state, committed, and proven against the tombstone.

The states of tags are committed one after the other to the default branch and tagged there, its own comes last; branches
are made and committed on their own where the hub can be given any, else their states become tags. Nothing is overwritten:
a repo that is there and did not come from this restore is refused. Running it again carries on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hf2ms_tui.domain.errors import (
    Cancelled,
    Conflict,
    Hf2msError,
    NotFound,
    NotProven,
    StoreFailed,
    VisibilityRefused,
)
from hf2ms_tui.domain.job import Phase, RefMove
from hf2ms_tui.domain.manifest import Manifest
from hf2ms_tui.domain.proof import Proof, ReadBack
from hf2ms_tui.domain.repo import Gating, GitRef, Hub, Visibility
from hf2ms_tui.domain.text import clean, counted
from hf2ms_tui.domain.tombstone import Tombstone
from hf2ms_tui.domain.verdict import Verdict
from hf2ms_tui.transfer.control import Aborted, Stopped
from hf2ms_tui.transfer.exceptions import acceptable
from hf2ms_tui.transfer.leg import carry, prove, why_not
from hf2ms_tui.transfer.opening import opening
from hf2ms_tui.transfer.plan import (
    check_visibility,
    extras_of,
    learnt,
    list_destination,
    list_source,
    sort_out,
)
from hf2ms_tui.transfer.run import Run

GENERATED = {
    Hub.HF: frozenset({".gitattributes"}),
    Hub.MS: frozenset({".gitattributes", "README.md", "configuration.json", "dataset_infos.json"}),
}
"""what each hub puts into a new repo by itself"""
ROUNDS = 3
"""commits of one state until it shows exactly: Hugging Face changes ``.gitattributes`` with a commit of stored blobs"""


def title(name: str) -> str:
    """How the commits of a restore begin: they are known by it when it is run again."""
    return f"Restored from tombstone {name}"


@dataclass(slots=True)
class Restoring:
    """The work of one restore job: call it with the job's ``Run``."""

    stone: Tombstone
    name: str
    error: Hf2msError | None = None
    _made: dict[str, str] = field(default_factory=dict)
    """the restored repo's revision for each of the deleted one's that is proven"""
    _read: set[tuple[str, int]] = field(default_factory=set)
    """contents that were read back from the restored repo"""
    _proof: Proof | None = None

    def __call__(self, run: Run) -> tuple[Proof, Hf2msError | None]:
        """Restore everything; the proof of the default branch, and what keeps the restore from being done."""
        run.exact, run.title = True, title(self.name)
        stone = self.stone
        visibility = self._prepare(run)
        branches = "branch" in run.writer.ref_kinds
        default = next(ref for ref in stone.restorable if ref.kind == "branch" and ref.name == stone.branch)
        others = [ref for ref in stone.restorable if ref is not default]
        own = {ref.revision for ref in others if ref.kind == "branch"} if branches else set()
        for ref in others:
            if ref.revision != stone.head and ref.revision not in own:
                with _Noting(self, run, ref):
                    self._state(run, ref, visibility, "tag")
        self._head(run, default, visibility)
        for ref in sorted(others, key=lambda item: item.kind != "branch"):
            if ref.revision == stone.head or ref.revision in own:
                with _Noting(self, run, ref):
                    self._state(run, ref, visibility, ref.kind if branches else "tag")
        self._last_look(run, visibility)
        assert self._proof is not None
        run.board.update(proof_id=self._proof.id, destination_revision=self._proof.destination_revision)
        return self._proof, self.error

    # -- the repo itself ----------------------------------------------------------------------------------------

    def _prepare(self, run: Run) -> Visibility:
        """Make the repo, or take the one that this restore made before. Raises Conflict for any other."""
        ref, how = run.spec.destination, opening(self.stone.info)
        if how.why:
            run.board.log(f"{ref.id}: {how.why}")
        about = {"visibility": how.visibility.value, "tombstone": self.name, "job": run.spec.id}
        number = run.board.intent("repo.prepare", about)
        try:
            ready = run.from_destination().call(
                lambda: run.writer.prepare(
                    ref, visibility=how.visibility, licence=self.stone.info.licence, sdk=self.stone.info.sdk
                )
            )
            check_visibility(ready.info, how.visibility)
            if not ready.created:
                self._check_ours(run)
        except Hf2msError as error:
            run.board.outcome(number, "unknown" if error.transient else "failed", error.as_dict())
            raise
        run.board.outcome(number, "done", {"created": ready.created, "revision": ready.revision})
        run.board.log(
            f"{ref} {'was created' if ready.created else 'was begun before'}, {ready.info.visibility.value}"
        )
        if how.gate is not None and ready.info.gating is not how.gate:
            self._close(run, how.visibility, how.gate)
        return how.visibility

    def _check_ours(self, run: Run) -> None:
        """Raise Conflict unless everything in the repo came from this restore, or from the hub when it was made."""
        ref = run.spec.destination
        if run.board.view().attempt > 1 and self._is_ours(run):
            return
        raise Conflict(
            f"{ref.id} exists on {ref.hub.title} and did not come from this restore",
            meaning="Nothing of it was changed: a restore overwrites nothing.",
            way_out="Rename or remove that repo by hand if its id is wanted for the restored one; then retry.",
            repo=str(ref.id),
        )

    def _is_ours(self, run: Run) -> bool:
        ref, retrier = run.spec.destination, run.from_destination()
        refs = retrier.call(lambda: run.destination.refs(ref))
        known = {item.name for item in self.stone.restorable}
        if any(item.kind == "branch" and item.name not in known for item in refs):
            return False
        heads = list(dict.fromkeys(item.revision for item in refs if item.kind in {"branch", "tag"}))
        commits = retrier.call(lambda: run.destination.chronicle(ref, heads)).commits
        foreign = [line for line in commits if not line.title.startswith(title(self.name))]
        if len(foreign) > 1:
            return False
        return all(
            entry.path in GENERATED[ref.hub]
            for line in foreign
            for entry in list_destination(run, line.revision).files
        )

    def _close(self, run: Run, visibility: Visibility, gate: Gating) -> None:
        """Gate it again, while it is still empty. A public one that cannot be gated is not filled."""
        ref = run.spec.destination
        number = run.board.intent("repo.gate", {"gating": gate.value})
        try:
            run.from_destination().call(lambda: run.writer.gate(ref, gate))
        except Hf2msError as error:
            run.board.outcome(number, "unknown" if error.transient else "failed", error.as_dict())
            if visibility is Visibility.PRIVATE and not isinstance(error, Cancelled | Stopped | Aborted):
                run.board.log(f"{ref.id} was gated ({gate.value}) and could not be gated again: {error}")
                return
            raise
        run.board.outcome(number, "done", {"gating": gate.value})
        run.board.log(f"{ref.id} is gated again ({gate.value}); the list of who was granted access is lost")

    def _last_look(self, run: Run, visibility: Visibility) -> None:
        info = run.from_destination().call(lambda: run.destination.repo(run.spec.destination))
        check_visibility(info, visibility)
        gated = "" if info.gating in {Gating.NONE, Gating.UNKNOWN} else f", gated ({info.gating.value})"
        run.board.log(f"{info.ref.id} is {info.visibility.value}{gated}")

    # -- states -------------------------------------------------------------------------------------------------

    def _head(self, run: Run, ref: GitRef, visibility: Visibility) -> None:
        revision, proof = self._carry(run, ref, visibility, "")
        self._proof = proof
        error = self._wrong(run, proof)
        if error is None:
            self._made[ref.revision] = revision
        else:
            self.error = self.error or error

    def _state(self, run: Run, ref: GitRef, visibility: Visibility, kind: str) -> None:
        """Restore one branch or tag as a ``kind``. Raises what keeps it from being restored."""
        where, there = run.spec.destination, run.from_destination()
        if why := run.writer.why_not_ref(kind, ref.name):
            raise NotProven(
                f"{ref.words} of {where.id} cannot be restored: {why}",
                way_out="Its files are in the tombstone and on the destination; make it by hand with git.",
                repo=str(where.id),
            )
        if kind != ref.kind:
            run.board.log(f"{ref.words} comes back as a {kind}: {where.hub.title} can be given no {ref.kind}")
        known = there.call(lambda: run.destination.refs(where))
        found = next((item for item in known if (item.kind, item.name) == (kind, ref.name)), None)
        if kind == "branch":
            if found is None:
                base = self._made.get(ref.revision) or there.call(run.tip)
                self._act(
                    run, "repo.branch", base, ref.name, lambda: run.writer.make_branch(where, ref.name, base)
                )
            revision, proof = self._carry(run, ref, visibility, ref.name)
            self._accept(run, ref, revision, proof)
        elif found is not None:
            if self._made.get(ref.revision) != found.revision:
                self._accept(run, ref, found.revision, self._prove_at(run, ref, visibility, found.revision))
        else:
            if ref.revision not in self._made:
                revision, proof = self._carry(run, ref, visibility, "")
                self._accept(run, ref, revision, proof)
            at = self._made[ref.revision]
            self._act(run, "repo.tag", at, ref.name, lambda: run.writer.make_tag(where, ref.name, at))

    def _accept(self, run: Run, ref: GitRef, revision: str, proof: Proof) -> None:
        if (error := self._wrong(run, proof)) is not None:
            raise error
        self._made[ref.revision] = revision

    def _carry(self, run: Run, ref: GitRef, visibility: Visibility, branch: str) -> tuple[str, Proof]:
        """Bring a branch of the restored repo to a state and prove it."""
        self._turn_to(run, ref, branch)
        run.board.log(f"restoring {ref.words}, which was at {ref.revision}")
        if lost := self.stone.lost(ref.revision):
            run.board.log(
                f"{ref.words}: {counted(len(lost), 'file')} were given up at the deletion and do not come back, "
                f"e.g. {lost[0].shown}"
            )
        wanted = acceptable(run, list_source(run))
        for _ in range(ROUNDS):
            head = run.from_destination().call(run.tip)
            work, there = carry(run, wanted, visibility, head)
            left = sort_out(run, learnt(run, wanted), learnt(run, there), visibility)
            if run.errors or (left.nothing and not extras_of(run, wanted, there, ())):
                break
        self._already_read(run, there)
        proof = prove(run, work, there, self._about(ref))
        self._remember(proof)
        return there.revision, proof

    def _prove_at(self, run: Run, ref: GitRef, visibility: Visibility, revision: str) -> Proof:
        """Prove a tag that an earlier run made."""
        self._turn_to(run, ref, "")
        run.board.log(f"{ref.words} is there already, at {revision}")
        run.board.phase(Phase.PROVING)
        wanted, there = acceptable(run, list_source(run)), list_destination(run, revision)
        work = sort_out(run, learnt(run, wanted), learnt(run, there), visibility)
        self._already_read(run, there)
        proof = prove(run, work, there, self._about(ref))
        self._remember(proof)
        return proof

    @staticmethod
    def _turn_to(run: Run, ref: GitRef, branch: str) -> None:
        """Work on a state from now on. What failed with the one before says nothing about it."""
        run.revision, run.branch = ref.revision, branch
        run.errors.clear()

    @staticmethod
    def _about(ref: GitRef) -> RefMove:
        # Named so that nobody takes it for a proof that the repo has a copy elsewhere.
        return RefMove(GitRef(ref.name, f"restored {ref.kind}", ref.revision), ref.kind, ref.name)

    def _wrong(self, run: Run, proof: Proof) -> Hf2msError | None:
        error = why_not(run, proof)
        extra = [file for file in proof.files if file.verdict is Verdict.EXTRA]
        if error is None and extra:
            error = NotProven(
                f"{clean(extra[0].path, 200)} is in the restored {proof.destination.id} and was not in the deleted one",
                way_out="Retry the restore; if it stays, remove the file by hand.",
                repo=str(proof.destination.id),
            )
        return error

    def _already_read(self, run: Run, there: Manifest) -> None:
        """Contents read back from another state of the restored repo need not be read again: it keeps each only once."""
        for entry in learnt(run, there).files:
            if entry.sha256 is not None and (entry.sha256, entry.size) in self._read:
                run.ledger.note_read_back(there.revision, entry.path, ReadBack(entry.sha256, entry.size))

    def _remember(self, proof: Proof) -> None:
        self._read |= {
            (file.source_sha256, file.source_size)
            for file in proof.files
            if file.verdict is Verdict.PROVEN and file.source_sha256 and file.source_size is not None
        }

    def _act(self, run: Run, kind: str, revision: str, name: str, act: Callable[[], None]) -> None:
        number = run.board.intent(kind, {"name": name, "revision": revision, "source_revision": run.revision})
        try:
            run.from_destination().call(act)
        except Hf2msError as error:
            run.board.outcome(number, "unknown" if error.transient else "failed", error.as_dict())
            raise
        run.board.outcome(number, "done", {"revision": revision})
        run.board.log(f"made {kind.removeprefix('repo.')} {clean(name)} at {revision}")


class _Noting:
    """What fails with one branch or tag does not keep the others from coming back; what ends the whole job does."""

    def __init__(self, restoring: Restoring, run: Run, ref: GitRef) -> None:
        self._restoring = restoring
        self._run = run
        self._ref = ref

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, Hf2msError) or isinstance(
            error, Cancelled | Stopped | Aborted | StoreFailed | VisibilityRefused | NotFound
        ):
            return False
        self._run.board.log(f"{self._ref.words}: {error}")
        self._restoring.error = self._restoring.error or error
        return True
