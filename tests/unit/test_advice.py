"""The five patterns of the verification guide, and never more certainty than hashes give."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf2ms_tui.domain.advice import RepoFacts, advise
from hf2ms_tui.domain.decision import Advice, Confidence, Decision
from hf2ms_tui.domain.inventory import Backup, BackupState
from hf2ms_tui.domain.overlap import Holding, Overlap, Sharing, Twin
from hf2ms_tui.domain.repo import Gating, RepoInfo, RepoRef, Visibility

NOW = datetime(2026, 8, 1, tzinfo=UTC)


def info(name: str, kind: str = "dataset", public: bool = False, **more: object) -> RepoInfo:
    base = RepoInfo(
        RepoRef.of("hf", kind, f"acme/{name}"),
        Visibility.PUBLIC if public else Visibility.PRIVATE,
        Gating.NONE,
        "a" * 40,
        NOW - timedelta(days=500),
        NOW - timedelta(days=400),
        10**9,
        downloads=3,
        likes=0,
    )
    return replace(base, **more)


def facts(of: RepoInfo, *others: RepoInfo, **more: object) -> RepoFacts:
    return replace(RepoFacts(of, NOW, others={each.ref.key: each for each in (of, *others)}), **more)


def said(advice: Advice | None) -> tuple[str, str]:
    assert advice is not None
    assert advice.reasons
    for reason in advice.reasons:
        assert reason[0].isupper() and reason.endswith((".", "?")), reason
    assert 0 < len(advice.headline) <= 34
    return advice.suggestion.value, advice.confidence.value


@pytest.mark.parametrize(
    "name", ["poc-flow", "test-upload", "captioner-v0", "half_done-captions", "x_test", "HALF-DONE", "wip.2"]
)
def test_trials_by_name_that_lie_idle_are_likely_to_go(name: str) -> None:
    kind = "model" if name == "x_test" else "dataset"
    advice = advise(facts(info(name, kind)))
    assert said(advice) == ("delete", "likely")
    assert advice is not None and "13 months" in " ".join(advice.reasons)


@pytest.mark.parametrize(
    "name", ["latest-model", "contest", "epoch-best", "v01-final", "template", "attestation"]
)
def test_words_inside_other_words_are_no_trial(name: str) -> None:
    advice = advise(facts(info(name, "model")))
    assert advice is None


def test_a_trial_that_still_changes_is_not_for_deletion() -> None:
    fresh = info("poc-new", updated_at=NOW - timedelta(days=3))
    assert said(advise(facts(fresh))) == ("later", "possible")
    quiet = info("poc-new", updated_at=NOW - timedelta(days=60))
    assert said(advise(facts(quiet))) == ("delete", "possible")
    unknown = info("poc-new", updated_at=None)
    assert said(advise(facts(unknown))) == ("delete", "possible")


def test_a_test_split_is_not_taken_for_a_trial_too_easily() -> None:
    advice = advise(facts(info("images-test")))
    assert said(advice) == ("delete", "possible")
    assert advice is not None and "test split" in " ".join(advice.reasons)


def test_a_trial_says_what_lives_on_elsewhere() -> None:
    tokenizer = info("aurora-tokenizer", "model", public=True)
    shared = Sharing(12, 100, 12, 10, 80, (Overlap(tokenizer.ref, 10, 80, 10),))
    advice = advise(
        facts(
            info("poc-tokenizer-v0", "model"),
            tokenizer,
            sharing=shared,
            proven=frozenset({tokenizer.ref.key}),
        )
    )
    assert said(advice) == ("delete", "likely")
    assert advice is not None
    assert (
        "Of its 12 large files 10 are also in aurora-tokenizer (proven); 2 exist nowhere else."
        in advice.reasons
    )


def subset(proven: bool, lately: bool = False) -> Advice | None:
    parent = info("images-2.6m-train")
    shared = Sharing(4, 50, 4, 4, 50, (Overlap(parent.ref, 4, 50, 4, covers=True),))
    return advise(
        facts(
            info("images-70k"),
            parent,
            sharing=shared,
            proven=frozenset({parent.ref.key} if proven else ()),
            read_back=frozenset({parent.ref.key} if lately else ()),
        )
    )


def test_a_subset_is_redundant_once_its_parent_is_proven() -> None:
    assert said(subset(proven=True)) == ("delete", "certain")
    before = subset(proven=False)
    assert said(before) == ("delete", "likely")
    assert before is not None and "is proven yet" in " ".join(before.reasons)
    assert "prove the parent first" in before.headline


def test_it_says_when_a_subset_needs_no_copy_and_never_before_that_is_known() -> None:
    unproven, old, fresh = (
        " ".join(advice.reasons)
        for advice in (subset(False), subset(True), subset(True, lately=True))
        if advice is not None
    )
    assert "needs no copy of its own: v at its gate proves it by what was read back of images-2.6m" in fresh
    assert "such as its card, may still have to be migrated" in fresh
    for text in (unproven, old):
        assert "needs no copy of its own once images-2.6m-train is read back" in text
        assert "needs no copy of its own:" not in text
    assert "read back again, within a day" in old
    assert "read back from its backup" in unproven


def test_repacked_data_is_possible_and_says_that_hashes_cannot_prove_it() -> None:
    parent = info("images", downloads=300)
    advice = advise(
        facts(info("images-again"), parent, sharing=Sharing(twins=(Twin(parent.ref, 3, 25, 0.999),)))
    )
    assert said(advice) == ("delete", "possible")
    assert advice is not None and "SHA-256 cannot prove" in " ".join(advice.reasons)
    kept = advise(
        facts(
            parent,
            info("images-again"),
            sharing=Sharing(twins=(Twin(info("images-again").ref, 3, 25, 0.999),)),
        )
    )
    assert kept is not None and kept.suggestion is Decision.MIGRATE


def test_of_two_copies_the_one_in_use_stays() -> None:
    public, copy = info("xl", "model", public=True, downloads=9_000), info("xl-copy", "model")
    same = Overlap(public.ref, 9, 100, 3, covers=True, same=True)
    assert said(advise(facts(copy, public, sharing=Sharing(overlaps=(same,))))) == ("delete", "certain")
    back = replace(same, other=copy.ref)
    assert said(advise(facts(public, copy, sharing=Sharing(overlaps=(back,))))) == ("keep", "likely")
    unknown = replace(same, other=RepoRef.of("hf", "model", "acme/never-listed"))
    assert advise(facts(copy, sharing=Sharing(overlaps=(unknown,)))) is None


def test_never_both_of_a_pair_are_for_deletion() -> None:
    one, two = info("alpha", "model"), info("beta", "model")
    verdicts = []
    for this, other in ((one, two), (two, one)):
        overlap = Overlap(other.ref, 2, 5, 2, covers=True, same=True)
        advice = advise(facts(this, other, sharing=Sharing(overlaps=(overlap,))))
        verdicts.append(advice is not None and advice.suggestion is Decision.DELETE)
    assert sorted(verdicts) == [False, True]


def test_public_releases_stay() -> None:
    used = advise(facts(info("poc-but-loved", "model", public=True, downloads=48_000)))
    assert said(used) == ("keep", "likely")
    assert said(advise(facts(info("quiet", "model", public=True)))) == ("keep", "likely")
    assert said(advise(facts(info("pages", public=True)))) == ("keep", "possible")
    gated = advise(facts(info("med", "model", public=True, gating=Gating.MANUAL)))
    assert gated is not None and "gated" in " ".join(gated.reasons)


def test_private_training_data_moves_and_then_goes() -> None:
    advice = advise(facts(info("images-train")))
    assert said(advice) == ("migrate", "likely")
    assert advice is not None and advice.then_delete
    assert said(advise(facts(info("faces")))) == ("migrate", "possible")
    proven = advise(facts(info("faces"), backup=Backup(BackupState.PROVEN, total=7)))
    assert said(proven) == ("delete", "likely")
    assert advise(facts(info("weights", "model"))) is None
    assert advise(facts(info("secret", visibility=Visibility.UNKNOWN))) is None


def empty(files: int = 0, complete: bool = True) -> Holding:
    return Holding(info("next").ref, "a" * 40, files, {}, frozenset(), 0, (), complete)


def test_empty_repos_may_go_when_they_are_old_and_hold_nothing_at_all() -> None:
    old = info("next", "model", size=400)
    assert said(advise(facts(old, holding=empty()))) == ("delete", "likely")
    assert said(advise(facts(replace(old, size=10**7), holding=empty()))) == ("delete", "possible")
    assert said(advise(facts(replace(old, size=None), holding=empty()))) == ("delete", "possible")
    young = replace(old, created_at=NOW - timedelta(days=5))
    assert said(advise(facts(young, holding=empty()))) == ("delete", "possible")
    assert advise(facts(old, holding=empty(complete=False))) is None
    assert advise(facts(old)) is None


def test_spaces_stay() -> None:
    assert said(advise(facts(info("poc-demo", "space")))) == ("keep", "possible")


OVERLAPS = st.builds(
    Overlap, st.just(info("other").ref), st.just(2), st.just(9), st.just(2), st.booleans(), st.booleans()
)


@given(
    st.text("abcdefpoctestv0-_.", min_size=1, max_size=20),
    st.sampled_from(["model", "dataset", "space"]),
    st.sampled_from(list(Visibility)),
    st.lists(OVERLAPS, max_size=2),
    st.booleans(),
)
def test_certain_is_said_only_where_hashes_show_it(
    name: str, kind: str, visibility: Visibility, overlaps: list[Overlap], proven: bool
) -> None:
    other = info("other")
    given_facts = facts(
        info(name, kind, visibility=visibility),
        other,
        sharing=Sharing(overlaps=tuple(overlaps)),
        proven=frozenset({other.ref.key} if proven else ()),
    )
    advice = advise(given_facts)
    assert advice == advise(given_facts)
    if advice is not None and advice.confidence is Confidence.CERTAIN:
        assert any(overlap.covers or overlap.same for overlap in overlaps)
