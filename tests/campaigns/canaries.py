"""Tokens that nobody may see, everywhere they might be seen: ``python tests/campaigns/canaries.py [--seed N]``.

Both hubs repeat the tokens in their answers, plain and disguised; every verb and every screen is used meanwhile; the program
crashes with them in hand; a job runs while all processes are looked at; every route redirects to a stranger; a repo that
quotes a token is deleted. Then everything that was printed, drawn, written or sent is searched for the tokens, for parts of
them, and for base64, hex, URL, JSON and backwards forms. Exits 1 when one was seen.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":
    sys.path[:1] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

from campaigns.canary_scenes import Sighting, scenes
from support.campaign import Findings, drawn, options

COLUMNS = ("surfaces", "kilobytes", "tokens seen")


def campaign(findings: Findings, seed: int, *, short: bool = False) -> None:
    """Play all scenes on one desk, the short form with fewer surfaces each, and search what they left."""
    with (
        tempfile.TemporaryDirectory(prefix="hf2ms-secrets-") as folder,
        scenes(Path(folder), drawn(seed, "secrets")) as here,
    ):
        add(findings, here.verbs(limit=3 if short else 0))
        add(findings, here.screens(actions=not short))
        if not short:
            add(findings, here.misplaced())
            add(findings, here.crashes())
        add(findings, here.processes())
        add(findings, here.wire(limit=4 if short else 0))
        add(findings, here.tombstones())
        if here.unseen:
            print(f"not seen by name: {', '.join(here.unseen)}")
        add(findings, here.files())


def add(findings: Findings, found: Sighting) -> None:
    """Count a scene."""
    findings.cases += 1
    findings.count(found.scene, "surfaces", found.surfaces)
    findings.count(found.scene, "kilobytes", found.size // 1000)
    findings.count(found.scene, "tokens seen", len(found.leaks))
    findings.broken += found.leaks


def main(arguments: list[str] | None = None) -> int:
    """Run the campaign; the exit code."""
    parser = options(str(__doc__).splitlines()[0])
    parser.add_argument("--short", action="store_true", help="fewer surfaces each")
    given = parser.parse_args(arguments)
    findings = Findings(COLUMNS)
    campaign(findings, given.seed, short=given.short)
    return findings.report("secrets", given.seed, f"surfaces {findings.total('surfaces'):,}")


if __name__ == "__main__":
    sys.exit(main())
