"""A seeded driver: many repos, many steps, weighted so that deletions happen often and the adversary everywhere."""

from __future__ import annotations

import random
from datetime import timedelta

from hf2ms_tui.domain.proof import Level

from .acts import ACTS, FAULTS
from .arena import Arena
from .figures import Figures
from .play import Midway, Play

_NAMES = tuple(ACTS)
_WEIGHTS = tuple(kind.weight for kind in ACTS.values())
_MIDWAY = tuple(name for name, kind in ACTS.items() if kind.aspect != "token")
_JUMPS = (timedelta(days=2), timedelta(hours=-3), timedelta(minutes=-5), timedelta(hours=23))


def adversary(play: Play, rng: random.Random) -> None:
    """One act, fault, jump or healing."""
    roll = rng.random()
    if roll < 0.08:
        play.fault(rng.choice(tuple(FAULTS)))
    elif roll < 0.11:
        play.jump(rng.choice(_JUMPS))
    elif roll < 0.15:
        play.spoil_tombstone()
    elif roll < 0.25:
        play.heal()
    else:
        play.act(rng.choices(_NAMES, _WEIGHTS)[0])


def episode(arena: Arena, figures: Figures, seed: int) -> None:
    """One repo from its first commit to its deletion, or until nobody tries any more."""
    rng = random.Random(seed)
    play = Play(
        arena,
        figures,
        rng,
        hub=rng.choice(["hf", "hf", "hf", "ms"]),
        kind=rng.choice(["model", "model", "dataset"]),
    )
    play.note(f"seed {seed}")
    if rng.random() < 0.5:
        try:
            one_act(play, rng)
        finally:
            play.heal()
            arena.running.call(lambda world: bury(play))
        return
    noise = rng.choice([0.0, 0.15, 0.5])

    def between() -> None:
        while rng.random() < noise:
            adversary(play, rng)

    def who() -> str:
        return "b" if rng.random() < 0.2 else "a"

    try:
        play.decide(who())
        for _ in range(rng.randint(1, 4)):
            between()
            play.migrate(who())
            between()
            if rng.random() < 0.4:
                play.prove(who(), rng.choice([Level.READ_BACK, Level.READ_BACK, Level.STORED, Level.LISTED]))
                between()
            for _ in range(rng.randint(1, 3)):
                deleter = who()
                play.look(deleter)
                between()
                if rng.random() < 0.2 and noise:
                    play.prove(who(), Level.READ_BACK)
                confirm(play, rng, deleter, noise)
                if not alive(play):
                    return
                between()
            play.heal()
    finally:
        play.heal()
        arena.running.call(lambda world: bury(play))


def one_act(play: Play, rng: random.Random) -> None:
    """A repo that is moved, proven and looked at in peace; then exactly one act, anywhere before or inside the deletion."""
    play.decide("a")
    play.migrate("a")
    if rng.random() < 0.3:
        play.prove("b", Level.READ_BACK)
    if rng.random() < 0.4:
        play.act(rng.choices(_NAMES, _WEIGHTS)[0])
        play.look("a")
        play.delete("a")
    elif rng.random() < 0.15:
        play.look("a")
        play.spoil_tombstone()
        play.delete("a")
    elif rng.random() < 0.5:
        play.look("a")
        play.act(rng.choices(_NAMES, _WEIGHTS)[0])
        play.delete("a")
    else:
        play.look("a")
        play.delete("a", midway=Midway(rng.choice(_MIDWAY), rng.randint(1, 30)))


def confirm(play: Play, rng: random.Random, who: str, noise: float) -> None:
    """A deletion, with or without somebody acting inside it."""
    roll = rng.random() if noise else 1.0
    if roll < 0.35:
        play.delete(who, midway=Midway(rng.choice(_MIDWAY), rng.randint(1, 30)))
    elif roll < 0.45:
        play.delete(who, other=rng.choice(["prove_again", "migrate", "decide", "delete_too"]))
    elif roll < 0.5:
        play.delete(
            who, typed=rng.choice([play.scene.id.upper(), play.scene.id + " ", "", "acme/other"]) or "x"
        )
    else:
        play.delete(who)


def alive(play: Play) -> bool:
    """Whether the source is still where it was."""
    return play.arena.running.call(
        lambda world: world.hub(play.scene.hub).get(play.scene.kind, play.scene.id) is not None
    )


def bury(play: Play) -> None:
    """Take what is left of the episode out of the world, so that it stays small."""
    owner = play.scene.id.partition("/")[0]
    for hub in (play.arena.world.hf, play.arena.world.ms):
        for repo in [each for each in hub.repos.values() if each.owner == owner]:
            hub.delete(repo)
        hub.moved.clear()
