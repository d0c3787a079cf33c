"""Writing what is on a screen to a file in the folder where the program was started, as JSON."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.proof import Proof
from hf2ms_tui.services import report
from hf2ms_tui.services.planned import Plan


def export_proof(proof: Proof, folder: Path) -> Path:
    """Write a proof with every file's verdict and hashes; the same proof always gets the same name."""
    return _write(folder / f"proof-{slug(str(proof.source.id))}-{proof.id}.json", report.proof_dict(proof))


def export_plan(plan: Plan, folder: Path) -> Path:
    """Write a plan with its totals and items, named by its moment (UTC)."""
    return _write(folder / f"plan-{plan.at:%Y%m%dT%H%M%SZ}.json", plan.as_dict())


def slug(text: str) -> str:
    """``text`` as part of a file's name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)[:120]


def _write(path: Path, value: Any) -> Path:
    return write_text(path, json.dumps(value, indent=2) + "\n")


def write_text(path: Path, text: str) -> Path:
    """Write the whole file or none of it, readable by its owner only. Raises Hf2msError when the folder cannot be written."""
    handle, temporary = -1, ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise Hf2msError(
            f"{path.name} was not written: {error.strerror or error}",
            way_out=f"Choose a folder that you may write to; this one is {path.parent}.",
        ) from None
    return path
