"""Who may see a restored repo: never more people than could see the deleted one."""

from __future__ import annotations

from dataclasses import dataclass

from hf2ms_tui.domain.repo import Gating, Hub, RepoInfo, Visibility


@dataclass(frozen=True, slots=True)
class Opening:
    """Who may see the restored repo: ``visibility`` at its making, ``gate`` to be closed at once, ``why`` where it differs."""

    visibility: Visibility
    gate: Gating | None = None
    why: str = ""


def opening(info: RepoInfo) -> Opening:
    """What the restored repo is made as: never visible to more people than the deleted one was."""
    gated = info.gating if info.gating in {Gating.AUTO, Gating.MANUAL} else None
    if info.visibility is Visibility.UNKNOWN:
        return Opening(Visibility.PRIVATE, None, "nobody knows who could see it, so it comes back private")
    if info.visibility is Visibility.PRIVATE:
        return Opening(Visibility.PRIVATE, gated if info.ref.hub is Hub.HF else None)
    if info.visibility is Visibility.INTERNAL:
        return Opening(Visibility.PRIVATE, None, "it was internal and comes back private")
    if info.gating is Gating.NONE:
        return Opening(Visibility.PUBLIC)
    if gated is None:
        return Opening(
            Visibility.PRIVATE, None, "whether it was gated is not known, so it comes back private"
        )
    if info.ref.hub is Hub.HF:
        return Opening(Visibility.PUBLIC, gated)
    return Opening(
        Visibility.PRIVATE, None, "it was gated, which no token can set there, so it comes back private"
    )
