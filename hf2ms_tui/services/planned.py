"""A plan as data: what will happen with each repo, the totals, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.proof import Level
from hf2ms_tui.domain.repo import RepoRef
from hf2ms_tui.services import words
from hf2ms_tui.services.estimate import Move, Rates


@dataclass(frozen=True, slots=True)
class Problem:
    """Something found before anything runs. With ``blocks`` the act will not happen; else it is worth knowing."""

    text: str
    blocks: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """What will happen with one repo. ``monthly`` are US dollars that deleting frees a month; None is unknown."""

    ref: RepoRef
    decision: Decision
    destination: RepoRef | None
    size: int | None
    files: int | None
    move: Move | None
    monthly: float | None
    problems: tuple[Problem, ...] = ()

    @property
    def blocked(self) -> bool:
        """Whether a problem keeps it from happening."""
        return any(problem.blocks for problem in self.problems)

    @property
    def words(self) -> str:
        """What will happen, in one line."""
        if self.decision is Decision.DELETE:
            return f"open the gate; frees {words.size(self.size)}, {words.money(self.monthly)} a month"
        if self.move is None:
            return "migrate; its size is not known"
        about = "" if self.move.sure else "at most "
        there = f" ({words.size(self.move.present)} are there already)" if self.move.present else ""
        return f"move {about}{words.size(self.move.to_move)}{there}, prove {words.count(self.files, 'file')}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole plan; items in the order of the rows. Totals leave out what is blocked. Estimates throughout."""

    at: datetime
    level: Level
    rates: Rates
    items: tuple[Item, ...]

    @property
    def migrations(self) -> tuple[Item, ...]:
        """The repos to migrate that nothing blocks."""
        return tuple(item for item in self.items if item.decision is Decision.MIGRATE and not item.blocked)

    @property
    def deletions(self) -> tuple[Item, ...]:
        """The repos to delete, each through its own gate."""
        return tuple(item for item in self.items if item.decision is Decision.DELETE and not item.blocked)

    @property
    def blocked(self) -> tuple[Item, ...]:
        """What will not happen, for the reasons given."""
        return tuple(item for item in self.items if item.blocked)

    def _sum(self, name: str) -> int:
        return sum(int(getattr(item.move, name)) for item in self.migrations if item.move is not None)

    @property
    def to_move(self) -> int:
        """Bytes to move, after what is there already."""
        return self._sum("to_move")

    @property
    def present(self) -> int:
        """Bytes that need not move."""
        return self._sum("present")

    @property
    def to_read_back(self) -> int:
        """Bytes to download again for the proof."""
        return self._sum("to_read_back")

    @property
    def calls(self) -> int:
        """Requests to both hubs; about ten for each gate."""
        return self._sum("calls") + 10 * len(self.deletions)

    @property
    def seconds(self) -> float:
        """Time when the migrations run one after the other."""
        return sum(item.move.seconds for item in self.migrations if item.move is not None)

    @property
    def dollars(self) -> float:
        """What running it costs, in US dollars; nothing on this machine."""
        return sum(item.move.dollars for item in self.migrations if item.move is not None)

    @property
    def monthly(self) -> float:
        """What the deletions free a month, in US dollars at list price."""
        return sum(item.monthly or 0.0 for item in self.deletions)

    @property
    def unknown(self) -> int:
        """Migrations whose size is not known, and so not in the totals."""
        return sum(1 for item in self.migrations if item.move is None)

    @property
    def words(self) -> str:
        """The totals in one line."""
        parts = [f"migrate {words.count(len(self.migrations), 'repo')}"]
        if self.migrations:
            parts.append(f"{words.size(self.to_move)} to move, {words.size(self.present)} there already")
            parts.append(f"about {words.duration(self.seconds)}")
            parts.append(f"{self.calls:,} requests")
            parts.append(words.money(self.dollars))
        if self.unknown:
            parts.append(f"{words.count(self.unknown, 'size')} unknown")
        freed = sum(item.size or 0 for item in self.deletions)
        parts.append(
            f"delete {words.count(len(self.deletions), 'repo')}: {words.size(freed)}, {words.money(self.monthly)} a month"
        )
        if self.blocked:
            parts.append(f"{len(self.blocked)} blocked")
        return " · ".join(parts)

    def as_dict(self) -> dict[str, Any]:
        """The plan as JSON-ready values: bytes, seconds, US dollars."""
        return {
            "at": self.at.isoformat(),
            "level": self.level.value,
            "rate": {"bytes_per_second": self.rates.per_second, "source": self.rates.source},
            "totals": {
                "migrate": len(self.migrations),
                "delete": len(self.deletions),
                "blocked": len(self.blocked),
                "bytes_to_move": self.to_move,
                "bytes_present": self.present,
                "bytes_to_read_back": self.to_read_back,
                "requests": self.calls,
                "seconds": round(self.seconds, 1),
                "dollars": round(self.dollars, 2),
                "dollars_freed_monthly": round(self.monthly, 2),
                "sizes_unknown": self.unknown,
            },
            "items": [_item_dict(item) for item in self.items],
        }


def _item_dict(item: Item) -> dict[str, Any]:
    move = item.move
    return {
        "repo": item.ref.key,
        "decision": item.decision.value,
        "destination": item.destination.key if item.destination else None,
        "size": item.size,
        "files": item.files,
        "what": item.words,
        "bytes_to_move": move.to_move if move else None,
        "bytes_present": move.present if move else None,
        "seconds": round(move.seconds, 1) if move else None,
        "estimate": "from the files" if move and move.sure else "from the size" if move else "unknown",
        "problems": [{"text": problem.text, "blocks": problem.blocks} for problem in item.problems],
    }
