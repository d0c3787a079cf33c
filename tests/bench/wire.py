"""Benches of moving bytes: against download-then-upload by the SDKs, on shaped links and unshaped, and what a worker needs.

Every comparison is a ratio within one pair of runs, one after the other on the same servers; pairs are repeated and their
median counts. Both directions are measured at the same time, each with servers of its own: on shaped links nobody is busy.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from served import serving
from table import Row, at_most, median, spread

STREAMS = 8
RATE = 20.0
"""MB/s (10^6 bytes) of each hub's storage and API, each way"""
LATENCY = 0.03
"""seconds before each answer"""
WAYS = {"HF→MS": ["hf", "ms"], "MS→HF": ["ms", "hf"]}
SMALL = 20

Pair = tuple[dict[str, Any], dict[str, Any]]


def _pairs(way: list[str], megabytes: float, count: int, shape: str) -> list[Pair]:
    pairs: list[Pair] = []
    with serving(megabytes, SMALL) as world:
        world.shape(shape)
        for number in range(count):
            figures: dict[str, dict[str, Any]] = {}
            for kind in ("ours", "baseline") if number % 2 == 0 else ("baseline", "ours"):
                world.reset()
                figures[kind] = world.client(kind, {"way": way, "streams": STREAMS})
                world.check()
            pairs.append((figures["ours"], figures["baseline"]))
    return pairs


def link(quick: bool) -> list[Row]:
    """One worker with 8 streams on a shaped link, to the commit and to the end of the read-back proof."""
    megabytes, count = (140.0, 1) if quick else (280.0, 3)
    shape = f"*:*:latency={LATENCY}:down={RATE}MB:up={RATE}MB"
    with ThreadPoolExecutor(2) as pool:
        found = dict(
            zip(
                WAYS,
                pool.map(lambda way: _pairs(way, megabytes, count, shape), WAYS.values()),
                strict=True,
            )
        )
    limit = megabytes / RATE
    rows: list[Row] = []
    for name, pairs in found.items():
        moved = [ours["proving"]["at"] / base["end"]["at"] for ours, base in pairs]
        proven = [ours["end"]["at"] / base["end"]["at"] for ours, base in pairs]
        against = [ours["proving"]["at"] / limit for ours, _ in pairs]
        about = f"{megabytes:g} MB, {RATE:g} MB/s each way, {LATENCY * 1000:g} ms, {STREAMS} streams"
        rows += [
            at_most(
                f"{name}: move and commit, against download-then-upload",
                median(moved),
                0.55,
                "×",
                f"all: {spread(moved, 3)}; {about}",
                digits=3,
            ),
            at_most(
                f"{name}: … with the read-back proof",
                median(proven),
                1.05,
                "×",
                f"all: {spread(proven, 3)}",
                digits=3,
            ),
            at_most(
                f"{name}: move and commit, against the link's limit",
                median(against),
                1.1,
                "×",
                f"all: {spread(against, 3)}; the limit is {limit:.1f} s",
                digits=3,
            ),
        ]
    return rows


def processor(quick: bool) -> list[Row]:
    """Processor time and memory of the client's process alone, unshaped, and what it leaves on the disk."""
    megabytes, count = (200.0, 1) if quick else (400.0, 3)
    rows: list[Row] = []
    ours_all: list[dict[str, Any]] = []
    for name, way in WAYS.items():
        pairs = _pairs(way, megabytes, count, "")
        ours_all += [ours for ours, _ in pairs]
        ratios = [ours["proving"]["cpu"] / base["end"]["cpu"] for ours, base in pairs]
        per_gb = median(ours["proving"]["cpu"] for ours, _ in pairs) / megabytes * 1000
        base_gb = median(base["end"]["cpu"] for _, base in pairs) / megabytes * 1000
        proof_gb = median(ours["end"]["cpu"] for ours, _ in pairs) / megabytes * 1000
        rows.append(
            at_most(
                f"{name}: processor time per GB, against the same",
                median(ratios),
                0.6,
                "×",
                f"all: {spread(ratios, 3)}; {per_gb:.1f} s/GB ({proof_gb:.1f} with the proof), theirs {base_gb:.1f}",
                digits=3,
            )
        )
    left = max(ours["left"] + _other_files(ours) for ours in ours_all)
    state = max(ours["end"]["written"] for ours in ours_all)
    rows.append(
        at_most(
            "bytes of repo data written to disk",
            left,
            0,
            "B",
            f"of {megabytes:g} MB; {state / 1e6:.1f} MB of boards, log and ledger were written to the state",
            digits=0,
        )
    )
    peak = max(ours["peak"] for ours in ours_all) / 2**20
    rows.append(
        at_most(
            f"peak memory of a worker with {STREAMS} streams",
            peak,
            150,
            "MB",
            "VmHWM of its process",
            digits=0,
        )
    )
    return rows


def _other_files(ours: dict[str, Any]) -> int:
    """Bytes written beyond what a state can be, when files were opened for writing that are none of the state's."""
    strange = [path for path in ours["opened"] if path != "/dev/null" and "/state/" not in path]
    return int(ours["end"]["written"]) if strange else max(0, int(ours["end"]["written"]) - 8_000_000)
