"""What headless verbs print: the same facts as the screens, as plain lines or as JSON-ready values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from hf2ms_tui.domain.inventory import Row
from hf2ms_tui.domain.job import JobView
from hf2ms_tui.domain.money import monthly_cost
from hf2ms_tui.domain.proof import FileVerdict, Proof, Verdict
from hf2ms_tui.domain.text import clean
from hf2ms_tui.services import words
from hf2ms_tui.services.doctor import Finding

_SHOWN = 20
"""problems listed one by one before the rest is counted"""


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], right: frozenset[int] = frozenset()
) -> list[str]:
    """Plain columns, two spaces apart; ``right`` are the indices of right-aligned ones. For pipes and screen readers."""
    lines = [list(head), *[list(row) for row in rows]]
    widths = [max(len(line[index]) for line in lines) for index in range(len(head))]
    return [
        "  ".join(
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def row_dict(row: Row) -> dict[str, Any]:
    """One inventory row; sizes in bytes, dates in ISO 8601 UTC, None where unknown."""
    info = row.info
    return {
        "hub": info.ref.hub.value,
        "type": info.ref.kind.value,
        "id": str(info.ref.id),
        "size": info.size,
        "size_is_estimate": info.size_is_estimate,
        "visibility": info.visibility.value,
        "gated": info.gating.value,
        "created": _iso(info.created_at),
        "updated": _iso(info.updated_at),
        "downloads": info.downloads,
        "likes": info.likes,
        "licence": info.licence,
        "monthly_cost_usd": monthly_cost(info.size, info.visibility),
        "backup": {
            "state": row.backup.state.value,
            "words": row.backup.words,
            "destination": row.backup.destination.key if row.backup.destination else None,
            "proof": row.backup.proof_id or None,
            "proven_at": _iso(row.backup.proven_at),
            "excepted": row.backup.excepted,
        },
        "decision": row.decision.value,
        "deletion": "outcome unknown" if row.unsettled else None,
        "advice": {
            "suggestion": row.advice.suggestion.value,
            "then_delete": row.advice.then_delete,
            "confidence": row.advice.confidence.value,
            "headline": row.advice.headline,
            "reasons": list(row.advice.reasons),
        }
        if row.advice
        else None,
        "trouble": info.trouble or None,
    }


def inventory_lines(rows: Sequence[Row]) -> list[str]:
    """The inventory as plain columns with a totals line."""
    if not rows:
        return ["No repos: this owner has none that the token may see."]
    body = [
        (
            str(row.info.ref.id),
            row.info.ref.kind.value,
            words.size(row.info.size, estimate=row.info.size_is_estimate),
            row.info.visibility.value,
            words.ago(row.info.updated_at),
            f"{'? deleted? outcome unknown; ' if row.unsettled else ''}{row.backup.glyph} {row.backup.words}",
            row.decision.value if row.decision.value != "undecided" else "-",
            row.advice.headline if row.advice else "",
        )
        for row in rows
    ]
    lines = table(
        ("repo", "type", "size", "visibility", "updated", "backup", "decision", "advice"),
        body,
        frozenset({2}),
    )
    return [*lines, "", words.totals(rows)]


def job_dict(view: JobView) -> dict[str, Any]:
    """One job with its numbers; bytes and ISO 8601 UTC."""
    return {
        "job": view.id,
        "source": view.spec.source.key,
        "destination": view.spec.destination.key,
        "restored_from": view.spec.tombstone or None,
        "engine": view.spec.engine,
        "containers": view.containers,
        "container_seconds": round(view.container_seconds, 1),
        "dollars": round(view.dollars, 6) if view.dollars is not None else None,
        "phase": view.phase.value,
        "alive": view.alive,
        "lost": view.lost,
        "files": view.files,
        "bytes": view.total,
        "bytes_present": view.present,
        "bytes_to_move": view.to_move,
        "bytes_moved": view.moved,
        "bytes_resent": view.resent,
        "bytes_read_back": view.read_back,
        "requests": view.requests,
        "chunks": len(view.chunks),
        "attempt": view.attempt,
        "revision": view.spec.revision,
        "destination_revision": view.destination_revision,
        "proof": view.proof_id or None,
        "excepted": view.excepted,
        "error": view.error or None,
        "created": _iso(view.created_at),
        "ended": _iso(view.ended_at),
    }


def job_words(view: JobView) -> str:
    """Where a job is, in words: a job whose process died says so."""
    if view.lost:
        gone = "coordinator" if view.spec.engine == "modal" else "process"
        return f"stopped: its {gone} is gone, retry resumes it"
    if view.unseen:
        return f"{view.phase.value} when it was last seen: {view.note}"
    if view.cancel_requested and not view.phase.final:
        return f"{view.phase.value}, cancelling"
    return view.outcome if view.phase.value == "done" else view.phase.value


def job_lines(views: Sequence[JobView]) -> list[str]:
    """All jobs as plain columns, newest first."""
    if not views:
        return ["No jobs yet. Start one with: hf2ms-tui migrate OWNER/NAME"]
    body = [
        (
            view.id,
            str(view.spec.source.id),
            f"{view.spec.source.hub.value}→{view.spec.destination.hub.value}",
            f"{view.phase.glyph} {job_words(view)}",
            f"{words.size(view.moved)} of {words.size(view.to_move)}",
            words.ago(view.created_at),
            clean(str(view.error.get("what", "")), 90),
        )
        for view in views
    ]
    return table(("job", "repo", "way", "phase", "moved", "started", "error"), body, frozenset({4}))


def proof_dict(proof: Proof) -> dict[str, Any]:
    """A proof with every file's verdict and both hashes."""
    return {
        "proof": proof.id,
        "holds": proof.holds,
        "level": proof.level.value,
        "at": _iso(proof.at),
        "source": proof.source.key,
        "source_revision": proof.source_revision,
        "destination": proof.destination.key,
        "destination_revision": proof.destination_revision,
        "doubt": proof.doubt or None,
        "ref": proof.ref or None,
        "destination_ref": proof.destination_ref or None,
        "elsewhere": [
            {
                "repo": place.repo.key,
                "revision": place.revision,
                "proof": place.proof_id,
                "at": _iso(place.at),
            }
            for place in proof.places
        ],
        "counts": {verdict.value: proof.counts[verdict] for verdict in Verdict},
        "total": proof.total,
        "proven": proof.proven,
        "exceptions": [_file_dict(file) for file in proof.exceptions],
        "files": [_file_dict(file) for file in proof.files],
    }


def _file_dict(file: FileVerdict) -> dict[str, Any]:
    return {
        "path": file.path,
        "verdict": file.verdict.value,
        "level": file.level.value,
        "source_sha256": file.source_sha256,
        "destination_sha256": file.destination_sha256,
        "source_size": file.source_size,
        "destination_size": file.destination_size,
        "why": file.why or None,
        "where": file.where or None,
    }


def proof_lines(proof: Proof) -> list[str]:
    """The verdict first, then the problems, then extras; paths are made inert."""
    excepted = f", {len(proof.exceptions):,} EXCEPTED" if proof.exceptions else ""
    verdict = f"PROVEN{excepted}" if proof.holds else "NOT PROVEN"
    lines = [
        f"{verdict}  {proof.source.id} → {proof.destination.hub.title} {proof.destination.id}",
        f"level {proof.level.words}: {proof.summary}",
        f"source {proof.source_revision[:12]}  destination {proof.destination_revision[:12]}  proof {proof.id}",
    ]
    lines += [
        f"  {sum(1 for file in proof.files if file.where and place.holds(file.where) is not None):,} files in "
        f"{place.repo.id} on {place.repo.hub.title} at {place.revision[:12]}, by proof {place.proof_id}"
        for place in proof.places
    ]
    if proof.doubt:
        lines.append(f"in doubt: {clean(proof.doubt)}")
    lines += [
        f"  {file.verdict.glyph} {file.verdict.value}  {clean(file.path)}  {clean(file.why)}".rstrip()
        for file in proof.problems[:_SHOWN]
    ]
    if len(proof.problems) > _SHOWN:
        lines.append(f"  and {len(proof.problems) - _SHOWN:,} more; --json lists all")
    for file in proof.exceptions:
        lines.append(f"  {file.verdict.glyph} {file.verdict.value}  {clean(file.path)}  {clean(file.why)}")
        lines.append(f"      source {file.source_sha256}  {file.source_size:,} bytes")
        lines.append(f"      copy   {file.destination_sha256}  {file.destination_size:,} bytes")
    extra = [file for file in proof.files if file.verdict is Verdict.EXTRA]
    lines += [f"  + extra  {clean(file.path)}  only on the destination" for file in extra[:_SHOWN]]
    return lines


def finding_dict(finding: Finding) -> dict[str, Any]:
    """One finding of doctor."""
    return {
        "name": finding.name,
        "health": finding.health.value,
        "evidence": finding.evidence,
        "way_out": finding.way_out or None,
    }


def finding_lines(findings: Sequence[Finding]) -> list[str]:
    """doctor's findings, each with its way out below it."""
    width = max((len(finding.name) for finding in findings), default=0)
    lines = []
    for finding in findings:
        lines.append(
            f"{finding.health.glyph} {finding.health.value:<7}  {finding.name:<{width}}  {finding.evidence}"
        )
        if finding.way_out:
            lines.append(f"{'':<{width + 13}}{finding.way_out}")
    return lines


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def smoke_lines(said: Mapping[str, Any]) -> list[str]:
    """What a container said of itself, one line each."""
    packages = ", ".join(f"{name} {version}" for name, version in sorted(said["packages"].items()))
    return [
        f"hf2ms-tui {said['hf2ms-tui']}, Python {said['python']}, {said['system']}",
        f"git: {said['git']}",
        f"git-lfs: {said['git-lfs']}",
        f"packages: {packages}",
        *(f"network to {host}: {families}" for host, families in said["network"].items()),
    ]
