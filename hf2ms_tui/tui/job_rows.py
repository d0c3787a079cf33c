"""The jobs' table: its columns and what stands in each cell; and a job's whole story as facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from hf2ms_tui.domain.job import ChunkState, JobView, Phase
from hf2ms_tui.domain.text import clean
from hf2ms_tui.services import words
from hf2ms_tui.services.pace import Pace
from hf2ms_tui.tui.units import progress_text
from hf2ms_tui.tui.widgets.cards import Fact
from hf2ms_tui.tui.widgets.columns import Cell, Column
from hf2ms_tui.tui.widgets.line import Part, bar_parts

COLUMNS = (
    Column("repo", "repo", 22, min_width=16, flex=3, max_width=60, elide="middle", sortable=False),
    Column("phase", "phase", 14, sortable=False),
    Column("chunks", "chunks", 9, align="right", priority=4, sortable=False),
    Column("bytes", "bytes", 16, min_width=14, align="right", priority=2, sortable=False),
    Column("bar", "progress", 10, min_width=8, flex=1, max_width=30, priority=3, sortable=False),
    Column("share", "%", 5, align="right", priority=1, sortable=False),
    Column("left", "left", 9, align="right", priority=1, sortable=False),
    Column("up", "rate", 9, align="right", priority=5, sortable=False),
)
_TONES = {Phase.DONE: "ok", Phase.FAILED: "bad", Phase.CANCELLED: "warn", Phase.QUEUED: "dim"}


def state_of(view: JobView) -> tuple[str, str]:
    """The state as glyph and word, and its tone: a job whose process is gone is lost, a done one is proven."""
    if view.lost:
        return "! lost", "bad"
    if view.cancel_requested and not view.phase.final:
        return f"{view.phase.glyph} cancelling", "warn"
    if view.unseen:
        return f"? {view.phase.value}", "warn"
    word = "proven" if view.phase is Phase.DONE else view.phase.value
    return f"{view.phase.glyph} {word}", _TONES.get(view.phase, "busy")


def story(view: JobView) -> str:
    """What became of a job that is over or lost, in one line; empty while it runs."""
    if view.lost:
        gone = "coordinator" if view.spec.engine == "modal" else "process"
        return f"its {gone} is gone; r carries on where it stopped"
    if view.unseen:
        return clean(view.note)
    if view.phase is Phase.DONE:
        # As wide in every row, so that sizes and times stand below each other.
        excepted = f", {view.excepted:,} excepted" if view.excepted else ""
        parts = [f"{words.count(view.files, 'file') + excepted:>12}", f"{words.size(view.total):>9}"]
        if view.started_at and view.ended_at:
            parts.append(f"{words.duration((view.ended_at - view.started_at).total_seconds()):>10}")
        parts.append(f"{words.size(view.resent)} re-sent")
        if view.dollars is not None:
            parts.append(words.money(view.dollars))
        return "   ".join(parts)
    if view.phase is Phase.FAILED:
        return clean(str(view.error.get("what") or "it does not say why"))
    if view.phase is Phase.CANCELLED:
        return f"{words.size(view.moved)} of {words.size(view.to_move)} arrived and stay; r carries on"
    return ""


def job_cell(view: JobView, column: str, pace: Pace) -> Cell:
    """What stands in a column of a job."""
    if column == "repo":
        return Cell(view.spec.source.name if view.spec.source.name else str(view.spec.source.id))
    state, tone = state_of(view)
    if column == "phase":
        return Cell(state, tone)
    told = story(view)
    if told:
        return Cell(told, "bad" if tone == "bad" else "dim", span=True)
    return _running_cell(view, column, pace)


def _running_cell(view: JobView, column: str, pace: Pace) -> Cell:
    share = pace.share
    if column == "chunks":
        done = sum(chunk.state is ChunkState.DONE for chunk in view.chunks)
        return Cell(f"{done}/{len(view.chunks)}" if view.chunks else "")
    if column == "bytes":
        return Cell(progress_text(pace.done, pace.total) if pace.total else "")
    if column == "bar":
        return Cell("", "busy", bar=share) if share is not None else Cell("")
    if column == "share":
        return Cell(f"{int(share * 100)} %" if share is not None else "", "strong")
    if column == "left":
        if pace.stalled:
            return Cell("! stalled", "warn")
        return Cell(short_time(pace.left) if pace.left is not None else "")
    rate = pace.up if view.phase is Phase.MOVING else pace.down
    return Cell(words.rate(rate) if rate else "", "dim")


def short_time(seconds: float) -> str:
    """A duration in at most nine cells: ``40 s``, ``21 min``, ``3 h 5 min``, ``2 days``."""
    if seconds >= 86_400:
        return words.count(int(seconds // 86_400), "day")
    if seconds >= 3_600:
        return words.duration(seconds // 60 * 60)
    if seconds >= 90:
        return f"{seconds // 60:.0f} min"
    return words.duration(max(1.0, seconds))


def headline(views: Iterable[JobView]) -> str:
    """How many jobs there are in each state: ``2 running   1 proven   1 failed``."""
    counts: dict[str, int] = {}
    for view in views:
        word = state_of(view)[0].split(" ", 1)[1] if view.phase.final or view.lost else "running"
        counts[word] = counts.get(word, 0) + 1
    order = ("running", "lost", "failed", "cancelled", "proven")
    return "   ".join(f"{counts[word]:,} {word}" for word in order if word in counts)


def chunk_counts(view: JobView) -> str:
    """How many chunks are in which state: ``3 of 12 chunks done, 4 running, 5 waiting``; empty without any."""
    if not view.chunks:
        return ""
    counts = Counter(chunk.state for chunk in view.chunks)
    first = f"{counts[ChunkState.DONE]:,} of {words.count(len(view.chunks), 'chunk')} done"
    others = (ChunkState.RUNNING, ChunkState.WAITING, ChunkState.FAILED)
    return ", ".join([first, *(f"{counts[state]:,} {state.value}" for state in others if counts[state])])


def elapsed(view: JobView, now: datetime) -> str:
    """How long a job has been running at ``now`` (UTC), or ran in all; empty before it began."""
    if view.started_at is None:
        return ""
    return short_time(((view.ended_at or now) - view.started_at).total_seconds())


def chunk_rule(view: JobView, pace: Pace, now: datetime) -> list[Part]:
    """What the rule above the chunks says: how many are in which state, or how far the reading back came."""
    parts: list[Part] = []
    if counts := chunk_counts(view):
        parts.append((counts, ""))
    if view.phase is Phase.PROVING and view.to_read_back:
        share = pace.share or 0.0
        bar = "".join(text for text, _ in bar_parts(share, 12))
        parts.append(
            (
                f"read back {progress_text(view.read_back, view.to_read_back)} {bar} {int(share * 100)} %",
                "busy",
            )
        )
    elif view.phase is Phase.PROVING:
        parts.append(("comparing both listings", "busy"))
    elif view.phase is Phase.COMMITTING:
        parts.append(("committing", "busy"))
    if not view.phase.final and (since := elapsed(view, now)):
        parts.append((since, "dim"))
    if view.containers:
        parts.append((words.count(view.containers, "container"), ""))
    if view.dollars is not None:
        parts.append((f"{words.money(view.dollars)} so far", "dim"))
    if view.present:
        parts.append((f"{words.size(view.present)} were there already", "dim"))
    return parts


def job_facts(view: JobView) -> list[Fact]:
    """Everything that is known of a job, for the full-text screen."""
    spec = view.spec
    state, tone = state_of(view)
    facts = [
        Fact("state", state, tone),
        Fact("job", f"{view.id}, engine {spec.engine}, attempt {max(view.attempt, 1)}"),
        Fact(
            "from",
            f"{spec.source.hub.title} {spec.source.kind.value} {spec.source.id} {spec.revision[:12]}".rstrip(),
        ),
        Fact(
            "to",
            f"{spec.destination.hub.title} {spec.destination.id} {view.destination_revision[:12]}".rstrip(),
        ),
        *([Fact("restores", f"from tombstone {spec.tombstone}")] if spec.tombstone else []),
        Fact("files", f"{view.files:,}"),
        Fact("bytes", f"{words.size(view.total)} ({words.size(view.total, exact=True)})"),
        Fact("there before", words.size(view.present)),
        Fact(
            "moved",
            f"{words.size(view.moved)} of {words.size(view.to_move)}, {words.size(view.resent)} re-sent",
        ),
        Fact("read back", f"{words.size(view.read_back)} of {words.size(view.to_read_back)}"),
        Fact("chunks", chunk_counts(view)),
        Fact("requests", f"{view.requests:,}"),
        *_bill(view),
        Fact("started", words.date(view.started_at)),
        Fact("ended", words.date(view.ended_at) if view.ended_at else "not yet"),
        Fact("elapsed", elapsed(view, datetime.now(UTC))),
    ]
    if view.proof_id:
        facts.append(Fact("proof", view.proof_id))
    if view.note:
        facts.append(Fact("note", clean(view.note)))
    for label, key in (
        ("failure", "what"),
        ("repo", "repo"),
        ("file", "path"),
        ("means", "meaning"),
        ("do", "way_out"),
    ):
        text = clean(str(view.error.get(key) or ""))
        if text:
            facts.append(Fact(label, text, "bad" if key == "what" else ""))
    facts += [
        Fact(key.replace("_", " "), clean(str(view.error[key])), "dim")
        for key in ("status", "request_id")
        if view.error.get(key)
    ]
    facts += [
        Fact(f"chunk {chunk.number}", clean(chunk.error), "bad") for chunk in view.chunks if chunk.error
    ]
    return [fact for fact in facts if fact.text]


def _bill(view: JobView) -> list[Fact]:
    """What containers cost, where a job has any."""
    if not view.container_seconds:
        return []
    facts = [Fact("containers", f"{words.duration(view.container_seconds)} of container time")]
    if view.dollars is not None:
        facts.append(Fact("cost", f"{words.money(view.dollars)}, by the rates when it was started"))
    return facts
