"""Starting, watching, cancelling and retrying jobs; and finding those of earlier runs again."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from hf2ms_tui.domain.errors import AmbiguousRepo, BadInput, Hf2msError, NotFound, StoreFailed
from hf2ms_tui.domain.job import JobSpec, JobView, LogLine, Phase, RefMove
from hf2ms_tui.domain.proof import Level
from hf2ms_tui.domain.repo import Hub, Kind, RepoId, RepoRef, SourceSpec, parse_source
from hf2ms_tui.engines.base import Tokens
from hf2ms_tui.services.program import Program

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def new_id() -> str:
    """A job id: eight characters that are easy to read aloud, never two alike in practice."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(8))


@dataclass(frozen=True, slots=True)
class Direction:
    """A migration's two ends."""

    source: RepoRef
    destination: RepoRef


def find_repo(program: Program, text: str, kind: Kind | None = None, to: Hub | None = None) -> RepoRef:
    """The repo that a person named: id, prefixed id or page URL; type and hub are found out if they were not said.

    Without a hub, the one that ``to`` leaves over, else the program's source hub. Raises BadInput, NotFound, and
    AmbiguousRepo when the id is of several types.
    """
    spec = parse_source(text, program.settings.hosts())
    hub = spec.hub or (to.other if to else program.settings.source)
    if to is not None and hub is to:
        raise BadInput(
            f"{spec.id} is on {hub.title} and cannot be migrated to {to.title}",
            way_out=f"Use --to {hub.other.value}, or name a repo of the other hub.",
        )
    wanted = kind or spec.kind
    if kind and spec.kind and kind is not spec.kind:
        raise BadInput(f"{spec.id} is named as a {spec.kind.value} and asked for as a {kind.value}")
    if wanted:
        return RepoRef(hub, wanted, spec.id)
    return _the_only_one(program, hub, spec)


def _the_only_one(program: Program, hub: Hub, spec: SourceSpec) -> RepoRef:
    found = program.hub(hub).read.find(spec.id)
    if not found:
        raise NotFound(
            f"{spec.id} was not found on {hub.title}",
            meaning="It does not exist, or this token may not see it.",
            way_out="Check the name, and with doctor which account the token belongs to.",
            repo=str(spec.id),
        )
    if len(found) > 1:
        kinds = " and a ".join(ref.kind.value for ref in found)
        raise AmbiguousRepo(
            f"{spec.id} is both a {kinds} on {hub.title}",
            way_out=f"Say which one: --repo-type {found[0].kind.value} or --repo-type {found[1].kind.value}.",
            repo=str(spec.id),
        )
    return found[0]


def direction(program: Program, source: RepoRef, dest: str | None = None) -> Direction:
    """Both ends of a migration of ``source``; ``dest`` is ``owner/name`` on the other hub, else the configured mapping."""
    if dest:
        return Direction(source, RepoRef(source.hub.other, source.kind, RepoId.parse(dest)))
    return Direction(source, program.destination_ref(source))


def start(
    program: Program, ends: Direction, level: Level | None = None, refs: Sequence[RefMove] = ()
) -> JobView:
    """Start a job and return its first view; it brings over ``refs`` as well. Journals the intent before anything is sent.

    Raises BadInput when a job of this repo runs already, NotMigratable and InterlockRefused where it must not start.
    """
    if program.settings.read_only:
        raise BadInput(
            f"{ends.source.id} was not migrated",
            meaning="The program runs read-only.",
            way_out="Start it without --read-only.",
        )
    _refuse_second(program, ends.destination)
    program.acquaint()
    settings = program.settings
    # A job is of one revision, whatever is pushed later and however often it is retried.
    revision = program.hub(ends.source.hub).read.resolve(ends.source)
    spec = JobSpec(
        id=new_id(),
        source=ends.source,
        destination=ends.destination,
        revision=revision,
        level=level or settings.level,
        workers=settings.containers if program.engine.name == "modal" else settings.workers,
        streams=settings.streams,
        source_endpoint=settings.endpoint(ends.source.hub),
        destination_endpoint=settings.endpoint(ends.destination.hub),
        engine=program.engine.name,
        refs=tuple(move.text for move in refs),
    )
    about: dict[str, object] = {
        "job": spec.id,
        "revision": revision,
        "to": ends.destination.key,
        "level": spec.level.value,
        "engine": spec.engine,
        **({"refs": [f"{move.words} as {move.there}" for move in refs]} if refs else {}),
    }
    return launch(program, spec, "migrate", ends.source, about)


def launch(
    program: Program, spec: JobSpec, kind: str, about: RepoRef, payload: Mapping[str, object]
) -> JobView:
    """Journal the intent (``kind``, ``about`` which repo), record the job and start it. Raises what the engine raises."""
    # Looked for once more under the write lock: another program may be starting the same job at this moment.
    with program.database.write():
        _refuse_second(program, spec.destination)
        intent = program.journal.intent(kind, about, payload)
        program.jobs.create(spec)
    try:
        program.engine.submit(spec, tokens(program))
    except Hf2msError as error:
        program.journal.outcome(intent, "failed", error.as_dict())
        raise
    return program.jobs.view(spec.id)


def _refuse_second(program: Program, destination: RepoRef) -> None:
    """Raise BadInput when a job to that place runs, or is about to: two would commit over each other."""
    for other in program.engine.reconcile():
        if other.spec.destination == destination and not other.phase.final and not other.lost:
            raise BadInput(
                f"Job {other.id} already restores {destination.id}"
                if other.spec.tombstone
                else f"Job {other.id} already migrates {other.spec.source.id} to {destination.id}",
                way_out=f"Follow it with: jobs follow {other.id}",
            )


def tokens(program: Program) -> Tokens:
    """The tokens a job needs, handed to the engine as secrets."""
    return Tokens(hf=program.settings.hf_token, ms=program.settings.ms_token)


def listing(program: Program) -> tuple[JobView, ...]:
    """All jobs, newest first, each with the truth about whether its process is alive."""
    views = tuple(program.engine.reconcile())
    # Looking must work with a full disk, too; what is not noted now is noted by a later look.
    with suppress(StoreFailed):
        _settle(program, views)
    return views


def _settle(program: Program, views: tuple[JobView, ...]) -> None:
    """Journal the outcome of migrations and restores that ended while nobody looked."""
    over = {view.id: view for view in views if view.phase.final}
    for entry in program.journal.open_intents():
        view = over.get(str(entry.payload.get("job", ""))) if entry.kind in {"migrate", "restore"} else None
        if view is not None:
            state = "done" if view.phase is Phase.DONE else "failed"
            program.journal.outcome(
                entry.seq,
                state,
                {"job": view.id, "phase": view.phase.value, "proof": view.proof_id, "error": view.error},
            )


def view(program: Program, job_id: str) -> JobView:
    """One job by id, or by a unique beginning of it. Raises BadInput when there is none or several."""
    views = [item for item in listing(program) if item.id.startswith(job_id)]
    if len(views) != 1:
        known = ", ".join(item.id for item in listing(program)[:5]) or "none yet"
        raise BadInput(
            f"{'No' if not views else 'More than one'} job is called “{job_id}”", way_out=f"Jobs: {known}."
        )
    return views[0]


def log(
    program: Program, job_id: str, after: int = 0, chunk: int | None = None, limit: int = 5000
) -> list[LogLine]:
    """At most ``limit`` lines of a job's log after a sequence number, oldest first, without gaps."""
    return program.jobs.log(job_id, after=after, limit=limit, chunk=chunk)


def detail(program: Program, job_id: str) -> JobView:
    """One job by its whole id with all its chunks, also when it is over. Raises BadInput when there is none."""
    return program.jobs.view(job_id)


def log_start(program: Program, job_id: str, keep: int) -> int:
    """The sequence number after which the newest ``keep`` lines of a job's log come; 0 when there are fewer."""
    return max(0, program.jobs.log_size(job_id) - keep)


def cancel(program: Program, job_id: str) -> JobView:
    """Ask a job to stop; what was stored stays stored, nothing is deleted. Returns the view as it is now."""
    found = view(program, job_id)
    if found.phase.final:
        raise BadInput(f"Job {found.id} is over: {found.phase.value}", way_out="There is nothing to cancel.")
    program.journal.append("cancel", found.spec.source, {"job": found.id})
    program.engine.cancel(found.id)
    return program.jobs.view(found.id)


def retry(program: Program, job_id: str) -> JobView:
    """Run a failed, cancelled or lost job again from where it stopped. Raises BadInput when it runs or is done."""
    found = view(program, job_id)
    if program.settings.read_only:
        raise BadInput(
            f"Job {found.id} was not started again",
            meaning="The program runs read-only.",
            way_out="Start it without --read-only.",
        )
    if found.phase is Phase.DONE:
        raise BadInput(f"Job {found.id} is done and proven", way_out="To prove it again, use verify.")
    if not found.phase.final and not found.lost:
        raise BadInput(f"Job {found.id} is running", way_out="Cancel it first, or follow it.")
    _refuse_second(program, found.spec.destination)
    program.acquaint()
    spec = found.spec
    intent = program.journal.intent(
        "restore" if spec.tombstone else "migrate",
        spec.destination if spec.tombstone else spec.source,
        {"job": spec.id, "to": spec.destination.key, "retry": True},
    )
    try:
        program.engine.retry(found.id, tokens(program))
    except Hf2msError as error:
        program.journal.outcome(intent, "failed", error.as_dict())
        raise
    return program.jobs.view(found.id)


def follow(
    program: Program,
    job_id: str,
    on_lines: Callable[[list[LogLine]], None],
    on_view: Callable[[JobView], None],
    poll: float = 0.3,
) -> JobView:
    """Watch a job until it is over or its process is gone; lines come in order and without gaps. Returns the last view."""
    for current, lines in _watch(program, view(program, job_id).id, poll):
        if lines:
            on_lines(lines)
        on_view(current)
    return current


def _watch(program: Program, job_id: str, poll: float) -> Iterator[tuple[JobView, list[LogLine]]]:
    seen = 0
    while True:
        current = next(item for item in listing(program) if item.id == job_id)
        lines = log(program, job_id, after=seen)
        seen = lines[-1].seq if lines else seen
        yield current, lines
        if (current.phase.final or current.lost) and not lines:
            return
        time.sleep(poll)
