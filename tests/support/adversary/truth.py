"""Whether a reason that the gate gave is true: each failing check's claim is looked up in the world itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hf2ms_tui.domain.gate import Check, CheckName
from hf2ms_tui.domain.proof import Level, Proof
from hf2ms_tui.loopback.world import World

from . import oracle

if TYPE_CHECKING:
    from .play import Play


def true_reason(play: Play, check: Check, failing: Sequence[Check]) -> bool:
    """Whether what the check says against opening is so. Runs on the hubs' own thread."""
    return play.arena.running.call(lambda world: _true(play, check, failing, world))


def _true(play: Play, check: Check, failing: Sequence[Check], world: World) -> bool:
    scene, arena = play.scene, play.arena
    hub, other = world.hub(scene.hub), world.hub(scene.other)
    source, copy = hub.get(scene.kind, scene.id), other.get(scene.kind, scene.id)
    source_bad = source is None or arena.token(scene.hub).expired or arena.spoiled(scene.hub)
    copy_bad = copy is None or arena.token(scene.other).expired or arena.spoiled(scene.other)
    if check.evidence.startswith("an earlier deletion was sent"):
        open_acts = play.program("a").journal.open_intents("delete")
        return any(entry.ref == play.ref for entry in open_acts)
    proof = play.program("a").proofs.standing(play.ref)
    match check.name:
        case CheckName.SAME_REPO:
            return source_bad
        case CheckName.BACKUP_EXISTS:
            wider = (
                source is not None
                and copy is not None
                and (
                    oracle.WIDTH[copy.visibility] > oracle.WIDTH[source.visibility]
                    or (bool(source.gated) and copy.visibility != "private" and not copy.gated)
                )
            )
            return copy_bad or wider
        case CheckName.FILES_PROVEN:
            return proof is None or not proof.holds or proof.level is not Level.READ_BACK
        case CheckName.SOURCE_UNCHANGED:
            return (
                proof is None
                or source_bad
                or source is None
                or source.branches.get(hub.default_branch) != proof.source_revision
            )
        case CheckName.PROOF_FRESH:
            return proof is None or play.jumped
        case CheckName.DESTINATION_UNCHANGED:
            if source_bad and "otherwise than when they were proven" in check.evidence:
                return True
            if proof is None or copy_bad or copy is None:
                return True
            if copy.branches.get(other.default_branch) != proof.destination_revision:
                return True
            there = oracle.contents(other, copy, proof.destination_revision)
            return any(
                there.get(file.path) != file.destination_sha256
                for file in proof.files
                if file.destination_sha256 and file.source_sha256
            )
        case CheckName.OTHER_REFS:
            aged = play.jumped and "its proof is too old" in check.evidence
            return aged or source_bad or copy_bad or proof is None or _loses(play, world, proof)
        case CheckName.MAY_DELETE:
            return source_bad or scene.hub == "ms" or arena.token(scene.hub).role == "read"
        case CheckName.TOMBSTONE:
            others = any(each.name is not CheckName.TOMBSTONE for each in failing)
            return others or source_bad or copy_bad or play.stone_spoiled
        case CheckName.WRITABLE | CheckName.NO_JOB:
            return False
    return False


def _loses(play: Play, world: World, proof: Proof) -> bool:
    """Whether a branch or tag has content that the proof does not speak of or the destination does not serve."""
    wanted = oracle.Wanted(play.scene.hub, play.scene.kind, play.scene.id, play.scene.id)
    hub = world.hub(play.scene.hub)
    repo = hub.get(play.scene.kind, play.scene.id)
    moved = repo is not None and repo.branches.get(hub.default_branch) != proof.source_revision
    return moved or bool(oracle.lost_refs(world, wanted))
