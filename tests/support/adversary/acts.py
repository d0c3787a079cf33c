"""What the adversary does to the world. Each act is for the hubs' own thread and says whether it found something to change."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from hf2ms_tui.loopback import mutate
from hf2ms_tui.loopback.content import BytesContent, Content, SeededContent
from hf2ms_tui.loopback.repo import Repo
from hf2ms_tui.loopback.world import Hub, World


@dataclass(frozen=True)
class Scene:
    """The two ends of one migration: which hub is cleaned up, kind and id, and where new bytes come from."""

    hub: str
    kind: str
    id: str

    @property
    def other(self) -> str:
        """The destination's hub."""
        return "ms" if self.hub == "hf" else "hf"


Act = Callable[[World, Scene, random.Random], bool]


def fresh(world: World, rng: random.Random) -> tuple[Content, bool]:
    """New content that no hub has seen, and whether it is an LFS file."""
    if rng.random() < 0.5:
        return BytesContent(b"%032x\n" % rng.getrandbits(128) * rng.randint(1, 40)), False
    content = SeededContent(f"{rng.getrandbits(96):x}", rng.randint(1, 4000))
    _ = content.sha256  # small; a hub may ask for it on its event loop
    world.recipes.add(content)
    return content, True


def _end(world: World, scene: Scene, source: bool) -> tuple[Hub, Repo | None]:
    hub = world.hub(scene.hub if source else scene.other)
    return hub, hub.get(scene.kind, scene.id)


def _push(source: bool, *, side: bool = False) -> Act:
    def act(world: World, scene: Scene, rng: random.Random) -> bool:
        hub, repo = _end(world, scene, source)
        if repo is None:
            return False
        branch = hub.default_branch
        if side:
            branch = f"side{rng.randint(1, 2)}"
            if branch not in repo.branches:
                if not repo.branches:
                    return False
                repo.create_branch(branch, hub.default_branch)
        content, lfs = fresh(world, rng)
        path = rng.choice(["new.bin", "w0.bin", "f1.txt", "deep/er/x.dat"])
        if hub.name == "ms" and not lfs:
            path = path.replace(".bin", ".txt")
        mutate.push(hub, repo, path, content, lfs=lfs, branch=branch, message=f"{rng.getrandbits(64):x}")
        return True

    return act


def _tag(world: World, scene: Scene, rng: random.Random) -> bool:
    _, repo = _end(world, scene, True)
    name = f"v{rng.randint(1, 3)}"
    if repo is None or name in repo.tags or not repo.commits:
        return False
    repo.tags[name] = rng.choice(list(repo.commits))
    return True


def _untag(world: World, scene: Scene, rng: random.Random) -> bool:
    _, repo = _end(world, scene, True)
    if repo is None or not repo.tags:
        return False
    repo.delete_tag(rng.choice(list(repo.tags)))
    return True


def _move(source: bool) -> Act:
    def act(world: World, scene: Scene, rng: random.Random) -> bool:
        hub, repo = _end(world, scene, source)
        if (
            repo is None or hub.name == "ms"
        ):  # ModelScope does not redirect; there it is deleting and creating
            return False
        hub.move(repo, f"{repo.owner}/moved-{rng.getrandbits(48):x}")
        return True

    return act


def _replace(source: bool) -> Act:
    def act(world: World, scene: Scene, rng: random.Random) -> bool:
        hub, repo = _end(world, scene, source)
        if repo is None:
            return False
        files = dict(repo.head(hub.default_branch).files)
        about = {"visibility": repo.visibility, "creator": repo.creator, "licence": repo.licence}
        hub.delete(repo)
        made = hub.create(scene.kind, scene.id, **about)
        keep = list(files.values()) if rng.random() < 0.5 else list(files.values())[1:]
        made.commit(keep, message="made anew", author="mira", branch=hub.default_branch)
        if rng.random() < 0.5:
            content, lfs = fresh(world, rng)
            mutate.push(hub, made, "anew.bin" if lfs else "anew.txt", content, lfs=lfs)
        return True

    return act


def _remove_copy(world: World, scene: Scene, rng: random.Random) -> bool:
    hub, repo = _end(world, scene, False)
    if repo is None:
        return False
    hub.delete(repo)
    return True


def _visibility(source: bool) -> Act:
    def act(world: World, scene: Scene, rng: random.Random) -> bool:
        _, repo = _end(world, scene, source)
        if repo is None:
            return False
        repo.visibility = "public" if repo.visibility == "private" else "private"
        return True

    return act


def _gate(world: World, scene: Scene, rng: random.Random) -> bool:
    _, repo = _end(world, scene, True)
    if repo is None:
        return False
    repo.gated = rng.choice(["auto", "manual"]) if not repo.gated else None
    return True


def _spoil(how: Callable[[Hub, Repo, str], None], *, lfs: bool | None = None) -> Act:
    def act(world: World, scene: Scene, rng: random.Random) -> bool:
        hub, repo = _end(world, scene, False)
        if repo is None or hub.default_branch not in repo.branches:
            return False
        files = repo.head(hub.default_branch).files
        paths = [path for path, node in files.items() if node.size and lfs in {None, node.lfs}]
        if not paths:
            return False
        how(hub, repo, rng.choice(paths))
        return True

    return act


def _delete_file(hub: Hub, repo: Repo, path: str) -> None:
    repo.commit(deletes=[path], message="gone", author="mira", branch=hub.default_branch)


def _token(change: Callable[[object], None], source: bool) -> Act:
    def act(world: World, scene: Scene, rng: random.Random) -> bool:
        label = "adversary"
        hub = world.hub(scene.hub if source else scene.other)
        for token in hub.tokens.values():
            if token.label == label:
                change(token)
        return True

    return act


def _expire(token: object) -> None:
    token.expired = True  # type: ignore[attr-defined]


def _demote(token: object) -> None:
    token.role = "read"  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Kind:
    """One kind of act. ``aspect`` is what a look at the world would show it by; ``ends`` whether the repo is gone after it."""

    act: Act
    aspect: str
    weight: int = 4


ACTS: dict[str, Kind] = {
    "pushes to the source": Kind(_push(True), "source refs", 6),
    "pushes to a side branch": Kind(_push(True, side=True), "source refs", 6),
    "tags the source": Kind(_tag, "source refs"),
    "removes a tag": Kind(_untag, "source refs", 2),
    "moves the source": Kind(_move(True), "source refs", 2),
    "replaces the source": Kind(_replace(True), "source refs", 3),
    "flips the source's visibility": Kind(_visibility(True), "source settings"),
    "gates the source": Kind(_gate, "source settings", 2),
    "pushes to the destination": Kind(_push(False), "copy refs"),
    "deletes a file on the destination": Kind(_spoil(_delete_file), "copy refs"),
    "replaces the destination": Kind(_replace(False), "copy refs", 2),
    "deletes the destination": Kind(_remove_copy, "copy refs", 2),
    "moves the destination": Kind(_move(False), "copy refs", 2),
    "flips the destination's visibility": Kind(_visibility(False), "copy settings"),
    "loses a blob on the destination": Kind(_spoil(mutate.drop_blob, lfs=True), "copy bytes", 5),
    "corrupts a file on the destination": Kind(_spoil(mutate.corrupt_blob), "copy bytes", 5),
    "expires the source's token": Kind(_token(_expire, True), "token", 2),
    "expires the destination's token": Kind(_token(_expire, False), "token", 2),
    "demotes the source's token to read": Kind(_token(_demote, True), "token", 2),
    "demotes the destination's token to read": Kind(_token(_demote, False), "token", 1),
}

FAULTS = {
    "truncates the source's listing": ("source", "tree|files", "truncate=1"),
    "truncates the destination's listing": ("copy", "tree|files", "truncate=1"),
    "loses the answer of the deletion": ("source", "repo-delete|delete", "reset=0:late:count=1"),
    "breaks the deletion off": ("source", "repo-delete|delete", "reset=0:count=1"),
    "fails the deletion": ("source", "repo-delete|delete", "status=500:count=1"),
}
"""What goes wrong on the wire: whose hub, which routes, and the rule."""
