"""One repo's story out of the journal, as Markdown that a colleague can follow without this program.

Everything foreign, names, paths, errors and evidence, stands in code spans, where Markdown and HTML mean nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from hf2ms_tui.domain.errors import BadInput, StoreFailed
from hf2ms_tui.domain.proof import FileVerdict, Proof, Verdict
from hf2ms_tui.domain.repo import RepoRef, parse_source
from hf2ms_tui.domain.text import clean, counted
from hf2ms_tui.services import telling
from hf2ms_tui.services.journalcheck import check
from hf2ms_tui.services.program import Program
from hf2ms_tui.store.journal import Entry

_SHOWN = 50
"""files of a proof that are named one by one before the rest is counted"""
_TITLES = {
    "decide": "Decision",
    "undo": "Decision taken back",
    "redo": "Decision made again",
    "migrate": "Migration",
    "repo.prepare": "Destination prepared",
    "repo.commit": "Commit on the destination",
    "repo.tag": "Tag made on the destination",
    "repo.branch": "Branch made on the destination",
    "repo.gate": "Gate closed",
    "cancel": "Migration cancelled",
    "prove": "Proof",
    "tombstone": "Tombstone",
    "delete": "Deletion",
    "restore": "Restore",
}
_FENCE = re.compile("`+")


def code(text: object) -> str:
    """Foreign text as a code span, inert in Markdown and in HTML; ``—`` when there is none."""
    shown = clean(str(text)).strip()
    if not shown:
        return "—"
    fence = "`" * (1 + max((len(run) for run in _FENCE.findall(shown)), default=0))
    pad = " " if shown[0] == "`" or shown[-1] == "`" else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def cell(text: object) -> str:
    """Foreign text as a code span in a table, where a bar would end the cell even there."""
    return code(text).replace("|", "\\|")


def refs_named(program: Program, text: str) -> list[RepoRef]:
    """The repos of the journal that ``text`` means: ``owner/name``, with a hub (``hf:``) or as an address. Asks no hub.

    Raises BadInput for a malformed name, and when the journal knows none of that name.
    """
    spec = parse_source(text, program.settings.hosts())
    found = {
        ref.key: ref
        for entry in program.journal.entries()
        for ref in _about(entry)
        if ref.id == spec.id and spec.hub in {None, ref.hub} and spec.kind in {None, ref.kind}
    }
    if not found:
        raise BadInput(
            f"The journal knows nothing of {spec.id}",
            way_out="See which repos it names with: hf2ms-tui journal",
        )
    return sorted(found.values(), key=lambda ref: ref.key)


def story(program: Program, refs: Sequence[RepoRef]) -> str:
    """The report on repos of one name, each in a part of its own. Times are UTC."""
    every = program.journal.entries()
    parts = [_part(program, ref, every) for ref in refs]
    checkup = check(program)
    head = program.journal.head()
    foot = [
        "## The journal behind this report",
        "",
        f"{code(checkup.summary)}",
        "",
        f"Its newest entry when this was written: {head.seq:,}, digest {code(head.digest)}."
        if head
        else "It is empty.",
        "",
        "Check it with `hf2ms-tui journal --check`; every entry named above can be read with `hf2ms-tui journal`.",
        "",
    ]
    return "\n".join([*chain.from_iterable(parts), *foot])


def _about(entry: Entry) -> Iterator[RepoRef]:
    """The repos that an entry is about: its own, the source of what a job did on a destination, those of a decision."""
    if entry.ref is not None:
        yield entry.ref
    source = entry.payload.get("source")
    for key in (
        *([source] if isinstance(source, str) else []),
        *(row[0] for row in telling.changes(entry.payload)),
    ):
        try:
            ref = RepoRef.from_key(key)
        except BadInput:
            continue
        if ref != entry.ref:
            yield ref


def _part(program: Program, ref: RepoRef, every: Sequence[Entry]) -> list[str]:
    mine = [entry for entry in every if ref in _about(entry)]
    ends: dict[int, list[Entry]] = {}
    for entry in mine:
        if entry.role == "outcome" and entry.about is not None:
            ends.setdefault(entry.about, []).append(entry)
    lines = [f"# {code(ref.id)}", "", f"{ref.kind.value} on {ref.hub.title}. {_standing(mine)}", ""]
    told: set[str] = set()
    for entry in mine:
        if entry.role == "outcome":
            continue
        lines += _act(program, ref, entry, ends.get(entry.seq, []), told)
    return lines


def _standing(mine: Sequence[Entry]) -> str:
    """What the journal knows of the repo last, as a sentence."""
    deletions = [entry for entry in mine if entry.kind == "delete" and entry.role == "intent"]
    restores = [entry for entry in mine if entry.kind == "restore" and entry.state == "done"]
    if deletions:
        last = deletions[-1]
        if restores and restores[-1].seq > last.seq:
            return f"It was restored at {_when(restores[-1].at)}."
        if last.state == "done":
            return "It is deleted."
        if last.state == "failed":
            return "A deletion was tried and did not happen."
        return "A deletion was begun and how it ended is not known."
    return "It was never asked to be deleted."


def _act(program: Program, ref: RepoRef, entry: Entry, ends: Sequence[Entry], told: set[str]) -> list[str]:
    lines = [
        f"## {_TITLES.get(entry.kind, code(entry.kind))}: {_when(entry.at)}",
        "",
        f"- entry {entry.seq:,}, by {code(telling.who(entry.account)) if entry.account else 'nobody that was known'}",
        f"- {code(_said(ref, entry))}",
    ]
    lines += [
        f"- {end.state or 'ended'} at {_when(end.at)}, entry {end.seq:,}: {code(telling.tell(end))}"
        for end in ends
    ]
    if entry.role == "intent" and not ends:
        lines.append("- **how it ended is not in the journal**")
    lines.append("")
    if entry.kind == "delete":
        lines += _gate(entry.payload)
    for proof_id in (end.payload.get("proof") for end in (*ends, entry)):
        if isinstance(proof_id, str) and proof_id and proof_id not in told:
            told.add(proof_id)
            lines += _proof(program, proof_id)
    return lines


def _said(ref: RepoRef, entry: Entry) -> str:
    for key, before, after in telling.changes(entry.payload):
        if key == ref.key:
            return f"{before} → {after}"
    return telling.tell(entry) or "—"


def _gate(payload: dict[str, Any]) -> list[str]:
    """The checks that were judged at that moment, with their evidence and when it was read, and what was given up."""
    checks = payload.get("checks")
    rows = (
        [row for row in checks if isinstance(row, list) and len(row) >= 2] if isinstance(checks, list) else []
    )
    lines = [
        "The gate, read again at that moment:",
        "",
        "| check | evidence | read at (UTC) |",
        "|---|---|---|",
    ]
    lines += [f"| {cell(row[0])} | {cell(row[1])} | {_read_at(row)} |" for row in rows]
    each = [row[3] for row in rows if len(row) > 3 and isinstance(row[3], list)]
    if each:
        lines += ["", "Each branch and tag besides the proven revision:", ""]
        lines += [f"- {code(text)}" for text in chain.from_iterable(each)]
    given_up = payload.get("acknowledged")
    if isinstance(given_up, list) and given_up:
        lines += ["", f"Accepted as lost, by typing the name: {', '.join(code(name) for name in given_up)}."]
    return [*lines, ""] if rows else []


def _read_at(row: list[Any]) -> str:
    """When a check's evidence was read; entries of before that was noted say nothing."""
    try:
        return f"{datetime.fromisoformat(row[2]):%Y-%m-%d %H:%M:%S}"
    except (IndexError, TypeError, ValueError):
        return "—"


def _proof(program: Program, proof_id: str) -> list[str]:
    try:
        proof = program.proofs.get(proof_id)
    except StoreFailed as error:
        return [f"Proof {code(proof_id)} cannot be read: {code(error)}", ""]
    if proof is None:
        return [f"Proof {code(proof_id)} is not in the state folder.", ""]
    verdict = "holds" if proof.holds else "does **not** hold"
    lines = [
        f"### Proof {code(proof_id)}",
        "",
        f"It {verdict}: {proof.outcome} {proof.level.words}, at {_when(proof.at)}.",
        "",
        "| | repo | revision |",
        "|---|---|---|",
        f"| source | {cell(f'{proof.source.hub.title} {proof.source.id}')} | {code(proof.source_revision)} |",
        f"| destination | {cell(f'{proof.destination.hub.title} {proof.destination.id}')} | "
        f"{code(proof.destination_revision)} |",
        "",
        f"Files: {proof.summary}.",
        "",
    ]
    if proof.doubt:
        lines += [f"In doubt: {code(proof.doubt)}", ""]
    return [
        *lines,
        *_files("Excepted", proof.exceptions),
        *_files("Problems", proof.problems),
        *_extra(proof),
    ]


def _files(title: str, files: Sequence[FileVerdict]) -> list[str]:
    if not files:
        return []
    lines = [
        f"{title}:",
        "",
        "| file | verdict | source SHA-256 | destination SHA-256 | why |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {cell(file.path)} | {file.verdict.value} | {cell(file.source_sha256 or '?')} | "
        f"{cell(file.destination_sha256 or '?')} | {cell(file.why)} |"
        for file in files[:_SHOWN]
    ]
    if len(files) > _SHOWN:
        lines += ["", f"And {counted(len(files) - _SHOWN, 'file')} more."]
    return [*lines, ""]


def _extra(proof: Proof) -> list[str]:
    extra = [file.path for file in proof.files if file.verdict is Verdict.EXTRA]
    if not extra:
        return []
    more = f" and {len(extra) - _SHOWN:,} more" if len(extra) > _SHOWN else ""
    return [f"Only on the destination: {', '.join(code(path) for path in extra[:_SHOWN])}{more}.", ""]


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
