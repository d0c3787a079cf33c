"""The datasets of the sample org on Hugging Face.

Three of them tell the story of a clean-up: `aurora-2.6m-train` is the parent, `aurora-70k-subset` holds a few of its very
shards, and `shards-repacked` holds the same images in other archives, so that only its folders and counts give it away.
"""

from __future__ import annotations

from .files import MB, as_json, blob, card, raw, shards, start, text
from .spec import FileSpec, RepoSpec, Step

PARENT_SHARDS = 24
SUBSET = (3, 8, 13, 21)

# Megabytes of the clips; uneven on purpose: a plan that takes them in order finishes late.
CLIP_MB = (64, 11, 43, 112, 17, 35, 79, 10, 29, 98, 21, 52, 13, 71, 26, 47, 87, 12, 39, 58, 15, 32, 19, 24)


def parent_shards() -> dict[str, FileSpec]:
    """The shards of the parent, in two splits."""
    train = shards("aurora-2.6m", "train/shard-{:04d}.tar", range(PARENT_SHARDS - 2), int(3.4 * MB))
    held_out = shards(
        "aurora-2.6m", "val/shard-{:04d}.tar", range(PARENT_SHARDS - 2, PARENT_SHARDS), int(2.1 * MB)
    )
    return {**train, **held_out}


def parent() -> RepoSpec:
    """Private training set, wholly on ModelScope."""
    note = card(
        "Aurora 2.6M",
        "2.6 million captioned images, sharded. Internal training set; see `meta/index.json` for the shard map.",
        front=(
            "license: other",
            "license_name: aurora-internal",
            "license_link: LICENSE",
            "size_categories:",
            "- 1M<n<10M",
        ),
    )
    meta = {
        "meta/index.json": as_json({"shards": PARENT_SHARDS, "images": 2_600_000, "seed": 7}),
        "meta/captions.parquet": blob("aurora-2.6m/captions", 5 * MB + 77),
        "LICENSE": text("Internal use only. Do not redistribute.\n"),
    }
    steps = (
        Step("initial commit", 702, start()),
        Step(
            "Upload 22 train shards",
            700,
            {p: f for p, f in parent_shards().items() if p.startswith("train/")},
        ),
        Step(
            "Upload held-out split", 698, {p: f for p, f in parent_shards().items() if p.startswith("val/")}
        ),
        Step("Card, licence, captions", 21, {"README.md": note, **meta}),
    )
    return RepoSpec(
        "hf", "dataset", "aurora-2.6m-train", steps, downloads=214, likes=3, licence="other", tags={"v1": 2}
    )


def subset() -> RepoSpec:
    """Every large file of it is a shard of the parent; the paths differ."""
    shard = parent_shards()
    data = {f"data/{i:02d}.tar": shard[f"train/shard-{number:04d}.tar"] for i, number in enumerate(SUBSET)}
    note = card(
        "Aurora 70k", "A 70k subset of aurora-2.6m-train for quick experiments.", front=("license: other",)
    )
    steps = (
        Step("initial commit", 265, start()),
        Step("Upload folder using huggingface_hub", 264, data),
        Step("Update README.md", 241, {"README.md": note}),
    )
    return RepoSpec("hf", "dataset", "aurora-70k-subset", steps, downloads=61, licence="other")


def repacked() -> RepoSpec:
    """Same folders, same number of archives, nearly the same sizes as the parent; other names, other hashes."""
    renamed = {
        path.replace("shard-", "part_"): blob(f"repacked/{path}", spec.size + 512)
        for path, spec in parent_shards().items()
    }
    extra = {
        "meta/index.json": as_json({"shards": PARENT_SHARDS, "images": 2_600_000, "packer": "v2"}),
        "meta/captions.parquet": blob("repacked/captions", 5 * MB + 1_101),
        "LICENSE": text("Internal use only. Do not redistribute.\n"),
    }
    note = card(
        "Shards, repacked", "aurora-2.6m-train packed again with larger records.", front=("license: other",)
    )
    steps = (
        Step("initial commit", 158, start()),
        Step("Upload folder using huggingface_hub", 157, {**renamed, **extra}),
        Step("Update README.md", 152, {"README.md": note}),
    )
    return RepoSpec("hf", "dataset", "shards-repacked", steps, downloads=9, licence="other")


def eval_log(number: int) -> FileSpec:
    """One of the 3,500 small logs; no two are alike."""
    score = (number * 7919) % 10_000
    lines = [
        f'{{"run":{number},"step":{step},"clip":0.{(score + step * 131) % 10_000:04d}}}' for step in range(8)
    ]
    return text("\n".join(lines) + "\n")


def eval_logs() -> RepoSpec:
    """3,500 files in one folder; ModelScope has what stood there before the last three commits."""
    note = card("Eval logs", "One file per run, all in `logs/`.", front=("license: cc-by-4.0",))
    fixed = {f"logs/run-{n:05d}.jsonl": text(f'{{"run":{n},"void":true}}\n') for n in (17, 2204)}
    steps = (
        Step("initial commit", 300, start()),
        Step("Upload 3460 runs", 299, {f"logs/run-{n:05d}.jsonl": eval_log(n) for n in range(3_460)}),
        Step("Update README.md", 120, {"README.md": note}),
        Step("Runs of this week", 9, {f"logs/run-{n:05d}.jsonl": eval_log(n) for n in range(3_460, 3_490)}),
        Step("Void two broken runs", 6, fixed),
        Step("Last ten runs", 2, {f"logs/run-{n:05d}.jsonl": eval_log(n) for n in range(3_490, 3_500)}),
    )
    return RepoSpec("hf", "dataset", "eval-logs", steps, downloads=38, licence="cc-by-4.0")


def video_clips() -> RepoSpec:
    """About 1 GB in files of 10 to 112 MB: the one whose chunks are worth watching."""
    clips = {
        f"clips/{i:03d}_{'day' if i % 3 else 'night'}.mp4": blob(f"clips/{i}", size * MB + i * 4_099 + 1)
        for i, size in enumerate(CLIP_MB)
    }
    manifest = {"clips.csv": text("id,seconds\n" + "".join(f"{i},{s}\n" for i, s in enumerate(CLIP_MB)))}
    note = card("Aurora video clips", "Uncut clips for the video model.", front=("license: cc-by-nc-4.0",))
    steps = (
        Step("initial commit", 47, start()),
        Step("Upload folder using huggingface_hub", 46, clips),
        Step("Add manifest and card", 41, {**manifest, "README.md": note}),
    )
    return RepoSpec(
        "hf", "dataset", "aurora-video-clips", steps, downloads=12, likes=1, licence="cc-by-nc-4.0"
    )


def half_done() -> RepoSpec:
    """An upload that was given up: three of eight parts."""
    parts = shards("captions", "captions/part-{:05d}-of-00008.parquet", range(3), 4 * MB)
    steps = (Step("initial commit", 338, start()), Step("WIP upload", 337, parts))
    return RepoSpec("hf", "dataset", "half_done-captions", steps, downloads=2)


def test_upload() -> RepoSpec:
    """Somebody tried the upload."""
    steps = (
        Step("initial commit", 488, start()),
        Step("test", 488, {"test.txt": text("hello\n"), "test.bin": blob("test-upload", 1_048_576)}),
    )
    return RepoSpec("hf", "dataset", "test-upload", steps, downloads=1)


def faces() -> RepoSpec:
    """Private here, public on ModelScope: moving into that copy would publish it."""
    data = shards("faces", "faces-{:03d}.zip", range(5), 3 * MB)
    note = card("Faces", "Consented portraits. **Never publish.**", front=("license: other",))
    steps = (
        Step("initial commit", 410, start()),
        Step("Upload portraits", 409, data),
        Step("Update README.md", 201, {"README.md": note}),
    )
    return RepoSpec("hf", "dataset", "aurora-faces", steps, downloads=17, licence="other")


def bench_data() -> RepoSpec:
    """Shares its id with a model."""
    steps = (
        Step("initial commit", 131, start()),
        Step("Add prompts", 128, {"prompts.jsonl": text('{"prompt":"a lighthouse at dawn"}\n' * 40)}),
        Step("Add references", 127, {"references.npz": blob("bench/references", 2 * MB)}),
    )
    return RepoSpec("hf", "dataset", "aurora-bench", steps, downloads=77, likes=2)


def nested() -> RepoSpec:
    """Folders in folders, twelve deep, with files at every level."""
    files: dict[str, FileSpec] = {}
    folder = "corpus"
    for depth in range(12):
        folder = f"{folder}/level-{depth:02d}"
        files[f"{folder}/page.md"] = text(f"# Page at depth {depth}\n")
        files[f"{folder}/scans/.gitkeep"] = raw(b"")
        files[f"{folder}/scans/page.webp"] = blob(f"nested/{depth}", 90_000 + depth * 1_013)
    note = card(
        "Nested corpus", "Pages as they lay in the archive.", front=("license: cc0-1.0", "language: en")
    )
    steps = (
        Step("initial commit", 560, start()),
        Step("Import archive", 559, files),
        Step("Update README.md", 544, {"README.md": note}),
    )
    return RepoSpec(
        "hf", "dataset", "nested-corpus", steps, "public", downloads=1_204, likes=19, licence="cc0-1.0"
    )


def legacy_notes() -> RepoSpec:
    """A README that is not UTF-8 and a licence that no list knows."""
    note = b"---\nlicense: aurora-community-1.0\n---\n# Notes d'\xe9t\xe9\n\nBytes from before UTF-8: \xff\xfe \x93quoted\x94\n"
    files = {
        "README.md": raw(note),
        "notes.bin": blob("legacy-notes", 420_000),
        "old/lisez-moi.txt": raw(b"\xe0 lire\n"),
    }
    steps = (Step("initial commit", 725, start()), Step("Import from the old server", 724, files))
    return RepoSpec("hf", "dataset", "legacy-notes", steps, downloads=5, licence="aurora-community-1.0")


def all_datasets() -> tuple[RepoSpec, ...]:
    """All datasets of the org, in no particular order."""
    makers = (
        parent, subset, repacked, eval_logs, video_clips, half_done, test_upload, faces, bench_data, nested, legacy_notes,
    )  # fmt: skip
    return tuple(make() for make in makers)
