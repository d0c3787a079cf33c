"""Small worlds for tests, and the official Hugging Face client set up for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from huggingface_hub import HfApi

from hf2ms_tui.loopback.content import BytesContent, Content, SeededContent
from hf2ms_tui.loopback.huggingface.attributes import initial_attributes
from hf2ms_tui.loopback.runner import Running, start
from hf2ms_tui.loopback.world import Account, Hub, Node, Repo, Token, World

WRITE, READ, OUTSIDER, LIMITED = "hf_write0001", "hf_read0002", "hf_outsider0003", "hf_limited0004"
ORG = "acme"
BORN = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


def add_people(hub: Hub) -> None:
    """An org with an admin (tokens: write, read, and one limited to reading the org) and somebody outside."""
    hub.add_account(Account("ada", fullname="Ada"))
    hub.add_account(Account("bob", fullname="Bob"))
    hub.add_account(Account(ORG, "org", "Acme", {"ada": "admin"}))
    hub.add_token(Token(WRITE, "ada", "write", label="write"))
    hub.add_token(Token(READ, "ada", "read", label="read"))
    hub.add_token(Token(OUTSIDER, "bob", "write", label="outsider"))
    hub.add_token(
        Token(LIMITED, "ada", "fineGrained", frozenset({ORG}), "limited", scopes=("repo.content.read",))
    )


def add_repo(
    world: World, kind: str, repo_id: str, files: Mapping[str, bytes | Content], **about: object
) -> Repo:
    """A repo of the Hugging Face hub with one commit: bytes are regular files, contents are LFS files with a recipe."""
    repo = world.hf.create(kind, repo_id, creator="ada", created_at=BORN, last_modified=BORN, **about)
    nodes = [Node(".gitattributes", BytesContent(initial_attributes(kind)))]
    for path, content in files.items():
        if isinstance(content, bytes):
            nodes.append(Node(path, BytesContent(content)))
        else:
            world.recipes.add(content)
            nodes.append(Node(path, content, lfs=True))
    repo.commit(nodes, message="initial commit", author="ada", date=BORN)
    return repo


def small_world(world: World) -> None:
    """People, a private model, a public one with branches and tags, a gated dataset, a space, an empty repo."""
    add_people(world.hf)
    weights = SeededContent("weights", 3_000_000)
    add_repo(
        world,
        "model",
        f"{ORG}/tiny",
        {
            "README.md": b"---\nlicense: mit\ntags:\n- demo\n---\n# Tiny\n",
            "config.json": b'{"hidden": [' + b", ".join(b"%d" % n for n in range(2000)) + b"]}",
            "weights.bin": weights,
            "nested/deep/er/data.bin": SeededContent("deep", 1_234_567),
            "odd/na me [1] #ü%20.txt": b"odd but legal\n",
        },
        visibility="private",
        licence="mit",
    )
    public = add_repo(world, "model", f"{ORG}/open", {"a.txt": b"first\n", "model.safetensors": weights})
    public.create_tag("v1.0")
    public.create_branch("dev")
    public.commit([Node("a.txt", BytesContent(b"second\n"))], message="second", author="ada", branch="dev")
    public.converts["parquet"] = public.head().id
    add_repo(
        world, "dataset", f"{ORG}/gated", {"train.parquet": SeededContent("train", 70_000)}, gated="manual"
    )
    add_repo(world, "space", f"{ORG}/demo", {"app.py": b"print('hi')\n"}, sdk="gradio")
    world.hf.create("dataset", f"{ORG}/empty", creator="ada", created_at=BORN, last_modified=BORN)


def many_files(world: World) -> None:
    """A dataset with 3,500 files in one folder."""
    files = {f"images/{number:05d}.txt": b"image %d\n" % number for number in range(3500)}
    add_repo(world, "dataset", f"{ORG}/many", files)


@contextmanager
def serve(*builders: Callable[[World], None]) -> Iterator[Running]:
    """A running world made by `builders` (default: `small_world`). No handler may have failed by the end."""

    def build(world: World) -> None:
        for builder in builders or (small_world,):
            builder(world)

    with start(World(build)) as running:
        yield running
        assert running.log.errors == []


def client(running: Running, token: str | bool = WRITE) -> HfApi:
    """The unpatched client; False is nobody in particular."""
    return HfApi(endpoint=running.env["HF_ENDPOINT"], token=token)
