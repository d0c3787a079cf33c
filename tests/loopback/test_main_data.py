"""Folders of one's own, served to the real SDKs, which are given nothing but the printed environment."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hf2ms_tui.loopback.datadir import DataDirError, data_org
from hf2ms_tui.loopback.world import World
from support.loopback_process import command, environment, served

BIG = b"all text, but a lot of it\n" * 420_000


def fill(root: Path) -> Path:
    model = root / "hf" / "models" / "me" / "mine"
    (model / "deep" / "er").mkdir(parents=True)
    (model / "README.md").write_text("---\nlicense: mit\n---\n# Mine\n")
    (model / "weights.bin").write_bytes(bytes(range(256)) * 5_000)
    (model / "deep" / "er" / "big.txt").write_bytes(BIG)
    (model / "deep" / "naïve, [file] #1.txt").write_text("héllo\n")
    (model / ".gitignore").write_text("*.tmp\n")
    (model / "empty").touch()
    (model / ".git").mkdir()
    (model / ".git" / "config").write_text("not part of it")
    data = root / "ms" / "dataset" / "me" / "theirs"
    data.mkdir(parents=True)
    (data / "a.csv").write_text("a,b\n1,2\n")
    (root / ".DS_Store").write_bytes(b"\0")
    return root


def snapshot(root: Path) -> dict[str, tuple[str, int]]:
    return {
        str(path.relative_to(root)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def run_client(program: str, env: dict[str, str], tmp_path: Path, *arguments: str) -> dict[str, object]:
    """Run a program of a user of the SDKs in a process of its own; it prints JSON last."""
    home = str(tmp_path / "home")
    own = {"HOME": home, "HF_HOME": home, "HF_HUB_CACHE": home, "HF_HUB_DISABLE_IMPLICIT_TOKEN": "0"}
    quiet = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_XET": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        env=environment(**env, **own, **quiet),
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answer


ROUND_TRIP = """
import json, sys
from huggingface_hub import HfApi, snapshot_download
api = HfApi()
before = {f.path: [f.size, f.lfs.sha256 if f.lfs else None] for f in api.list_repo_tree("me/mine", recursive=True)
          if hasattr(f, "size")}
snapshot_download("me/mine", local_dir=sys.argv[1])
api.upload_folder(repo_id="me/mine", folder_path=sys.argv[2], path_in_repo="new", commit_message="more")
snapshot_download("me/mine", local_dir=sys.argv[3])
info = api.model_info("me/mine")
print(json.dumps({"before": before, "private": info.private, "licence": info.card_data.license}))
"""


def test_round_trip_with_the_hugging_face_sdk(tmp_path: Path) -> None:
    root = fill(tmp_path / "data")
    before = snapshot(root)
    more = tmp_path / "more"
    more.mkdir()
    (more / "uploaded.bin").write_bytes(os.urandom(2_000_000))
    (more / "uploaded.txt").write_text("new\n")
    with served("--data", str(root)) as (_, env):
        folders = [str(tmp_path / "first"), str(more), str(tmp_path / "second")]
        said = run_client(ROUND_TRIP, env, tmp_path, *folders)
    mine = root / "hf" / "models" / "me" / "mine"
    files = {str(p.relative_to(mine)): p for p in mine.rglob("*") if p.is_file() and ".git/" not in str(p)}
    lfs = {"weights.bin", "deep/er/big.txt"}
    assert said["private"] is True and said["licence"] == "mit"
    assert said["before"] == {
        name: [path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest() if name in lfs else None]
        for name, path in files.items()
    }
    for name, path in files.items():
        assert (tmp_path / "first" / name).read_bytes() == path.read_bytes(), name
        if name != ".gitattributes":
            assert (tmp_path / "second" / name).read_bytes() == path.read_bytes(), name
    for path in more.iterdir():
        assert (tmp_path / "second" / "new" / path.name).read_bytes() == path.read_bytes()
    assert snapshot(root) == before, "nothing is written into the folder"


MODELSCOPE = """
import json, os
from pathlib import Path
from modelscope_hub import HubApi
from modelscope_hub.config import HubConfig
api = HubApi(HubConfig(config_dir=Path("/dev/null/n"), cache_dir=Path("/dev/null/n"),
                       endpoint=os.environ["MODELSCOPE_ENDPOINT"], token=os.environ["MODELSCOPE_TOKEN"]))
files = api.legacy.list_repo_files("me/theirs", "dataset", "master")
body = api.legacy.download_stream("me/theirs", "dataset", "a.csv", "master").content
print(json.dumps({"files": {f["Path"]: f["Sha256"] for f in files}, "body": body.decode()}))
"""


def test_the_modelscope_side(tmp_path: Path) -> None:
    with served("--data", str(fill(tmp_path / "data"))) as (_, env):
        said = run_client(MODELSCOPE, env, tmp_path)
    assert said == {"files": {"a.csv": hashlib.sha256(b"a,b\n1,2\n").hexdigest()}, "body": "a,b\n1,2\n"}


def test_files_are_not_hashed_before_somebody_asks(tmp_path: Path) -> None:
    root = fill(tmp_path)
    world = World(data_org(root))
    repo = world.hf.get("model", "me/mine")
    assert repo is not None
    assert not any(node.content.is_hashed for node in repo.head().files.values())
    (root / "hf" / "models" / "me" / "mine" / "later.txt").write_text("later\n")
    world.reset()
    repo = world.hf.get("model", "me/mine")
    assert repo is not None and "later.txt" in repo.head().files, "a reset looks again"
    assert {"me"} <= world.hf.accounts.keys() & world.ms.accounts.keys()
    world.close()


@pytest.mark.parametrize(
    ("places", "says"),
    [
        ((), "no repo under"),
        (("readme.txt",), "is a file where a folder for a hub must be"),
        (("github/models/me/mine/a",), "is not a hub"),
        (("hf/weights/me/mine/a",), "is not a kind"),
        (("hf/models/notes.txt",), "is a file where a folder for an owner must be"),
        (("hf/models/me/a.bin",), "is a file where a folder for a repo must be"),
        (("hf/models/me/my model/a",), "letters, digits"),
        (("hf/models/me/a--b/a",), "letters, digits"),
        (("hf/models/me/mine/a", "hf/model/me/mine/a"), "has the model me/mine already"),
        (("hf/models/me/mine/a", "hf/models/me/Mine/a"), "already"),
    ],
)
def test_another_layout_is_refused_with_the_place(tmp_path: Path, places: tuple[str, ...], says: str) -> None:
    for place in places:
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text("x")
    with pytest.raises(DataDirError, match=says):
        World(data_org(tmp_path)).close()


def test_what_cannot_be_served_is_refused(tmp_path: Path) -> None:
    root = fill(tmp_path)
    mine = root / "hf" / "models" / "me" / "mine"
    os.mkfifo(mine / "pipe")
    with pytest.raises(DataDirError, match="pipe is no regular file"):
        World(data_org(root))
    (mine / "pipe").unlink()
    (mine / "dangling").symlink_to("nowhere")
    with pytest.raises(DataDirError, match=r"cannot read .*dangling"):
        World(data_org(root))
    (mine / "dangling").unlink()
    os.close(os.open(os.fsencode(mine) + b"/\xff.txt", os.O_CREAT))
    with pytest.raises(DataDirError, match="only UTF-8"):
        World(data_org(root))


def test_the_command_exits_with_2_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "data" / "hub").mkdir(parents=True)
    spool = tmp_path / "tmp"
    spool.mkdir()
    done = subprocess.run(
        command("--data", str(tmp_path / "data")),
        capture_output=True,
        text=True,
        env=environment(TMPDIR=str(spool)),
        timeout=30,
    )
    assert done.returncode == 2 and "is not a hub" in done.stderr and "Traceback" not in done.stderr
    (tmp_path / "data" / "hub").rename(tmp_path / "data" / "hf")
    broken = tmp_path / "data" / "hf" / "models" / "me" / "mine"
    broken.mkdir(parents=True)
    (broken / "dangling").symlink_to("nowhere")
    done = subprocess.run(
        command("--data", str(tmp_path / "data")),
        capture_output=True,
        text=True,
        env=environment(TMPDIR=str(spool)),
    )
    assert done.returncode == 2 and "dangling" in done.stderr and "Traceback" not in done.stderr
    assert not list(spool.iterdir())
