"""The adversary campaign in its short form: a property-based state machine, and a few repos from beginning to end.

The long form, with its figures: ``python tests/campaigns/adversary.py [--steps 10000] [--seed N]``.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hf2ms_tui.domain.proof import Level
from hf2ms_tui.domain.repo import Hub
from support.adversary import oracle
from support.adversary.acts import ACTS, FAULTS
from support.adversary.arena import Arena, arena
from support.adversary.drive import bury, episode, one_act
from support.adversary.ear import Midway
from support.adversary.figures import Figures
from support.adversary.play import Play

pytestmark = pytest.mark.timeout(600)
WHO = st.sampled_from(["a", "a", "a", "b"])


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    with arena(tmp_path_factory.mktemp("arena")) as made:
        yield made


class Adversary(RuleBasedStateMachine):
    """Any order of the programs' steps and the adversary's acts. Hypothesis shrinks what it finds to the fewest steps."""

    arena: ClassVar[Arena]

    @initialize(
        seed=st.integers(0, 2**32),
        hub=st.sampled_from(["hf", "hf", "ms"]),
        kind=st.sampled_from(["model", "dataset"]),
    )
    def begin(self, seed: int, hub: str, kind: str) -> None:
        self.figures = Figures()
        self.play = Play(self.arena, self.figures, random.Random(seed), hub=hub, kind=kind)
        # A deletion needs a copy first; hypothesis would take long to think of it.
        self.play.migrate("a")
        self.play.look("a")

    @rule(who=WHO)
    def migrate(self, who: str) -> None:
        self.play.migrate(who)

    @rule(who=WHO, level=st.sampled_from(Level))
    def prove(self, who: str, level: Level) -> None:
        self.play.prove(who, level)

    @rule(who=WHO)
    def look(self, who: str) -> None:
        self.play.look(who)

    @precondition(lambda self: self.play.looks)
    @rule(who=WHO)
    def delete(self, who: str) -> None:
        self.play.delete(who)

    @precondition(lambda self: self.play.looks)
    @rule(who=WHO, name=st.sampled_from(sorted(ACTS)), at=st.integers(1, 30))
    def delete_while_the_world_changes(self, who: str, name: str, at: int) -> None:
        self.play.delete(who, midway=Midway(name, at))

    @rule(name=st.sampled_from(sorted(ACTS)))
    def act(self, name: str) -> None:
        self.play.act(name)

    @rule(name=st.sampled_from(sorted(FAULTS)))
    def fault(self, name: str) -> None:
        self.play.fault(name)

    @rule()
    def spoil_the_tombstone(self) -> None:
        self.play.spoil_tombstone()

    @rule(by=st.sampled_from([timedelta(days=2), timedelta(hours=-3)]))
    def jump(self, by: timedelta) -> None:
        self.play.jump(by)

    @rule()
    def heal(self) -> None:
        self.play.heal()

    @invariant()
    def nothing_is_lost_and_no_reason_is_untrue(self) -> None:
        if hasattr(self, "figures"):
            assert_good(self.figures)

    def teardown(self) -> None:
        if hasattr(self, "play"):
            self.play.heal()
            self.arena.running.call(lambda world: bury(self.play))


def assert_good(figures: Figures) -> None:
    assert figures.unsafe == []
    assert figures.untrue == []
    assert figures.useless == []
    assert figures.false_proofs == []


def test_no_order_of_steps_and_acts_deletes_what_would_be_lost(here: Arena) -> None:
    Adversary.arena = here
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Adversary,
        settings=settings(
            max_examples=6,
            stateful_step_count=10,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_repos_from_their_first_commit_to_their_deletion(here: Arena) -> None:
    figures = Figures()
    for seed in range(7_000, 7_007):
        episode(here, figures, seed)
    assert_good(figures)
    assert figures.outcomes["gone"] >= 1 and figures.outcomes["refused"] >= 1


@pytest.mark.parametrize("name", sorted(ACTS))
def test_each_act_before_a_deletion(here: Arena, name: str) -> None:
    """Every kind of act once, between the look and the deletion: nothing is lost, and what is refused has a true reason."""
    figures = Figures()
    play = Play(here, figures, random.Random(name), hub="hf", kind="model")
    play.migrate("a")
    play.look("a")
    play.act(name)
    play.delete("a")
    play.heal()
    here.running.call(lambda world: bury(play))
    assert_good(figures)


def test_in_a_quiet_world_deletions_happen(here: Arena) -> None:
    for hub in Hub:
        figures = Figures()
        play = Play(here, figures, random.Random(5), hub=hub.value, kind="model")
        play.migrate("a")
        play.look("a")
        play.delete("a")
        here.running.call(lambda world, play=play: bury(play))  # type: ignore[misc]
        assert_good(figures)
        assert figures.quiet == 1
        assert figures.outcomes["gone"] + figures.outcomes["deleted by hand"] == 1


def test_the_oracle_sees_what_would_be_lost(here: Arena) -> None:
    """The judge must be able to say no: a blob that the copy lost, a wider copy, a wrong name, a branch of its own."""
    play = Play(here, Figures(), random.Random(1), hub="hf", kind="model")
    wanted = oracle.Wanted("hf", "model", play.scene.id, play.scene.id)
    state = here.folder / "nothing"

    def dangers(asked: oracle.Wanted = wanted) -> list[str]:
        return here.running.call(lambda world: [each.what for each in oracle.dangers(world, asked, state)])

    assert any("README.md exists nowhere else" in each for each in dangers())
    play.migrate("a")
    lost = here.running.call(lambda world: oracle.lost_refs(world, wanted))
    accepted = oracle.Wanted("hf", "model", play.scene.id, play.scene.id, lost)
    assert dangers(accepted) == []
    assert dangers(oracle.Wanted("hf", "model", play.scene.id, "x", lost)) == ["the typed name is another"]
    play.act("corrupts a file on the destination")
    assert dangers(accepted)
    here.running.call(lambda world: bury(play))


def test_one_act_anywhere(here: Arena) -> None:
    figures = Figures()
    for seed in range(6):
        rng = random.Random(seed)
        play = Play(here, figures, rng, hub="hf", kind="dataset")
        one_act(play, rng)
        play.heal()
        here.running.call(lambda world, play=play: bury(play))  # type: ignore[misc]
    assert_good(figures)
