"""What is read of a repo besides its files: commits, discussions, the description; and gates that are only ever closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from hf2ms_tui.domain.errors import HubLied, NotPermitted
from hf2ms_tui.domain.repo import Gating, RepoRef, Visibility
from hf2ms_tui.loopback.world import World
from support.transfers import CARD, ORG, Sides, add, put, sides

HF, MS = RepoRef.of("hf", "model", f"{ORG}/tiny"), RepoRef.of("ms", "model", f"{ORG}/tiny")
WHEN = datetime(2026, 2, 3, 4, 5, tzinfo=UTC)


def talk(world: World) -> None:
    for hub in ("hf", "ms"):
        repo = add(world, hub, "tiny", {"README.md": CARD})
        put(world, repo, {"a.txt": b"a\n"}, world.hub(hub).default_branch)
        repo.description = "what it\x1b[31m is"
    repo = world.hf.get("model", str(HF.id))
    assert repo is not None
    repo.create_branch("dev")
    put(world, repo, {"b.txt": b"b\n"}, "dev")
    repo.extra["discussions"] = [
        {
            "num": number,
            "title": f"Question {number} \u202e",
            "author": "" if number == 3 else "bob",
            "date": WHEN,
            "isPullRequest": number == 2,
            "comments": [("bob", "first\nsecond \x1b[2J"), ("ada", "answer")],
        }
        for number in range(1, 24)
    ]


@pytest.fixture
def world() -> Iterator[Sides]:
    with sides(talk) as here:
        yield here


def heads(here: Sides, ref: RepoRef) -> list[str]:
    reader = (here.hf if ref.hub.value == "hf" else here.ms).read
    return [item.revision for item in reader.refs(ref)]


def test_hugging_face_tells_commits_and_discussions(world: Sides) -> None:
    found = world.hf.read.chronicle(HF, heads(world, HF))
    assert found.troubles == ()
    repo = world.repo("hf")
    assert {line.revision for line in found.commits} == set(repo.commits)
    assert len(found.commits) == len(repo.commits)
    assert all(line.at and line.authors for line in found.commits)
    assert found.discussions is not None and [each.number for each in found.discussions] == list(range(1, 24))
    first, second, third = found.discussions[:3]
    assert (second.pull, third.author, first.at) == (True, "deleted", WHEN)
    assert first.comments[0].text == "first\nsecond ␛[2J" and first.comments[1].author == "ada"
    assert first.title == "Question 1 \ufffd"


def test_what_cannot_be_read_is_said(world: Sides) -> None:
    world.repo("hf").extra["discussions_disabled"] = True
    found = world.hf.read.chronicle(HF, ["e" * 40, *heads(world, HF)])
    assert found.discussions is None and found.commits
    assert len(found.troubles) == 2
    assert found.troubles[0].startswith("The commits that lead to eeeeeee could not be read")
    assert "Discussions are disabled" in found.troubles[1]


def test_modelscope_tells_its_description_and_commits(world: Sides) -> None:
    found = world.ms.read.chronicle(MS, heads(world, MS))
    assert found.description == "what it␛[31m is"
    assert {line.revision for line in found.commits} == set(world.repo("ms").commits)
    assert all(line.at and line.authors for line in found.commits)
    assert found.discussions is None and len(found.troubles) == 1


def test_a_gate_is_closed_and_never_opened(world: Sides) -> None:
    assert world.hf.write and world.ms.write
    world.repo("hf").visibility = "public"
    world.hf.write.gate(HF, Gating.MANUAL)
    assert world.repo("hf").gated == "manual" and world.repo("hf").visibility == "public"
    with pytest.raises(ValueError, match="only ever closed"):
        world.hf.write.gate(HF, Gating.NONE)
    with pytest.raises(NotPermitted, match="only a person"):
        world.ms.write.gate(MS, Gating.MANUAL)
    assert world.hf.read.repo(HF).visibility is Visibility.PUBLIC


def test_a_gate_that_did_not_close_is_an_error(world: Sides) -> None:
    assert world.hf.write
    world.fault("hf:PUT:settings:status=200:body={}")
    with pytest.raises(HubLied, match="not gated"):
        world.hf.write.gate(HF, Gating.AUTO)
