"""An org of any number of repos: plausible names, sizes, kinds and dates, quickly made and cheap to keep.

Sizes are true: a repo is as large as its files. To make that cheap, large files are drawn from a small common stock, so
that opening any repo hashes little; each repo has small files of its own besides.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ..content import BytesContent, SeededContent
from ..repo import Node
from ..world import World
from .accounts import OWNER, add_accounts
from .known import seeded

TOPICS = (
    "aurora", "borealis", "corona", "dusk", "ember", "fjord", "glint", "halo", "iris", "juniper", "kelp", "lumen", "mica",
    "nimbus", "opal", "prism", "quartz", "rill", "sable", "tundra", "umbra", "vesper", "willow", "xenon", "yarrow", "zephyr",
)  # fmt: skip
MODEL_WORDS = (
    "base",
    "chat",
    "vision",
    "lora",
    "reward",
    "distill",
    "encoder",
    "tts",
    "sft",
    "dpo",
    "controlnet",
    "vae",
)
DATA_WORDS = (
    "train",
    "captions",
    "eval-logs",
    "pairs",
    "subset",
    "shards",
    "prompts",
    "clips",
    "pretrain",
    "dedup",
)
SPACE_WORDS = ("demo", "playground", "leaderboard", "viewer")
PREFIXES = ("", "", "", "", "", "", "poc-", "test-", "half_done-", "old-")
SUFFIXES = ("", "", "", "-v0", "-v1", "-v2", "-7b", "-1.3b", "-small", "-2024")
LICENCES = ("apache-2.0", "mit", "cc-by-4.0", "llama3.1", "openrail", "other", "")
KINDS = ("model",) * 11 + ("dataset",) * 8 + ("space",)
STOCK = 40
SMALLEST, LARGEST = 3_000_000, 420_000_000


def bulk_org(size: int, seed: str = "0", owner: str = OWNER) -> Callable[[World], None]:
    """A function that fills an empty world with an org of `size` repos on Hugging Face; ModelScope has every ninth.

    Raises ValueError if `size` is negative.
    """
    if size < 0:
        raise ValueError(f"an org cannot have {size} repos")
    shared = stock(seed)

    def fill(world: World) -> None:
        now = datetime.now(UTC)
        dice = random.Random(f"bulk {seed}")
        add_accounts(world, owner)
        for content in shared:
            world.recipes.add(content)
        for number in range(size):
            _add(world, owner, number, dice, shared, now)

    return fill


def stock(seed: str) -> list[SeededContent]:
    """The large files that all repos draw from, smallest first."""
    ratio = (LARGEST / SMALLEST) ** (1 / (STOCK - 1))
    return [
        seeded(f"{seed}/stock/{i}", int(SMALLEST * ratio**i) // 100_000 * 100_000 + i * 97)
        for i in range(STOCK)
    ]


def _name(number: int, kind: str, dice: random.Random) -> str:
    words = {"model": MODEL_WORDS, "dataset": DATA_WORDS, "space": SPACE_WORDS}[kind]
    parts = dice.choice(PREFIXES), dice.choice(TOPICS), dice.choice(words), dice.choice(SUFFIXES)
    return f"{parts[0]}{parts[1]}-{parts[2]}{parts[3]}-{number:05d}"


def _files(kind: str, name: str, dice: random.Random, stock: list[SeededContent]) -> list[Node]:
    licence = dice.choice(LICENCES)
    front = f"---\nlicense: {licence}\n---\n" if licence else ""
    nodes = [Node("README.md", BytesContent(f"{front}# {name}\n".encode()))]
    if kind == "space":
        return [*nodes, Node("app.py", BytesContent(f"print({name!r})\n".encode()))]
    # Most repos are small and a few are huge, as in life; powers of a die do that.
    first = int(dice.random() ** 2 * len(stock))
    blobs = stock[first : first + 1 + int(dice.random() ** 3 * 6)]
    pattern = "model-{:05d}.safetensors" if kind == "model" else "data/shard-{:05d}.tar"
    return nodes + [Node(pattern.format(i), blob, lfs=True) for i, blob in enumerate(blobs)]


def _add(
    world: World, owner: str, number: int, dice: random.Random, stock: list[SeededContent], now: datetime
) -> None:
    kind = dice.choice(KINDS)
    name = _name(number, kind, dice)
    public = kind == "space" or dice.random() < 0.3
    created = 2 + dice.random() ** 1.5 * 728
    updated = created * dice.random()
    nodes = _files(kind, name, dice, stock)
    about = {
        "visibility": "public" if public else "private",
        "created_at": now - timedelta(days=created),
        "downloads": int(dice.paretovariate(0.7)) if public else dice.randrange(40),
        "likes": dice.randrange(90) if public else 0,
        "sdk": "gradio" if kind == "space" else "",
        "creator": owner,
    }
    repo = world.hf.create(kind, f"{owner}/{name}", **about)
    repo.commit(nodes, message="Upload folder", date=now - timedelta(days=updated))
    if kind != "space" and number % 9 == 0:
        copy = world.ms.create(kind, f"{owner}/{name}", **about)
        kept = nodes if number % 2 else nodes[:-1]
        copy.commit(kept, message="Upload folder", date=now - timedelta(days=updated * 0.9), branch="master")
