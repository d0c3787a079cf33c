"""A repo whose card the destination refuses, from the command line to the proof: corrected, excepted, said everywhere."""

from __future__ import annotations

import json
from pathlib import Path

from hf2ms_tui.loopback.world import World
from support.desk import desk
from support.excepted import MENDED_CARD, REFUSED_CARD
from support.gate_world import FILES
from support.transfers import ORG, add


def test_a_refused_card_is_carried_over_corrected_and_every_verb_says_so(tmp_path: Path) -> None:
    name = f"{ORG}/refused"
    with desk(
        tmp_path, lambda world: add(world, "ms", "refused", {**FILES, "README.md": REFUSED_CARD})
    ) as here:
        here.env["HF2MS_FROM"] = "ms"
        code, out, err = here.verb("migrate", name, "--to", "hf")
        assert code == 0, out + err
        assert "refuses the metadata in README.md" in out and "is now apache-2.0" in out
        assert "excepted 1" in out

        def head(world: World) -> tuple[str, bytes]:
            repo = world.hf.get("model", name)
            assert repo is not None
            tip = repo.head("main")
            return tip.id, bytes(tip.files["README.md"].content.read(0, 1 << 16))

        before = here.running.call(head)
        assert before[1] == MENDED_CARD
        (job,) = here.jobs()
        assert (job["phase"], job["excepted"]) == ("done", 1)
        assert "✓ proven, 1 excepted" in here.verb("jobs")[1]

        code, out, err = here.verb("migrate", name, "--to", "hf", "--json")
        assert code == 0, out + err
        again = json.loads(out)
        assert (again["bytes_moved"], again["excepted"]) == (0, 1)
        assert here.running.call(head) == before, "the second run makes no commit"

        code, out, _ = here.verb("verify", name, "--level", "read-back")
        assert code == 0 and out.startswith("PROVEN, 1 EXCEPTED")
        assert "≈ excepted  README.md" in out
        code, out, _ = here.verb("verify", name, "--json")
        assert [file["path"] for file in json.loads(out)["exceptions"]] == ["README.md"]
        code, out, err = here.verb("inventory", "--from", "ms", "--contents", "--json")
        assert code == 0, err
        (row,) = json.loads(out)
        assert (row["backup"]["words"], row["backup"]["excepted"]) == ("proven, 1 excepted", 1)


def test_the_inventory_looks_into_the_repos_when_asked(tmp_path: Path) -> None:
    def twins(world: World) -> None:
        for name in ("one", "twin"):
            add(world, "hf", name, FILES)

    with desk(tmp_path, twins) as here:
        for flags, told in (((), False), (("--contents",), True)):
            code, out, err = here.verb("inventory", "--json", *flags)
            assert code == 0, err
            said = [str(row["advice"]) for row in json.loads(out)]
            assert any("copy of" in text for text in said) is told, said
