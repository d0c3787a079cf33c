"""A repo with branches and tags on either hub, deleted and restored: what it was, byte for byte, as the world holds it."""

from __future__ import annotations

from collections.abc import Sequence

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.job import JobView, Phase, RefMove
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.loopback.content import SeededContent
from hf2ms_tui.loopback.world import Repo, World
from hf2ms_tui.services import byhand, decisions, deletion, gatelook, inventory, jobs, proving, restore
from hf2ms_tui.services.outcome import Gone
from hf2ms_tui.services.program import Program
from support.gate_world import NAME, ORG, GateWorld
from support.transfers import CARD, MIB, put

FULL = f"{ORG}/{NAME}"
Refs = dict[tuple[str, str], dict[str, str]]


def with_refs(hub: str, *, visibility: str = "private", gated: str | None = None) -> object:
    """A builder: two tags, of an earlier state and of the head, and a branch that differs by small files."""

    def build(world: World) -> Repo:
        state = world.hub(hub)
        repo = state.get("model", FULL)
        assert repo is not None
        repo.visibility, repo.gated = visibility, gated
        repo.likes, repo.downloads = 7, 1234
        default = state.default_branch
        put(world, repo, {"notes.txt": b"first\n", "old only.md": b"only in v1\n", "empty": b""}, default)
        repo.create_tag("v1", repo.head(default).id)
        repo.create_branch("dev", default)
        put(
            world,
            repo,
            {
                "notes.txt": b"of dev\n",
                "dev/only #ü.txt": b"only in dev\n",
                "again.bin": SeededContent("one", MIB),
            },
            "dev",
        )
        repo.commit([], ["old only.md"], branch=default, author="ada", message="remove")
        put(world, repo, {"notes.txt": b"second\n", "README.md": CARD + b"\nmore\n"}, default)
        repo.create_tag("v2", repo.head(default).id)
        return repo

    return build


def snapshot(here: GateWorld, hub: str, name: str = NAME) -> Refs:
    """SHA-256 by path of every branch and tag, as the hub itself holds them."""

    def work(world: World) -> Refs:
        repo = world.hub(hub).get("model", f"{ORG}/{name}")
        if repo is None:
            return {}
        return {
            (kind, ref): {path: node.content.sha256 for path, node in repo.commits[commit].files.items()}
            for kind, table in (("branch", repo.branches), ("tag", repo.tags))
            for ref, commit in table.items()
        }

    return here.running.call(work)


def copied(program: Program, ref: RepoRef, refs: Sequence[RefMove] = ()) -> None:
    """Migrate the repo with its default branch (and ``refs``) and prove it; decide to delete it."""
    inventory.refresh(program)
    view = jobs.start(program, jobs.direction(program, ref), refs=refs)
    done = jobs.follow(program, view.id, lambda lines: None, lambda found: None, poll=0.05)
    assert done.phase is Phase.DONE, done.error
    proving.prove(program, jobs.direction(program, ref))
    decisions.decide(program, [ref], Decision.DELETE)


def deleted(here: GateWorld, program: Program, ref: RepoRef, accepted: frozenset[str]) -> None:
    """Delete the repo through the gate, by hand where tokens may not."""
    if ref.hub.value == "hf":
        assert deletion.delete(program, ref, FULL, accepted).state is Gone.GONE
        return
    assert gatelook.look(program, ref, accepted).by_hand
    over = byhand.hand_over(program, ref, FULL, accepted)
    here.remove("ms")
    found = byhand.watch(program, over, lambda each: None, lambda: False, every=0.05)
    assert found is not None and found.state is Gone.GONE


def restored(program: Program, ref: RepoRef) -> JobView:
    """Restore it and wait for the end, whatever it is."""
    view = restore.start(program, restore.find(program, FULL, ref.hub))
    return jobs.follow(program, view.id, lambda lines: None, lambda found: None, poll=0.05)


def said(program: Program, view: JobView) -> str:
    """The job's log as one text."""
    return "\n".join(line.text for line in jobs.log(program, view.id))
