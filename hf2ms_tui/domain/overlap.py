"""Which repos hold the same content, and which only look alike: pure functions over manifests.

Contents are compared by hash (SHA-256 of large files, git blob id of regular ones), never by name. Cards, licences and the
files that hubs make by themselves are left out: they say nothing about whether a repo's data is somewhere else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hf2ms_tui.domain.manifest import FileEntry, Manifest
from hf2ms_tui.domain.repo import RepoRef

LARGE = 1_000_000
"""bytes from which a file outside LFS counts as large"""
MAX_HOLDERS = 60
"""a content held by more repos than this is common stock and says nothing about any two of them"""
MAX_KEPT = 8
"""overlaps kept of one repo, the largest"""
TWIN_FILES = 5
"""large files that a repo must have before its shape is worth comparing"""
TWIN_TOLERANCE = 0.05
"""how far the sizes of two re-packed repos may be apart, as a part of the larger"""
_ASIDE = frozenset(
    {".gitattributes", ".gitignore", "readme.md", "license", "license.md", "license.txt"}
    | {"configuration.json", "dataset_infos.json"}
)


@dataclass(frozen=True, slots=True)
class Holding:
    """What a repo holds at a revision, in short. ``contents`` maps the id of each distinct content to its bytes.

    ``large`` are the ids of large files, ``unhashed`` how many files have no known hash, ``shape`` counts large files by
    folder and ending, sorted. ``complete`` says whether the listing was whole.
    """

    ref: RepoRef
    revision: str
    files: int
    contents: Mapping[str, int]
    large: frozenset[str]
    unhashed: int
    shape: tuple[tuple[str, str, int], ...]
    complete: bool

    @property
    def size(self) -> int:
        """Bytes of the distinct contents."""
        return sum(self.contents.values())


@dataclass(frozen=True, slots=True)
class Overlap:
    """What another repo holds of this one's contents: distinct files, bytes, and large files among them.

    ``covers`` says that it holds all of them, ``same`` that both hold exactly the same. Both are False where a hash or a
    part of a listing is missing.
    """

    other: RepoRef
    files: int
    size: int
    large: int
    covers: bool = False
    same: bool = False


@dataclass(frozen=True, slots=True)
class Twin:
    """A repo with the same folders, endings and number of large files and nearly the same size, but other hashes."""

    other: RepoRef
    folders: int
    files: int
    size_ratio: float
    """size of the smaller as a part of the larger"""


@dataclass(frozen=True, slots=True)
class Sharing:
    """How one repo relates to the others. ``large_elsewhere`` of ``large`` large files are in at least one other repo."""

    files: int = 0
    size: int = 0
    large: int = 0
    large_elsewhere: int = 0
    size_elsewhere: int = 0
    overlaps: tuple[Overlap, ...] = field(default=())
    """most bytes first, at most eight"""
    twins: tuple[Twin, ...] = field(default=())
    """most alike first, at most eight"""


def holding(manifest: Manifest) -> Holding:
    """Sum up a manifest. One pass; 100,000 files take a fraction of a second."""
    contents: dict[str, int] = {}
    large: set[str] = set()
    shape: Counter[tuple[str, str]] = Counter()
    unhashed = files = 0
    for entry in manifest.files:
        if not entry.size or entry.path.lower() in _ASIDE:
            continue
        files += 1
        if entry.lfs or entry.size >= LARGE:
            shape[_place(entry.path)] += 1
        known = _content(entry)
        if known is None:
            unhashed += 1
            continue
        contents[known] = entry.size
        if entry.lfs or entry.size >= LARGE:
            large.add(known)
    return Holding(
        manifest.ref,
        manifest.revision,
        files,
        contents,
        frozenset(large),
        unhashed,
        tuple(sorted((folder, ending, count) for (folder, ending), count in shape.items())),
        manifest.complete,
    )


def _content(entry: FileEntry) -> str | None:
    if entry.git_oid and not entry.lfs:
        return entry.git_oid
    return entry.sha256


def _place(path: str) -> tuple[str, str]:
    folder, _, name = path.rpartition("/")
    return folder, name.rpartition(".")[2].lower() if "." in name else ""


def sharing(holdings: Iterable[Holding]) -> dict[str, Sharing]:
    """Compare repos with each other; the result is keyed by repo key. Deterministic whatever the order of the input.

    Time grows with the number of files, not with the number of pairs of repos: common stock is left out.
    """
    every = sorted(holdings, key=lambda each: each.ref.key)
    holders: dict[str, list[int]] = {}
    for index, each in enumerate(every):
        for content in each.contents:
            holders.setdefault(content, []).append(index)
    groups: dict[tuple[int, ...], list[int]] = {}
    elsewhere = [[0, 0] for _ in every]
    for content, indices in holders.items():
        if len(indices) < 2:
            continue
        size = every[indices[0]].contents[content]
        large = content in every[indices[0]].large
        for index in indices:
            elsewhere[index][0] += large
            elsewhere[index][1] += size
        if len(indices) <= MAX_HOLDERS:
            group = groups.setdefault(tuple(indices), [0, 0, 0])
            group[0] += 1
            group[1] += size
            group[2] += large
    pairs: dict[int, dict[int, list[int]]] = {}
    for together, counts in groups.items():
        for one in together:
            row = pairs.setdefault(one, {})
            for two in together:
                if one != two:
                    cell = row.setdefault(two, [0, 0, 0])
                    for place, count in enumerate(counts):
                        cell[place] += count
    twins = _twins(every, pairs)
    return {
        each.ref.key: Sharing(
            files=len(each.contents),
            size=each.size,
            large=len(each.large),
            large_elsewhere=elsewhere[index][0],
            size_elsewhere=elsewhere[index][1],
            overlaps=_overlaps(every, index, pairs.get(index, {})),
            twins=twins.get(index, ()),
        )
        for index, each in enumerate(every)
    }


def _overlaps(every: list[Holding], index: int, row: Mapping[int, list[int]]) -> tuple[Overlap, ...]:
    mine = every[index]
    found = []
    for other, (files, size, large) in row.items():
        theirs = every[other]
        whole = mine.complete and not mine.unhashed and bool(mine.contents)
        covers = whole and files == len(mine.contents)
        same = covers and files == len(theirs.contents) and theirs.complete and not theirs.unhashed
        found.append(Overlap(theirs.ref, files, size, large, covers, same))
    found.sort(key=lambda each: (-each.same, -each.covers, -each.size, each.other.key))
    return tuple(found[:MAX_KEPT])


def _twins(every: list[Holding], pairs: Mapping[int, Mapping[int, list[int]]]) -> dict[int, tuple[Twin, ...]]:
    """Repos of one kind with the same shape whose large files are mostly different."""
    alike: dict[tuple[object, ...], list[int]] = {}
    for index, each in enumerate(every):
        count = sum(number for _, _, number in each.shape)
        if each.complete and count >= TWIN_FILES:
            alike.setdefault((each.ref.kind, each.shape), []).append(index)
    found: dict[int, list[Twin]] = {}
    for group in alike.values():
        if not 2 <= len(group) <= MAX_HOLDERS:
            continue
        for one in group:
            for two in group:
                if one == two or not every[one].large:
                    continue
                ratio = _ratio(every[one].size, every[two].size)
                shared = pairs.get(one, {}).get(two, (0, 0, 0))[2]
                if ratio >= 1 - TWIN_TOLERANCE and shared * 2 < len(every[one].large):
                    shape = every[one].shape
                    twin = Twin(
                        every[two].ref,
                        len({folder for folder, _, _ in shape}),
                        sum(number for _, _, number in shape),
                        ratio,
                    )
                    found.setdefault(one, []).append(twin)
    return {
        index: tuple(sorted(twins, key=lambda twin: (-twin.size_ratio, twin.other.key))[:MAX_KEPT])
        for index, twins in found.items()
    }


def _ratio(one: int, two: int) -> float:
    return min(one, two) / max(one, two, 1)
