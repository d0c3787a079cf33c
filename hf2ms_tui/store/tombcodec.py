"""How a tombstone becomes files and is read back. Paths of the repo are values in these files, never names of files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from hf2ms_tui.domain.chronicle import Chronicle, Comment, CommitLine, Discussion
from hf2ms_tui.domain.manifest import FileEntry
from hf2ms_tui.domain.repo import Gating, GitRef, RepoInfo, RepoRef, Visibility
from hf2ms_tui.domain.tombstone import Copy, Kept, KeptFile, Place, Tombstone
from hf2ms_tui.store.codec import moment, stamp
from hf2ms_tui.transfer.plain import proof_of

FORMAT = 1
_PLACES = {"h": Place.HERE, "t": Place.THERE, "l": Place.LOST}
_LETTERS = {place: letter for letter, place in _PLACES.items()}


def head_of(stone: Tombstone) -> dict[str, Any]:
    """What ``head.json`` says besides the list of files."""
    return {
        "format": FORMAT,
        "repo": stone.ref.key,
        "at": stamp(stone.at),
        "account": stone.account,
        "branch": stone.branch,
        "refs": [[ref.kind, ref.name, ref.revision] for ref in stone.refs],
        "refs_digest": stone.refs_digest,
        "proof": stone.proof.id,
        "copies": [[copy.ref.key, copy.revision] for copy in stone.copies],
        "journal": list(stone.journal),
        "kept": [stone.kept.contents, stone.kept.size, stone.kept.left_out, stone.kept.left_out_size],
    }


def about_of(stone: Tombstone) -> dict[str, Any]:
    """What ``about.json`` says: settings, commits, discussions and what could not be read."""
    told = stone.chronicle
    return {
        "settings": {field.name: getattr(stone.info, field.name) for field in fields(RepoInfo)},
        "description": told.description,
        "commits": [[line.revision, line.title, stamp(line.at), list(line.authors)] for line in told.commits],
        "discussions": None
        if told.discussions is None
        else [
            {
                "number": each.number,
                "title": each.title,
                "state": each.state,
                "author": each.author,
                "at": stamp(each.at),
                "pull": each.pull,
                "comments": [[said.author, stamp(said.at), said.text] for said in each.comments],
            }
            for each in told.discussions
        ],
        "not readable": list(told.troubles),
    }


def states_of(stone: Tombstone) -> dict[str, list[list[Any]]]:
    """Every state as columns."""
    return {
        revision: [
            [item.entry.path for item in files],
            [item.entry.size for item in files],
            [item.entry.sha256 for item in files],
            [item.entry.git_oid for item in files],
            [int(item.entry.lfs) for item in files],
            [_LETTERS[item.place] for item in files],
            [item.copy for item in files],
            [0 if item.there == item.entry.path else item.there for item in files],
        ]
        for revision, files in stone.states.items()
    }


def tombstone_from(
    head: Mapping[str, Any], about: Mapping[str, Any], states: Mapping[str, Any], proof: Mapping[str, Any]
) -> Tombstone:
    """Read what the three above and ``proof_plain`` wrote. Raises KeyError, TypeError or ValueError for anything else."""
    return Tombstone(
        ref=RepoRef.from_key(head["repo"]),
        at=_at(head["at"]),
        account=head["account"],
        branch=head["branch"],
        info=_info(about["settings"]),
        refs=tuple(GitRef(name, kind, revision) for kind, name, revision in head["refs"]),
        refs_digest=head["refs_digest"],
        states={revision: tuple(_files(columns)) for revision, columns in states.items()},
        copies=tuple(Copy(RepoRef.from_key(key), revision) for key, revision in head["copies"]),
        proof=proof_of(proof),
        chronicle=_chronicle(about),
        journal=(head["journal"][0], head["journal"][1]),
        kept=Kept(*head["kept"]),
    )


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _files(columns: list[list[Any]]) -> list[KeptFile]:
    return [
        KeptFile(
            FileEntry(path, size, sha256, git_oid, bool(lfs)),
            _PLACES[place],
            copy,
            path if there == 0 else there,
        )
        for path, size, sha256, git_oid, lfs, place, copy, there in zip(*columns, strict=True)
    ]


def _info(told: Mapping[str, Any]) -> RepoInfo:
    return RepoInfo(
        **{
            **told,
            "ref": RepoRef.from_key(told["ref"]),
            "visibility": Visibility(told["visibility"]),
            "gating": Gating(told["gating"]),
            "created_at": moment(told["created_at"]),
            "updated_at": moment(told["updated_at"]),
            "tags": tuple(told["tags"]),
        }
    )


def _chronicle(about: Mapping[str, Any]) -> Chronicle:
    discussions = about["discussions"]
    return Chronicle(
        about["description"],
        tuple(
            CommitLine(revision, title, moment(at), tuple(authors))
            for revision, title, at, authors in about["commits"]
        ),
        None
        if discussions is None
        else tuple(
            Discussion(
                each["number"],
                each["title"],
                each["state"],
                each["author"],
                moment(each["at"]),
                each["pull"],
                tuple(Comment(author, moment(at), text) for author, at, text in each["comments"]),
            )
            for each in discussions
        ),
        tuple(about["not readable"]),
    )
