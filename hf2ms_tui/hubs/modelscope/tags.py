"""Making tags on ModelScope. There is no route that makes a branch."""

from __future__ import annotations

from hf2ms_tui.domain.errors import Hf2msError, NotFound
from hf2ms_tui.domain.repo import GitRef, RepoRef
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs import refnames
from hf2ms_tui.hubs.errors import lied
from hf2ms_tui.hubs.modelscope.client import SDK_TYPES, Client
from hf2ms_tui.hubs.modelscope.revisions import Revisions


def make_tag(client: Client, revisions: Revisions, ref: RepoRef, name: str, revision: str) -> None:
    """Make tag ``name`` at ``revision``, and read it back; see ``protocol.HubWriter.make_tag``.

    Sent once. How the hub refuses a tag that exists is not documented, so whatever it answers, what the name means then
    decides; only when it means nothing is the refusal believed.
    """
    wanted = GitRef(name, "tag", revision)
    refnames.check(ref, wanted)
    context = client.context(f"make tag {clean(name, 80)}", ref)
    refusal: Hf2msError | None = None
    try:
        client.sdk(
            context,
            lambda api: api.legacy.create_tag(str(ref.id), SDK_TYPES[ref.kind], name, revision),
            again=False,
        )
    except Hf2msError as error:
        refusal = error
    try:
        found = revisions.resolve(ref, name)
    except NotFound:
        raise refusal or lied(context, "it reports success, but does not know the tag") from None
    if found != revision:
        raise refnames.elsewhere(ref, wanted, found)
    if refusal is not None:
        _is_a_tag(revisions, ref, wanted)


def _is_a_tag(revisions: Revisions, ref: RepoRef, wanted: GitRef) -> None:
    """Raises Conflict when the name that means the revision is that of a branch, which will move on one day."""
    if not any((item.kind, item.name) == ("tag", wanted.name) for item in revisions.refs(ref)):
        raise refnames.elsewhere(ref, wanted, wanted.revision)
