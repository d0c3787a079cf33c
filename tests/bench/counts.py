"""Benches that count requests: an org's inventory, and the second run of a finished job."""

from __future__ import annotations

import json
import tempfile
from typing import Any

from served import Served, serving, serving_org
from table import Row, at_most, told

from hf2ms_tui.loopback.sample.accounts import OWNER

LISTINGS = frozenset({"tree", "files"})
FEW = 20


def inventory(quick: bool) -> list[Row]:
    """What the hubs' logs say of one inventory by the adapter."""
    from hf2ms_tui.domain.repo import Hub
    from hf2ms_tui.domain.secret import Secret
    from hf2ms_tui.hubs.connect import open_hub

    repos = 1_500 if quick else 5_000
    with serving_org(repos) as world:
        rows = []
        for hub, endpoint, token in (
            (Hub.HF, "HF_ENDPOINT", "HF_TOKEN"),
            (Hub.MS, "MODELSCOPE_ENDPOINT", "MODELSCOPE_TOKEN"),
        ):
            world.control("DELETE", "log")
            session = open_hub(hub, world.env[endpoint], Secret(world.env[token]), read_only=True)
            found = sum(len(batch) for batch in session.read.inventory(OWNER))
            entries = world.control("GET", "log")["entries"]
            further = sum("cursor=" in entry["path"] for entry in entries)
            sent = len(entries)
            name = f"requests for the inventory of {found:,} repos, {hub.title}"
            if hub is Hub.HF:
                notes = f"4 and {further} further pages; one per repo would be {found:,}"
                rows.append(at_most(name, sent, 4 + further, "", notes, digits=0))
            else:
                # Its five lists (two APIs for models and datasets, one for studios) have 50 rows on a page.
                rows.append(told(name, str(sent), "five lists, 50 rows on a page"))
    return rows


def again(quick: bool) -> list[Row]:
    """Run jobs of few and of many files twice; count what the second runs cost beyond the listings."""
    many = FEW + (1_000 if quick else 2_000)
    with serving(1, 1, f"{FEW},{many}") as world:
        costs = {count: _twice(world, count) for count in (FEW, many)}
    slope = (costs[many]["others"] - costs[FEW]["others"]) / (many - FEW) * 1_000
    return [
        at_most(
            "second run of a finished job: bytes moved and read back",
            max(cost["moved"] for cost in costs.values()),
            0,
            "B",
            f"uploaded and served from blob stores, by the hubs' logs; {many:,} files, half of them large ones by kind",
            digits=0,
        ),
        at_most(
            "… requests per 1,000 files beyond the listings",
            slope,
            2,
            "",
            f"of {FEW} files {costs[FEW]['others']}, of {many:,} files {costs[many]['others']}; "
            f"listings {costs[many]['listings']}",
        ),
    ]


def _twice(world: Served, count: int) -> dict[str, int]:
    with tempfile.TemporaryDirectory(prefix="hf2ms-bench-") as state:
        orders: dict[str, Any] = {"way": ["hf", "ms"], "streams": 8, "name": f"many-{count}", "state": state}
        first = world.client("ours", orders)
        if not first["moved"]:
            raise RuntimeError(f"the first run moved nothing: {json.dumps(first)}")
        world.control("DELETE", "log")
        second = world.client("ours", orders)
        rows = world.counters()
    world.check()
    blobs = sum(
        row["bytes_in"] + row["bytes_out"] * (row["route"] != "blob-put")
        for row in rows
        if row["route"] in {"blob-put", "blob", "blob-get"}
    )
    listings = sum(row["requests"] for row in rows if row["route"] in LISTINGS)
    return {
        "moved": blobs + second["moved"],
        "others": sum(row["requests"] for row in rows) - listings,
        "listings": listings,
    }
