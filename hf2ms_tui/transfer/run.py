"""What every step of a job shares: both hubs, the board, the ledger, the pool, and how to end early and try again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.job import JobSpec
from hf2ms_tui.domain.manifest import FileEntry
from hf2ms_tui.hubs.protocol import HubReader, HubWriter
from hf2ms_tui.transfer.blob import FILE_ERRORS, Small, Target, read_small
from hf2ms_tui.transfer.control import Control
from hf2ms_tui.transfer.pool import ThreadPool
from hf2ms_tui.transfer.ports import Board, Ledger, Pool
from hf2ms_tui.transfer.progress import Tally
from hf2ms_tui.transfer.retry import Patience, Retrier, Throttle
from hf2ms_tui.transfer.source import Origin

MANY = 25
"""bad files after which a job gives up: then it is not the files"""

MOST_STREAMS = 32

Announce = Callable[[Hf2msError, int, float], None]


@dataclass(slots=True)
class Run:
    """One run of a job. ``revision`` is the source's that is copied now, set once it is pinned; ``requests`` counts those
    sent so far. Counts add up over the default branch and the branches and tags that are brought over besides.
    """

    spec: JobSpec
    source: HubReader
    destination: HubReader
    writer: HubWriter
    board: Board
    ledger: Ledger
    pool: Pool
    control: Control
    patience: Patience = field(default_factory=Patience)
    requests: Callable[[], int] = int
    revision: str = ""
    branch: str = ""
    """the destination's branch that is committed to now; empty for its default branch"""
    exact: bool = False
    """whether the branch that is committed to is to hold nothing else: a restored repo does, a migrated one may"""
    title: str = ""
    """how the messages of commits begin, where the usual words would be wrong"""
    source_throttle: Throttle = field(default_factory=Throttle)
    destination_throttle: Throttle = field(default_factory=Throttle)
    moved: Tally = field(init=False)
    resent: Tally = field(init=False)
    read_back: Tally = field(init=False)
    errors: list[Hf2msError] = field(default_factory=list)
    """what went wrong with single files; the run went on with the others"""
    instead: dict[tuple[str, str], Small] = field(default_factory=dict)
    """what is committed in place of the source's bytes, by path and SHA-256: cards that the destination would refuse"""
    chunks: int = 0
    """the highest number of a chunk so far; those of the next branch or tag go on from there"""
    files: int = 0
    total: int = 0
    to_read_back: int = 0
    to_move: int = 0
    present: int = 0
    """bytes, as planned and then corrected by what turns out to be there"""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.moved = Tally(lambda count: self.board.update(moved=count, requests=self.requests()))
        self.resent = Tally(lambda count: self.board.update(resent=count))
        self.read_back = Tally(lambda count: self.board.update(read_back=count, requests=self.requests()))

    @property
    def streams(self) -> int:
        """How many small files this process reads at once; workers elsewhere may be a hundred, but not of its threads."""
        return min(max(1, self.pool.workers) * max(1, self.spec.streams), MOST_STREAMS)

    def announce(self, worker: str = "job", chunk: int = 0) -> Announce:
        """A listener that logs retries."""

        def heard(error: Hf2msError, attempt: int, wait: float) -> None:
            self.board.log(f"{error} Try {attempt} in {wait:.1f} s.", worker=worker, chunk=chunk)

        return heard

    def from_source(self, control: Control | None = None, heard: Announce | None = None) -> Retrier:
        """The source hub's retrier."""
        return self._retrier(self.source_throttle, control, heard)

    def from_destination(self, control: Control | None = None, heard: Announce | None = None) -> Retrier:
        """The destination hub's retrier."""
        return self._retrier(self.destination_throttle, control, heard)

    def _retrier(self, throttle: Throttle, control: Control | None, heard: Announce | None) -> Retrier:
        return Retrier(
            control or self.control,
            patience=self.patience,
            throttle=throttle,
            on_retry=heard or self.announce(),
        )

    def origin(self, control: Control | None = None, heard: Announce | None = None) -> Origin:
        """The source's pinned revision, to read from."""
        return Origin(self.source, self.spec.source, self.revision, self.from_source(control, heard))

    def target(self, control: Control | None = None, heard: Announce | None = None) -> Target:
        """The destination, to write to."""
        return Target(self.writer, self.spec.destination, self.from_destination(control, heard))

    def failed(self, error: Hf2msError) -> None:
        """Note an error that concerns one file only. Raises it when there are too many for a coincidence."""
        self.board.log(str(error))
        self.count(error)

    def count(self, error: Hf2msError) -> None:
        """Count an error of one file that was logged where it happened. Raises it when there are too many."""
        with self._lock:
            self.errors.append(error)
            too_many = len(self.errors) >= MANY
        if too_many:
            raise error

    def report(self) -> None:
        """Tell the board the counts as they are now."""
        for tally in (self.moved, self.resent, self.read_back):
            tally.report()

    def expect(self, to_move: int, present: int) -> None:
        """What planning found out, in bytes."""
        with self._lock:
            self.to_move += to_move
            self.present += present
            to_move, present = self.to_move, self.present
        self.board.update(to_move=to_move, present=present)

    def account(self, files: int, size: int) -> None:
        """So many files and bytes more are to be accounted for."""
        with self._lock:
            self.files += files
            self.total += size
            files, size = self.files, self.total
        self.board.update(files=files, total=size)

    def expect_back(self, count: int) -> None:
        """So many bytes more are to be read back."""
        with self._lock:
            self.to_read_back += count
            count = self.to_read_back
        self.board.update(to_read_back=count)

    def tip(self) -> str:
        """The newest revision of the destination's branch; empty when there is none. Raises what the hub raises."""
        ref = self.spec.destination
        if not self.branch:
            return self.destination.resolve(ref)
        # By the list: a tag may have the same name, and which of them a name alone means differs between hubs.
        return next(
            (
                item.revision
                for item in self.destination.refs(ref)
                if item.kind == "branch" and item.name == self.branch
            ),
            "",
        )

    def was_there(self, count: int) -> None:
        """Bytes that were to move and turned out to be at the destination."""
        with self._lock:
            self.to_move -= count
            self.present += count
            to_move, present = self.to_move, self.present
        self.board.update(to_move=to_move, present=present)

    def read_all(self, entries: Iterable[FileEntry]) -> list[Small | Hf2msError]:
        """Read small files of the source into memory, many at once; an error takes the place of a file that is bad itself.

        Their hashes are learnt. The order is lost.
        """
        with self.control.group() as control:
            origin = self.origin(control)

            def read(entry: FileEntry, worker: str) -> Small | Hf2msError:
                if (made := self.instead.get((entry.path, entry.sha256 or ""))) is not None:
                    return made
                try:
                    return read_small(origin, entry)
                except FILE_ERRORS as error:
                    return error
                except BaseException as error:
                    control.fail(error)
                    raise

            found = list(ThreadPool(self.streams, prefix="r", control=control).run(read, entries))
        self.ledger.learn_sha256({small.git_oid: small.sha256 for small in found if isinstance(small, Small)})
        return found
