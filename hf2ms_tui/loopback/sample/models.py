"""The models and the space of the sample org on Hugging Face."""

from __future__ import annotations

import unicodedata

from .files import MB, as_json, blob, card, checkpoint, raw, start, text, tokenizer
from .spec import Branch, FileSpec, RepoSpec, Step

VOCABULARIES = 10


def released() -> RepoSpec:
    """The public checkpoint people use: tags, and a branch with weights of its own."""
    weights = checkpoint("xl-1.0", (33 * MB + 5, 31 * MB + 11, 12 * MB + 3), model_type="aurora_xl")
    note = card(
        "Aurora XL 1.0",
        "Text-to-image model. See the tags for the exact weights of the paper.",
        front=(
            "license: openrail++",
            "pipeline_tag: text-to-image",
            "library_name: diffusers",
            "tags:",
            "- aurora",
        ),
    )
    patch = {
        "model-00003-of-00003.safetensors": blob("xl-1.0/2b", 12 * MB + 3),
        "CHANGES.md": text("1.0.1: fixed VAE.\n"),
    }
    half = {
        "fp16/model.safetensors": blob("xl-1.0/fp16", 21 * MB + 9),
        "fp16/README.md": text("Half precision.\n"),
    }
    steps = (
        Step("initial commit", 401, start()),
        Step("Release 1.0", 400, {**weights, **tokenizer("xl"), "README.md": note}),
        Step("Release 1.0.1", 366, patch),
    )
    return RepoSpec(
        "hf", "model", "aurora-xl-1.0", steps, "public", downloads=48_213, likes=312, licence="openrail++",
        branches=(Branch("fp16", 1, (Step("Half precision weights", 380, half),)),), tags={"v1.0": 1, "v1.0.1": 2},
    )  # fmt: skip


def duplicate() -> RepoSpec:
    """An exact copy of the released checkpoint, under another name."""
    steps = (
        Step("initial commit", 276, start()),
        Step("Duplicate from aurora-labs/aurora-xl-1.0", 276, released().head),
    )
    return RepoSpec("hf", "model", "aurora-xl-1.0-copy", steps, downloads=4, licence="openrail++")


def vocabularies() -> dict[str, FileSpec]:
    """The large files of the tokenizer, shared by the proof of concept that it grew out of."""
    return {
        f"vocab/lang-{i:02d}.spm": blob(f"vocab/{i}", int(1.6 * MB) + i * 2_003) for i in range(VOCABULARIES)
    }


def tokenizer_repo() -> RepoSpec:
    """Public, wholly on ModelScope."""
    note = card(
        "Aurora tokenizer",
        "One vocabulary per language, ten languages. Trained on the captions of the 2.6M set and on public text; the special "
        "tokens are those of Aurora XL. Load it with `AuroraTokenizer.from_pretrained` and pick a language by its code.",
        front=("license: apache-2.0", "language:", "- en", "- de", "- zh"),
    )
    steps = (
        Step("initial commit", 322, start()),
        Step("Add vocabularies", 321, {**vocabularies(), **tokenizer("final")}),
        Step("Update README.md", 290, {"README.md": note}),
    )
    return RepoSpec(
        "hf",
        "model",
        "aurora-tokenizer",
        steps,
        "public",
        downloads=5_120,
        likes=41,
        licence="apache-2.0",
        tags={"v1": 2},
    )


def poc_tokenizer() -> RepoSpec:
    """48 files, 14 commits; ten of twelve large files live on in the tokenizer, and `exp1` has one that is nowhere else."""
    large = {
        **{f"spm/{i:02d}.spm": spec for i, spec in enumerate(vocabularies().values())},
        "spm/merged.spm": blob("poc/merged", 3 * MB + 41),
        "spm/merged-bpe.spm": blob("poc/merged-bpe", 2 * MB + 17),
    }
    small = {f"runs/{i:02d}.json": as_json({"run": i, "loss": round(3.2 - i * 0.05, 3)}) for i in range(33)}
    small |= {
        "README.md": text("# poc tokenizer\n\ntry out, see aurora-tokenizer\n"),
        "notes.txt": text("bpe > unigram?\n"),
    }
    first = dict(list(large.items())[:6])
    steps = [
        Step("initial commit", 425, start()),
        Step("first vocabularies", 424, first),
        Step("all", 420, {**large}),
    ]
    runs = list(small.items())
    steps += [Step(f"runs {i}", 419 - i * 2.3, dict(runs[i::11])) for i in range(11)]
    only_here = {"spm/exp1-morfessor.spm": blob("poc/exp1", 6 * MB + 3)}
    return RepoSpec(
        "hf", "model", "poc-tokenizer-v0", tuple(steps), downloads=3,
        branches=(Branch("exp1", 4, (Step("morfessor variant", 402, only_here),)),),
    )  # fmt: skip


def poc_flow() -> RepoSpec:
    """A small trial, long abandoned."""
    files = {"flow.pt": blob("poc-flow", 2 * MB + 501), "train.py": text("print('todo')\n")}
    steps = (Step("initial commit", 463, start()), Step("poc", 463, files))
    return RepoSpec("hf", "model", "poc-flow-matching", steps)


def captioner() -> RepoSpec:
    """A v0 with one v0 commit in a bad mood: its title carries terminal codes and markup."""
    files = checkpoint("captioner", (9 * MB + 1, 8 * MB + 77), model_type="aurora_captioner")
    steps = (
        Step("initial commit", 310, start()),
        Step("Upload \x1b[31m[bold]weights[/bold]\x1b[0m", 309, files),
        Step("Add card", 305, {"README.md": card("Captioner v0", "Superseded.", front=("license: mit",))}),
    )
    return RepoSpec("hf", "model", "aurora-captioner-v0", steps, downloads=22, licence="mit")


def broken_upload() -> RepoSpec:
    """Its copy on ModelScope has one file with other bytes, and the listing says so."""
    files = checkpoint("broken", (7 * MB + 3, 7 * MB + 5, 6 * MB + 1), model_type="aurora_xl")
    note = card("Upscaler", "Latent upscaler.", front=("license: gpl-3.0",))
    steps = (Step("initial commit", 186, start()), Step("Upload weights", 185, {**files, "README.md": note}))
    return RepoSpec("hf", "model", "broken-upload", steps, downloads=31, likes=1, licence="gpl-3.0")


def depth() -> RepoSpec:
    """Its copy on ModelScope lists every hash rightly and serves a wrong byte: only reading back shows it."""
    files = checkpoint("depth-small", (5 * MB + 9, 4 * MB + 1), model_type="aurora_depth")
    note = card("Aurora depth, small", "Monocular depth.", front=("license: bsd-3-clause",))
    steps = (Step("initial commit", 222, start()), Step("Upload weights", 220, {**files, "README.md": note}))
    return RepoSpec("hf", "model", "aurora-depth-small", steps, downloads=64, likes=2, licence="bsd-3-clause")


def gated() -> RepoSpec:
    """Public but gated: its gate must not be lost on the way."""
    note = card(
        "Aurora Med 8B",
        "Access is granted by hand; tell us what you do with it.",
        front=(
            "license: llama3.1",
            "base_model: meta-llama/Llama-3.1-8B",
            "extra_gated_prompt: Research only.",
        ),
    )
    files = checkpoint("med-8b", (11 * MB + 1, 10 * MB + 33), model_type="llama")
    steps = (
        Step("initial commit", 98, start()),
        Step(
            "Upload weights", 97, {**files, **tokenizer("med"), "USE_POLICY.md": text("Not for diagnosis.\n")}
        ),
        Step("Update README.md", 62, {"README.md": note}),
    )
    return RepoSpec(
        "hf", "model", "aurora-med-8b", steps, "public", "manual", downloads=903, likes=57, licence="llama3.1"
    )


def odd_names() -> RepoSpec:
    """Names that are legal and break what is not careful: globs, markup, direction marks, two spellings of one word."""
    word = "café"
    paths = (
        "styles/été à la plage/poids.safetensors",
        "styles/桜 spring/weights, final (2).safetensors",
        "styles/[red]alert[/red].safetensors",
        "styles/🌅 dawn/👩‍🎨.safetensors",
        "styles/שלום-مرحبا.safetensors",
        "styles/\u202egnp.ecalp.safetensors",
        "styles/a,b[0-9]*?.safetensors",
        "styles/50%20off #1 & more+less=?.safetensors",
        'styles/it\'s "quoted" $HOME `x`.safetensors',
        f"styles/{'long-' * 38}name.safetensors",
    )
    files = {path: blob(f"odd/{i}", 150_000 + i * 7_001) for i, path in enumerate(paths)}
    files[f"notes/{unicodedata.normalize('NFC', word)}.txt"] = text("composed\n")
    files[f"notes/{unicodedata.normalize('NFD', word)}.txt"] = text("decomposed\n")
    files |= {
        "-rf": text("a file, not an option\n"),
        "CON.txt": text("reserved elsewhere\n"),
        ".hidden/.keep": raw(b""),
    }
    note = card(
        "Styles 🌅", "LoRA styles, [named] as the artists liked.", front=("license: creativeml-openrail-m",)
    )
    steps = (
        Step("initial commit", 75, start()),
        Step('Styles, "odd" names & all', 74, {**files, "README.md": note}),
    )
    return RepoSpec(
        "hf", "model", "Aurora_LoRA.styles-v2.1", steps, downloads=45, licence="creativeml-openrail-m"
    )


def finetune() -> RepoSpec:
    """Its repo on ModelScope exists and is empty: existing is no backup."""
    files = checkpoint("finetune-q3", (8 * MB + 2,), model_type="aurora_xl")
    steps = (Step("initial commit", 55, start()), Step("Q3 fine-tune", 54, files))
    return RepoSpec("hf", "model", "finetune-q3", steps, downloads=8)


def trainer_code() -> RepoSpec:
    """Dotfiles at the root and below, and a licence that is a list."""
    note = card(
        "Trainer",
        "Training code and a smoke-test checkpoint.",
        front=("license:", "- apache-2.0", "- cc-by-4.0"),
    )
    files = {
        ".gitignore": text("*.pyc\n__pycache__/\nwandb/\n"),
        ".gitmodules": text(""),
        ".github/workflows/ci.yml": text("on: push\njobs: {}\n"),
        ".github/CODEOWNERS": text("* @aurora-labs/core\n"),
        "src/trainer/__init__.py": text('"""Trainer."""\n'),
        "src/trainer/loop.py": text("def run(steps):\n    for step in range(steps):\n        yield step\n"),
        "configs/[a,b] sweep.yaml": text("lr: [1e-4, 3e-4]\n"),
        "smoke/tiny.safetensors": blob("trainer/tiny", 700_001),
    }
    steps = (
        Step("initial commit", 512, start()),
        Step("Import", 511, files),
        Step("Update README.md", 33, {"README.md": note}),
    )
    return RepoSpec(
        "hf", "model", "aurora-trainer", steps, "public", downloads=640, likes=23, licence="apache-2.0"
    )


def bench_model() -> RepoSpec:
    """Shares its id with a dataset."""
    steps = (
        Step("initial commit", 126, start()),
        Step(
            "Scorer",
            125,
            {"scorer.safetensors": blob("bench/scorer", 3 * MB), "config.json": as_json({"k": 5})},
        ),
    )
    return RepoSpec("hf", "model", "aurora-bench", steps, downloads=29)


def empty() -> RepoSpec:
    """Made and never filled."""
    return RepoSpec("hf", "model", "aurora-next", (Step("initial commit", 19, start()),))


def space() -> RepoSpec:
    """A space: inventoried, not migrated."""
    note = card(
        "Aurora demo",
        "Try it.",
        front=("title: Aurora demo", "sdk: gradio", "app_file: app.py", "license: mit"),
    )
    app = text("import gradio as gr\n\ngr.Interface(lambda s: s[::-1], 'text', 'text').launch()\n")
    steps = (
        Step("initial commit", 181, {**start(), "README.md": note}),
        Step(
            "First version",
            180,
            {"app.py": app, "requirements.txt": text("gradio\n"), "ex/1.webp": blob("demo/1", 81_000)},
        ),
    )
    return RepoSpec("hf", "space", "aurora-demo", steps, "public", likes=88, licence="mit", sdk="gradio")


def all_models() -> tuple[RepoSpec, ...]:
    """All models and the space, in no particular order."""
    makers = (
        released, duplicate, tokenizer_repo, poc_tokenizer, poc_flow, captioner, broken_upload, depth, gated, odd_names,
        finetune, trainer_code, bench_model, empty, space,
    )  # fmt: skip
    return tuple(make() for make in makers)
