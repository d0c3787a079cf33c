"""One repo's life in the arena: the program's steps, the adversary's acts between them, and the oracle's verdicts."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.gate import Check, GateShut
from hf2ms_tui.domain.proof import Level, Proof
from hf2ms_tui.loopback.world import World
from hf2ms_tui.services import byhand, decisions, deletion, gatelook, jobs, outcome, proving
from hf2ms_tui.services.gatelook import GateLook
from hf2ms_tui.services.outcome import Deletion, Gone
from hf2ms_tui.services.program import Program

from . import oracle
from .arena import Arena
from .ear import Ear, Midway
from .figures import Figures
from .stage import Stage
from .truth import true_reason

LOOKS = 50
"""looks after which a deletion on the hub's page should have been seen"""


class Play(Stage):
    """Every method is a step of one of the two programs."""

    def __init__(self, arena: Arena, figures: Figures, rng: random.Random, *, hub: str, kind: str) -> None:
        super().__init__(arena, figures, rng, hub=hub, kind=kind)
        self.ears: list[Ear] = []

    # -- the program's steps ------------------------------------------------------------------------------------

    def decide(self, who: str) -> None:
        """Decide to delete."""
        self._step(who, "decide", lambda program: decisions.decide(program, [self.ref], Decision.DELETE))

    def migrate(self, who: str) -> None:
        """Migrate and prove."""

        def work(program: Program) -> Proof | None:
            view = jobs.start(program, jobs.direction(program, self.ref))
            self.note(f"job {view.phase.value}")
            jobs.listing(program)
            return program.proofs.get(view.proof_id) if view.proof_id else None

        self._proven(self._step(who, "migrate", work))

    def prove(self, who: str, level: Level) -> None:
        """Prove without moving."""
        self._proven(
            self._step(
                who, "prove", lambda program: proving.prove(program, jobs.direction(program, self.ref), level)
            )
        )

    def _step(self, who: str, name: str, work: Callable[[Program], object]) -> object:
        self.figures.steps[name] += 1
        self.note(f"{who}:{name}")
        try:
            return work(self.program(who))
        except Hf2msError as error:
            self.figures.errors[f"{name}: {type(error).__name__}"] += 1
            self.note(f"{type(error).__name__}: {str(error)[:80]}")
            return None

    def _proven(self, proof: object) -> None:
        """Compare what a proof says with the bytes themselves."""
        if not isinstance(proof, Proof):
            return
        self.changed = dict.fromkeys(self.changed, True)
        same = self.arena.running.call(lambda world: self._same(world, proof))
        self.note(f"{'holds' if proof.holds else 'holds not'} {proof.outcome} {proof.level.value}")
        if proof.holds and proof.level is Level.READ_BACK:
            if not same and proof.evidence_at > self.rotted:
                self.figures.false_proofs.append(self.case("a proof holds and the bytes differ"))
            self.quiet = same and not self._troubled()
        elif not proof.holds and same and not self._troubled():
            why = "; ".join(f"{file.path} {file.why}" for file in proof.problems) or proof.doubt
            self.figures.useless.append(self.case(f"a proof does not hold and all bytes are the same: {why}"))

    def _same(self, world: World, proof: Proof) -> bool:
        source, copy = (world.hub(hub) for hub in (self.scene.hub, self.scene.other))
        ours, theirs = source.get(self.scene.kind, self.scene.id), copy.get(self.scene.kind, self.scene.id)
        if ours is None or theirs is None:
            return False
        if proof.source_revision not in ours.commits or proof.destination_revision not in theirs.commits:
            return False
        excepted = {file.path for file in proof.exceptions}
        there = oracle.contents(copy, theirs, proof.destination_revision)
        here = oracle.contents(source, ours, proof.source_revision)
        wrong = [path for path, sha in here.items() if path not in excepted and sha != there.get(path)]
        if wrong:
            self.note(
                f"differ: {', '.join(wrong)} at {proof.source_revision[:7]} and {proof.destination_revision[:7]}"
            )
        return not wrong

    def _troubled(self) -> bool:
        return any(self.arena.spoiled(hub) or self.arena.token(hub).expired for hub in ("hf", "ms"))

    # -- the gate -----------------------------------------------------------------------------------------------

    def look(self, who: str) -> None:
        """Look at the gate; accept the loss of every branch and tag that is really lost, as a person would."""

        def work(program: Program) -> GateLook:
            first = gatelook.look(program, self.ref)
            names = frozenset(item.ref.name for item in first.losing)
            return gatelook.look(program, self.ref, names) if names else first

        found = self._step(who, "look", work)
        if isinstance(found, GateLook):
            self.looks[who], self.changed[who] = found, False
            failing = [check for check in found.checks if not check.ok]
            self._judge("look", failing, midway=False)

    def _judge(self, what: str, failing: Sequence[Check], midway: bool) -> None:
        """Every reason that the gate gave must be true of the world."""
        for check in failing:
            self.figures.refusals[check.name.value] += 1
            self.note(f"{what} {check.name.value}: {check.evidence[:90]}")
        if midway:
            return  # the world changed while it was looked at: a reason may speak of either
        self.figures.judged += len(failing)
        for check in failing:
            if not true_reason(self, check, failing):
                self.figures.untrue.append(self.case(f"{check.name.value}: {check.evidence}"))

    def delete(self, who: str, *, typed: str = "", midway: Midway | None = None, other: str = "") -> None:
        """Type the name and confirm. ``midway`` changes the world inside; ``other`` lets the other program act inside."""
        program, seen = self.program(who), self.looks.get(who)
        if seen is None:
            return
        self.figures.steps["delete"] += 1
        self.note(f"{who}:delete{f' with {midway.name} before request {midway.at}' if midway else ''}{other}")
        if seen.by_hand:
            self._hand_over(program, who, seen, typed or self.scene.id)
            return
        accepted = seen.facts.acknowledged
        given_up = {ref.name: ref.revision for ref in seen.facts.refs if ref.name in accepted}
        wanted = oracle.Wanted(
            self.scene.hub, self.scene.kind, self.scene.id, typed or self.scene.id, given_up
        )
        expected = self._expected(wanted, who) and not midway and not other
        ear = Ear(self, wanted, midway)
        self.ears.append(ear)
        before = set(self.arena.running.call(lambda world: list(world.hub(self.scene.hub).serials)))
        self.arena.spy.heard = self._heard
        failing: Sequence[Check] | None = None
        found: Deletion | None = None
        try:
            found = deletion.delete(
                program, self.ref, wanted.typed, accepted, on_step=ear.step(other), seen=seen.facts
            )
        except GateShut as shut:
            failing = list(shut.failing)
        except Hf2msError as error:
            self.figures.errors[f"delete: {type(error).__name__}"] += 1
            self.note(f"{type(error).__name__}: {str(error)[:120]}")
        finally:
            self.ears.pop()
        self.figures.requests += ear.requests
        after = set(self.arena.running.call(lambda world: list(world.hub(self.scene.hub).serials)))
        gone = before - after - ear.taken
        for outer in self.ears:
            outer.taken |= gone
        self._weigh(ear, gone, midway)
        self._ended(found, failing, gone, wanted, bool(other) or (midway is not None and midway.done_at >= 0))
        if expected and not gone and not self._troubled():
            self.figures.useless.append(self.case("a deletion in a quiet world was refused"))
        if found is None or found.state is not Gone.GONE:
            self.looks.pop(who, None)

    def _hand_over(self, program: Program, who: str, seen: GateLook, typed: str) -> None:
        """Where tokens may not delete: be sent to the page, delete there, and be told that it is gone."""
        accepted = seen.facts.acknowledged
        given_up = {ref.name: ref.revision for ref in seen.facts.refs if ref.name in accepted}
        wanted = oracle.Wanted(self.scene.hub, self.scene.kind, self.scene.id, typed, given_up)
        expected = self._expected(wanted, who)
        state = self.arena.folder / "state"
        try:
            over = byhand.hand_over(program, self.ref, typed, accepted)
        except GateShut as shut:
            self._ended(None, list(shut.failing), set(), wanted, False)
            if expected:
                self.figures.useless.append(self.case("handing over in a quiet world was refused"))
            return
        except Hf2msError as error:
            self.figures.errors[f"hand over: {type(error).__name__}"] += 1
            self.note(f"{type(error).__name__}: {str(error)[:120]}")
            self.figures.outcomes["refused"] += 1
            return
        found = self.arena.running.call(lambda world: oracle.dangers(world, wanted, state))
        for danger in found:
            self.figures.unsafe.append(self.case(f"handed over although {danger.what}"))
        self.arena.running.call(self._delete_on_the_page)
        looks: list[Deletion] = []
        gone = byhand.watch(program, over, looks.append, lambda: len(looks) >= LOOKS, every=0.01)
        if gone is None:
            gone = self._watch_again(program, looks[-1])
        self.figures.outcomes["deleted by hand"] += 1
        if gone is None or gone.state is not Gone.GONE:
            self.figures.untrue.append(self.case("deleted by hand and not seen to be gone"))

    def _watch_again(self, program: Program, last: Deletion) -> Deletion | None:
        """The watch found no end, which only a token that the hub does not know explains; with a good one it is settled."""
        token = self.arena.token(self.scene.hub)
        if not token.expired or last.state is not Gone.UNKNOWN or not program.journal.open_intents("delete"):
            self.figures.untrue.append(self.case(f"no end of a deletion by hand: {last.evidence[:90]}"))
        token.expired = False
        self.figures.outcomes["deleted by hand, seen with another token"] += 1
        return next(iter(outcome.settle(program, self.ref)), None)

    def _delete_on_the_page(self, world: World) -> None:
        hub = world.hub(self.scene.hub)
        repo = hub.get(self.scene.kind, self.scene.id)
        assert repo is not None
        hub.delete(repo)

    def _heard(self, hub: str, method: str, route: str, path: str) -> None:
        """The deletion that was begun last listens, whoever sends."""
        if self.ears:
            self.ears[-1].heard(hub, method, route, path)

    def prove_again(self, who: str) -> None:
        """Prove once more, every byte."""
        self.prove(who, Level.READ_BACK)

    def delete_too(self, who: str) -> None:
        """Look and delete, as fast as one can."""
        self.look(who)
        self.delete(who)

    def _expected(self, wanted: oracle.Wanted, who: str) -> bool:
        """Whether nothing stands in the way of this deletion: it must happen then."""
        if not self.quiet or self.jumped or self.changed.get(who, True) or wanted.typed != wanted.id:
            return False
        source = self.arena.token(self.scene.hub)
        if source.role == "read" or self._troubled():
            return False
        safe = not self.arena.running.call(
            lambda world: (
                oracle.dangers(world, wanted, self.arena.folder / "state")
                or world.hub(wanted.hub).get(wanted.kind, wanted.id) is None
            )
        )
        if safe:
            self.figures.quiet += 1
        return safe

    def _weigh(self, ear: Ear, gone: set[int], midway: Midway | None) -> None:
        """Whether a repo that is gone now was safe to delete when the request for it arrived."""
        if len(ear.sent) > 1:
            self.figures.unsafe.append(self.case(f"{len(ear.sent)} deletions were sent"))
        if gone and (len(gone) > 1 or not ear.sent or ear.sent[0].serial not in gone):
            self.figures.unsafe.append(self.case("another repo than the one that was meant is gone"))
        for sent in ear.sent:
            self.figures.gap.append(sent.gap)
            if sent.serial not in gone:
                continue
            if midway is not None and ear.unseen(midway):
                self.figures.window[f"{midway.name}{'' if sent.dangers else ' (harmless)'}"] += 1
                continue
            for danger in sent.dangers:
                self.figures.unsafe.append(self.case(f"deleted although {danger.what}"))

    def _ended(
        self,
        found: Deletion | None,
        failing: Sequence[Check] | None,
        gone: set[int],
        wanted: oracle.Wanted,
        midway: bool,
    ) -> None:
        self.note(f"-> {found.state.value if found else 'refused'}")
        self.figures.outcomes[found.state.value if found else "refused"] += 1
        if failing is not None:
            if not failing and wanted.typed == wanted.id:
                self.figures.untrue.append(self.case("refused without a reason"))
            self._judge("delete", failing, midway)
        there = self.arena.running.call(
            lambda world: world.hub(wanted.hub).get(wanted.kind, wanted.id) is not None
        )
        if found is not None and found.state is Gone.GONE and there:
            self.figures.untrue.append(self.case(f"said to be gone and is there: {found.evidence}"))
        if found is not None and found.state is Gone.STILL_THERE and not there and not midway:
            self.figures.untrue.append(self.case(f"said to be there and is gone: {found.evidence}"))
        if gone and found is None and not midway:
            self.figures.untrue.append(self.case("it was refused and is gone"))
