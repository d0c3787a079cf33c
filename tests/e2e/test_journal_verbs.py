"""The journal's verbs as a person runs them: check, export, report, and their exit codes."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from support.desk import Desk, desk
from support.transfers import ORG, add


def behind_its_back(here: Desk, statement: str) -> None:
    connection = sqlite3.connect(here.state / "state.sqlite3")
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_the_journal_is_checked_exported_and_told(tmp_path: Path) -> None:
    with desk(tmp_path, lambda world: add(world, "hf", "app", {"app.py": b"1\n"})) as here:
        code, out, err = here.verb("migrate", f"{ORG}/app", "--to", "ms")
        assert code == 0, out + err
        code, out, err = here.verb("journal", "--export", "jsonl", "kept.jsonl")
        assert code == 0, err
        rows = [json.loads(line) for line in (tmp_path / "kept.jsonl").read_text().splitlines()]
        assert rows[0]["account"] == "hf:mira ms:mira"
        assert all(row["account"] for row in rows), "also those that the job's own process wrote"
        code, out, _ = here.verb("journal", "--export", "jsonl", "-")
        assert [json.loads(line)["digest"] for line in out.splitlines()] == [row["digest"] for row in rows]
        code, out, err = here.verb("journal", "--check", "--against", "kept.jsonl")
        assert code == 0 and "each follows from the one before; 2 copies" in out, out + err
        code, out, err = here.verb("journal", "--report", f"{ORG}/app")
        assert code == 0 and "## Migration" in out and "It holds: " in out, err
        code, _, err = here.verb("journal", "--report", f"{ORG}/app", "app.md")
        assert code == 0 and (tmp_path / "app.md").read_text() == out
        for wrong in (
            ("--check", "--export", "jsonl"),
            ("kept.jsonl",),
            ("--against", "kept.jsonl"),
            ("--report", f"{ORG}/nowhere"),
            ("--export", "csv"),
        ):
            assert here.verb("journal", *wrong)[0] == 2, wrong
        behind_its_back(here, "DELETE FROM journal WHERE seq = (SELECT MAX(seq) FROM journal)")
        code, out, err = here.verb("journal", "--check", "--json")
        assert code == 1, err
        assert json.loads(out)["first_bad"] == len(rows)
        (here.state / "journal.head").unlink()
        code, out, err = here.verb("journal", "--check", "--against", "kept.jsonl")
        assert code == 1 and f"entry {len(rows)}" in err
        behind_its_back(here, "UPDATE journal SET account = 'hf:somebody' WHERE seq = 1")
        code, out, err = here.verb("journal", "--check")
        assert code == 1 and "entry 1: it was changed" in err, out + err
