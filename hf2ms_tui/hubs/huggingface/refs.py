"""Making branches and tags on Hugging Face."""

from __future__ import annotations

from hf2ms_tui.domain.errors import Conflict, Unreachable
from hf2ms_tui.domain.repo import GitRef, RepoRef
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs import refnames
from hf2ms_tui.hubs.errors import lied
from hf2ms_tui.hubs.huggingface.client import HuggingFaceClient
from hf2ms_tui.hubs.huggingface.read import HuggingFaceReader


def make(client: HuggingFaceClient, reader: HuggingFaceReader, ref: RepoRef, wanted: GitRef) -> None:
    """Make ``wanted``, and read it back; see ``protocol.HubWriter.make_branch``.

    Sent once: where the answer is lost or says that it exists, the list of branches and tags tells what is there.
    """
    refnames.check(ref, wanted)
    context = client.context(f"make {wanted.kind} {clean(wanted.name, 80)}", ref)
    trouble: Conflict | Unreachable | None = None
    try:
        client.sdk(
            context,
            lambda api: (
                api.create_branch(
                    str(ref.id), repo_type=ref.kind.value, branch=wanted.name, revision=wanted.revision
                )
                if wanted.kind == "branch"
                else api.create_tag(
                    str(ref.id), repo_type=ref.kind.value, tag=wanted.name, revision=wanted.revision
                )
            ),
        )
    except (Conflict, Unreachable) as error:
        trouble = error
    found = next(
        (item.revision for item in reader.refs(ref) if (item.kind, item.name) == (wanted.kind, wanted.name)),
        "",
    )
    if found == wanted.revision:
        return
    if found:
        raise refnames.elsewhere(ref, wanted, found)
    raise trouble or lied(context, "it reports success, but does not list it")
