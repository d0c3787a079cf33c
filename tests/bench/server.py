"""The process that serves both hubs for the benches: ``python tests/bench/server.py MEGABYTES SMALL [MANY]``.

Serves ``bench/wire`` on Hugging Face and, with other bytes, on ModelScope: MEGABYTES (10^6) in 24 shards and SMALL small
files; with MANY also ``bench/many-N`` on Hugging Face for each of its comma-separated N, with N files. All hashes are
computed before it says that it is ready.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from hf2ms_tui.loopback.content import BytesContent, SeededContent
from hf2ms_tui.loopback.repo import Node
from hf2ms_tui.loopback.runner import Servers
from hf2ms_tui.loopback.sample.accounts import add_accounts
from hf2ms_tui.loopback.world import World

OWNER = "bench"
SHARDS = 24
CARD = b"---\nlicense: mit\n---\n# A repo for benches\n"


def shards(hub: str, size: int) -> list[SeededContent]:
    """Contents of unequal sizes, as in life, that add up to ``size`` bytes."""
    weights = [1 + number % 5 for number in range(SHARDS)]
    sizes = [size * weight // sum(weights) for weight in weights]
    sizes[-1] += size - sum(sizes)
    return [SeededContent(f"{hub}-{size}-{number}", each) for number, each in enumerate(sizes)]


def small(count: int, hub: str) -> list[Node]:
    """Small regular files, whose sha256 Hugging Face does not tell."""
    return [
        Node(f"config/{number:05d}.json", BytesContent(f'{{"hub": "{hub}", "number": {number}}}\n'.encode()))
        for number in range(count)
    ]


def many(count: int) -> list[Node]:
    """Half large files (by kind: a few kB each), half small ones."""
    large = [
        Node(f"data/{number:05d}.bin", SeededContent(f"many-{number}", 4_000 + number % 97), lfs=True)
        for number in range(count // 2)
    ]
    return large + small(count - count // 2, "many")


def world(size: int, small_count: int, many_counts: list[int]) -> World:
    """Both hubs. A reset brings back the same contents, hashed already."""
    contents = {hub: shards(hub, size) for hub in ("hf", "ms")}
    repos = {
        hub: [
            Node("README.md", BytesContent(CARD)),
            *small(small_count, hub),
            *(
                Node(f"model-{number:05d}.safetensors", content, lfs=True)
                for number, content in enumerate(contents[hub])
            ),
        ]
        for hub in contents
    }
    lists = {count: many(count) for count in many_counts}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        everything = [
            *contents["hf"],
            *contents["ms"],
            *(n.content for nodes in lists.values() for n in nodes),
        ]
        list(pool.map(lambda content: content.sha256, everything))

    def build(state: World) -> None:
        add_accounts(state, OWNER)
        for content in everything:
            if isinstance(content, SeededContent):
                state.recipes.add(content)
        about = {"visibility": "private", "creator": "mira", "created_at": datetime(2026, 1, 5, tzinfo=UTC)}
        for hub, nodes in repos.items():
            repo = state.hub(hub).create("model", f"{OWNER}/wire", **about)
            repo.commit(nodes, message="all", author="mira", branch=state.hub(hub).default_branch)
        for count, nodes in lists.items():
            repo = state.hf.create("model", f"{OWNER}/many-{count}", **about)
            repo.commit(nodes, message="all", author="mira")

    return World(build)


async def serve(state: World) -> None:
    """Print the environment for clients, a last line ``READY=1``, and serve until a signal."""
    servers = Servers(state)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, servers.stopping.set)
    for name, value in (await servers.start()).items():
        print(f"{name}={value}")
    print("READY=1", flush=True)
    await servers.stopping.wait()
    await servers.stop()


if __name__ == "__main__":
    served = world(
        int(float(sys.argv[1]) * 1e6),
        int(sys.argv[2]),
        [int(count) for count in (sys.argv[3] if len(sys.argv) > 3 else "").split(",") if count],
    )
    gc.freeze()
    asyncio.run(serve(served))
    served.close()
    os._exit(0)
