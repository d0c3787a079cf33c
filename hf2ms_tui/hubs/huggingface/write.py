"""The half that creates repos on Hugging Face and adds to them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

from hf2ms_tui.domain.errors import Conflict, NotFound, VisibilityRefused
from hf2ms_tui.domain.manifest import Blob
from hf2ms_tui.domain.repo import Gating, GitRef, Hub, Kind, RepoInfo, RepoRef, Visibility
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs import refnames
from hf2ms_tui.hubs.card import problems_for_hf, read_card
from hf2ms_tui.hubs.data import Answer
from hf2ms_tui.hubs.errors import Context, from_answer, lied
from hf2ms_tui.hubs.huggingface import commit, lfs, refs
from hf2ms_tui.hubs.huggingface.client import HuggingFaceClient
from hf2ms_tui.hubs.huggingface.read import HuggingFaceReader
from hf2ms_tui.hubs.patience import patiently
from hf2ms_tui.hubs.protocol import ByteSource, Change, CommitLimits, Prepared, Ticket

_SUFFIXES = """
    7z arrow avro bin bz2 ckpt ftz gz h5 joblib lz4 mds mlmodel model msgpack npy npz onnx ot parquet pb
    pickle pkl pt pth rar safetensors tar tflite tgz wasm xz zip zst pcm sam raw aac flac mp3 ogg wav
    bmp gif png tiff jpg jpeg webp mp4 webm
"""
_STORED = tuple(f".{suffix}" for suffix in _SUFFIXES.split())
"""Patterns of the .gitattributes that the hub puts into new repos; what it wants inside a commit is decided by the hub."""


class HuggingFaceWriter:
    """Implements ``protocol.HubWriter``."""

    def __init__(self, client: HuggingFaceClient, reader: HuggingFaceReader) -> None:
        self._client = client
        self._reader = reader

    @property
    def hub(self) -> Hub:
        """Hugging Face."""
        return Hub.HF

    @property
    def limits(self) -> CommitLimits:
        """What one commit may hold."""
        return commit.LIMITS

    def prepare(
        self, ref: RepoRef, *, visibility: Visibility, licence: str | None, sdk: str | None = None
    ) -> Prepared:
        """Create the repo if it is missing, private unless ``visibility`` is public, and read it back.

        A repo that is there keeps its visibility and its gate: neither is ever changed here. Hugging Face keeps a licence
        only in the README, which comes with the files, so ``licence`` needs nothing. Raises VisibilityRefused.
        """
        created = False
        try:
            info = self._reader.repo(ref)
        except NotFound:
            created = self._create(ref, visibility, sdk)
            info = patiently(lambda: self._reader.repo(ref))
        self._refuse_wider(info, visibility, created)
        try:
            revision = self._reader.resolve(ref)
        except NotFound:
            revision = ""
        return Prepared(info, created, revision)

    def inline(self, path: str, size: int, kind: Kind) -> bool:
        """Whether the file goes inside the commit: empty ones, the README, and small ones no storage pattern matches.

        A first guess that costs nothing; ``commit`` asks the hub with the true first bytes and stores what it wants stored.
        """
        name = path.rpartition("/")[2].lower()
        if not size or path == "README.md":
            return True
        return size <= commit.LIMITS.inline_file and not name.endswith(_STORED) and "tfevents" not in name

    def missing(self, ref: RepoRef, blobs: Sequence[Blob]) -> tuple[Ticket, ...]:
        """See ``lfs.missing``."""
        return lfs.missing(self._client, ref, blobs)

    def put(self, ref: RepoRef, ticket: Ticket, source: ByteSource) -> None:
        """See ``lfs.put``."""
        lfs.put(self._client, ref, ticket, source)

    def commit(
        self, ref: RepoRef, branch: str, message: str, changes: Sequence[Change], parent: str = ""
    ) -> str:
        """See ``commit.commit``."""
        return commit.commit(self._client, ref, branch, message, changes, parent)

    @property
    def ref_kinds(self) -> frozenset[str]:
        """Branches and tags."""
        return refnames.KINDS[Hub.HF]

    def why_not_ref(self, kind: str, name: str) -> str:
        """See ``refnames.why_not``."""
        return refnames.why_not(Hub.HF, kind, name)

    def make_branch(self, ref: RepoRef, name: str, revision: str) -> None:
        """See ``refs.make``."""
        refs.make(self._client, self._reader, ref, GitRef(name, "branch", revision))

    def make_tag(self, ref: RepoRef, name: str, revision: str) -> None:
        """See ``refs.make``."""
        refs.make(self._client, self._reader, ref, GitRef(name, "tag", revision))

    def gate(self, ref: RepoRef, gating: Gating) -> None:
        """Set the gate and read it back; see ``protocol.HubWriter.gate``."""
        context = self._client.context("gate the repo", ref)
        word: Literal["auto", "manual"] = "auto" if gating is Gating.AUTO else "manual"
        if gating not in {Gating.AUTO, Gating.MANUAL}:
            raise ValueError("a gate is only ever closed here")
        self._client.sdk(
            context,
            lambda api: api.update_repo_settings(str(ref.id), repo_type=ref.kind.value, gated=word),
        )
        if self._reader.repo(ref).gating is not gating:
            raise lied(context, "it reports success, but the repo is not gated")

    def check_card(self, kind: Kind, text: str) -> tuple[str, ...]:
        """What Hugging Face would refuse in a README's metadata. The hub is asked; our own reading explains its answer.

        Our own request: the SDK offers this check only inside ``create_commit``.
        """
        context = self._client.context("check a README's metadata")
        answer = patiently(lambda: self._ask_about_card(kind, text, context))
        ours = problems_for_hf(read_card(text), kind)
        if answer.status not in {200, 400}:
            return ours
        said = answer.json(context)
        errors = said.get("errors") if isinstance(said, dict) else None
        if not isinstance(errors, list):
            raise lied(context, "it does not say what is wrong")
        if not errors:
            return ()
        theirs = [
            f"Hugging Face says: {clean(str(item.get('message') if isinstance(item, dict) else item), 300)}"
            for item in errors
        ]
        if any("licence identifier" in problem for problem in ours):
            # the hub lists all identifiers there are; ours says what to write
            theirs = [problem for problem in theirs if '"license" must be' not in problem]
        return (*ours, *theirs)

    def _ask_about_card(self, kind: Kind, text: str, context: Context) -> Answer:
        answer = self._client.data.request(
            "POST",
            f"{self._client.endpoint}/api/validate-yaml",
            context,
            headers={**self._client.headers(), "Content-Type": "application/json"},
            body=json.dumps({"content": text, "repoType": kind.value}).encode(),
        )
        if answer.status == 429 or answer.status >= 500:
            raise from_answer(context, answer.status, answer.headers, answer.body)
        return answer

    def _create(self, ref: RepoRef, visibility: Visibility, sdk: str | None) -> bool:
        public = visibility is Visibility.PUBLIC
        try:
            self._client.sdk(
                self._client.context("create the repo", ref),
                lambda api: api.create_repo(
                    str(ref.id),
                    repo_type=ref.kind.value,
                    visibility="public" if public else "private",
                    space_sdk=sdk or "static" if ref.kind is Kind.SPACE else None,
                ),
            )
        except Conflict:
            return False  # somebody made it in the meantime; who can see it is checked all the same
        return True

    def _refuse_wider(self, info: RepoInfo, visibility: Visibility, created: bool) -> None:
        if not info.visibility.wider_than(visibility):
            return
        made = "It was made just now and is empty" if created else "It was there before"
        gate = " and gated" if info.gating not in {Gating.NONE, Gating.UNKNOWN} else ""
        raise VisibilityRefused(
            f"{info.ref.id} on Hugging Face is {info.visibility.value}{gate}, the source is {visibility.value}",
            meaning=f"{made}; nothing was put into it.",
            way_out=f"Make it private in its settings ({self._reader.page(info.ref)}/settings), or choose another name.",
            repo=str(info.ref.id),
        )
