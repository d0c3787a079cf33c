"""The one committer: few commits within the hub's limits, guarded by the parent, and never twice for the same change."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from hf2ms_tui.domain.errors import Conflict, Hf2msError, RateLimited, Unreachable
from hf2ms_tui.domain.manifest import FileEntry, Manifest, git_blob_id
from hf2ms_tui.domain.repo import Visibility
from hf2ms_tui.domain.text import counted
from hf2ms_tui.hubs.protocol import AddBlob, AddInline, Change, Remove
from hf2ms_tui.transfer.blob import Small
from hf2ms_tui.transfer.plan import check_visibility, list_destination
from hf2ms_tui.transfer.run import Run

INLINE_MEMORY = 16 << 20
"""bytes of small files held in memory for one commit, whatever the hub would take"""


class Committer:
    """Commits to the destination of a job. ``head`` is its revision as far as known, ``commits`` counts those made.

    ``allowed`` is the widest visibility under which anything may be committed.
    """

    def __init__(self, run: Run, head: str, allowed: Visibility) -> None:
        self._run = run
        self._allowed = allowed
        self._looked = False
        self.head = head
        self.commits = 0

    def commit_all(
        self,
        blobs: Iterable[AddBlob],
        inline: Iterable[FileEntry],
        there: Manifest,
        extras: Iterable[str] = (),
    ) -> None:
        """Bring all changes in. Small files are read batch by batch; those that turn out to be ``there`` are left out.
        ``extras`` go.

        Raises VisibilityRefused, Conflict, and what else the hub says.
        """
        waiting = deque[Change]([*(Remove(path) for path in extras), *blobs])
        small = deque(inline)
        theirs = there.by_path()
        while waiting or small:
            changes: list[Change] = [*self._read(small, theirs)]
            while waiting and len(changes) < self._run.writer.limits.actions:
                changes.append(waiting.popleft())
            if changes:
                self.commit(changes)
            self._run.moved.add(sum(len(change.data) for change in changes if isinstance(change, AddInline)))
        self._run.moved.report()

    def _read(self, small: deque[FileEntry], theirs: Mapping[str, FileEntry]) -> list[AddInline]:
        """The next small files that really are changes, as many as one commit takes; takes them off ``small``."""
        run = self._run
        limits = run.writer.limits
        room = min(limits.inline_bytes, INLINE_MEMORY)
        changes: list[AddInline] = []
        while batch := _take(small, limits.actions - len(changes), room, must=not changes):
            for found in run.read_all(batch):
                if isinstance(found, Hf2msError):
                    run.failed(found)
                elif _is_there(found, theirs.get(found.entry.path)):
                    run.was_there(len(found.data))
                else:
                    changes.append(AddInline(found.entry.path, found.data))
                    room -= len(found.data)
        changes.sort(key=lambda change: change.path)
        return changes

    def commit(self, changes: Sequence[Change]) -> None:
        """Make one commit, or none when the destination turns out to have the changes already. Sets ``head``.

        When the branch moved or the answer was lost, the destination is looked at again before anything is sent again.
        """
        run = self._run
        ref = run.spec.destination
        if not self._looked:
            info = run.from_destination().call(lambda: run.destination.repo(ref))
            check_visibility(info, self._allowed)
            self._looked = True
        pending = _Pending(list(changes))

        def attempt() -> None:
            if pending.uncertain:
                self._look_again(pending)
            if pending.changes:
                self._send(pending)

        try:
            run.from_destination().call(attempt)
        except Unreachable as error:
            if isinstance(error.__cause__, Conflict):
                raise error.__cause__ from None
            raise

    def _send(self, pending: _Pending) -> None:
        run = self._run
        ref, changes = run.spec.destination, pending.changes
        about = {
            "parent": self.head,
            "branch": run.branch or ref.hub.default_branch,
            "changes": len(changes),
            "first": changes[0].path,
            "source_revision": run.revision,
            "job": run.spec.id,
        }
        part = f" (part {self.commits + 1})" if self.commits else ""
        message = f"{run.title or f'Copy of {run.spec.source}'} at {run.revision}{part}"
        number = run.board.intent("repo.commit", about)
        try:
            branch = run.branch or ref.hub.default_branch
            revision = run.writer.commit(ref, branch, message, changes, parent=self.head)
        except Hf2msError as error:
            lost = error.transient and not isinstance(error, RateLimited)
            run.board.outcome(number, "unknown" if lost else "failed", error.as_dict())
            pending.uncertain = lost or isinstance(error, Conflict)
            if isinstance(error, Conflict):
                raise Unreachable(
                    error.what, meaning=error.meaning, way_out=error.way_out, repo=error.repo
                ) from error
            raise
        run.board.outcome(number, "done", {"revision": revision})
        run.board.log(f"committed {counted(len(changes), 'file')}: {revision}")
        self.head = revision
        self.commits += 1

    def _look_again(self, pending: _Pending) -> None:
        """Find out where the branch is now and leave out what is there already."""
        run = self._run
        now = run.tip()
        pending.uncertain = False
        if now == self.head:
            return
        run.board.log(f"the destination's branch has moved to {now}; comparing again")
        theirs = list_destination(run, now).by_path()
        pending.changes = [
            change for change in pending.changes if not _holds(theirs.get(change.path), change)
        ]
        self.head = now


class _Pending:
    """The changes of one commit that is not known to have been made; ``uncertain`` when it may have been."""

    def __init__(self, changes: list[Change]) -> None:
        self.changes = changes
        self.uncertain = False


def _take(small: deque[FileEntry], count: int, room: int, *, must: bool) -> list[FileEntry]:
    """The next files that fit; with ``must`` at least one, so that a file larger than the room does not stop everything."""
    batch: list[FileEntry] = []
    while small and len(batch) < count and (small[0].size <= room or (must and not batch)):
        room -= small[0].size
        batch.append(small.popleft())
    return batch


def _is_there(small: Small, other: FileEntry | None) -> bool:
    if other is None or other.size != len(small.data):
        return False
    if other.sha256 is not None:
        return other.sha256 == small.sha256
    return not other.lfs and other.git_oid == small.git_oid


def _holds(other: FileEntry | None, change: Change) -> bool:
    if isinstance(change, Remove):
        return other is None
    if other is None:
        return False
    if isinstance(change, AddBlob):
        return other.blob == change.blob
    if isinstance(change, AddInline) and other.size == len(change.data):
        if other.sha256 is not None:
            return other.sha256 == hashlib.sha256(change.data).hexdigest()
        return not other.lfs and other.git_oid == git_blob_id(change.data)
    return False
