"""What the program has learnt of an org so far, in memory: rows, copies, contents in short, and how repos overlap."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from hf2ms_tui.domain.decision import Advice
from hf2ms_tui.domain.inventory import Backup
from hf2ms_tui.domain.overlap import Holding, Sharing, sharing
from hf2ms_tui.domain.repo import RepoInfo


class Knowledge:
    """Everything by the source's repo key. Safe to share between threads; readers get copies or immutable values."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._infos: dict[str, RepoInfo] = {}
        self._copies: dict[str, Backup] = {}
        self._holdings: dict[str, Holding] = {}
        self._sharing: dict[str, Sharing] = {}
        self._advice: dict[str, tuple[str, Advice]] = {}
        self._histories: dict[str, dict[str, int]] = {}
        self._fresh = True

    def infos(self) -> dict[str, RepoInfo]:
        """What the hub tells of each repo."""
        with self._lock:
            return dict(self._infos)

    def put_infos(self, infos: Iterable[RepoInfo], *, whole: bool = False) -> None:
        """Add rows; with ``whole`` they are all there are, and others are forgotten."""
        fresh = {info.ref.key: info for info in infos}
        with self._lock:
            self._infos = fresh if whole else self._infos | fresh
            if whole:
                self._copies = {key: copy for key, copy in self._copies.items() if key in fresh}
                self._holdings = {key: each for key, each in self._holdings.items() if key in fresh}
                self._fresh = False

    def forget(self, key: str) -> None:
        """Drop a repo that is gone."""
        with self._lock:
            for table in (self._infos, self._copies, self._holdings, self._sharing):
                table.pop(key, None)
            self._histories.pop(key, None)
            self._fresh = False

    def copies(self) -> dict[str, Backup]:
        """What is known of each copy on the other hub, proofs left aside."""
        with self._lock:
            return dict(self._copies)

    def put_copies(self, copies: Mapping[str, Backup]) -> None:
        """Note what was found out about copies."""
        with self._lock:
            self._copies |= copies

    def put_holding(self, holding: Holding) -> None:
        """Note what a repo holds."""
        with self._lock:
            self._holdings[holding.ref.key] = holding
            self._fresh = False

    def holding(self, key: str) -> Holding | None:
        """What a repo holds, None when it was not read yet."""
        with self._lock:
            return self._holdings.get(key)

    def holdings(self) -> dict[str, Holding]:
        """What each repo holds that was read."""
        with self._lock:
            return dict(self._holdings)

    def sharing(self) -> dict[str, Sharing]:
        """How the repos that were read overlap; computed anew when something changed."""
        with self._lock:
            if self._fresh:
                return self._sharing
            holdings = list(self._holdings.values())
            self._fresh = True
        found = sharing(holdings)
        with self._lock:
            self._sharing = found
        return found

    def histories(self, key: str) -> dict[str, int]:
        """How many commits lead to the revisions of a repo that were counted."""
        with self._lock:
            return dict(self._histories.get(key, {}))

    def put_histories(self, key: str, counted: Mapping[str, int | None]) -> None:
        """Note what was counted; what could not be is left to the next look."""
        known = {revision: count for revision, count in counted.items() if count is not None}
        with self._lock:
            self._histories[key] = known

    def advice(self) -> dict[str, tuple[str, Advice]]:
        """Advice of earlier runs that knew what a repo held, with the revision it was given for."""
        with self._lock:
            return dict(self._advice)

    def put_advice(self, advice: Mapping[str, tuple[str, Advice]]) -> None:
        """Note advice of earlier runs; it stands until the repo is read again."""
        with self._lock:
            self._advice |= advice
