"""What an inventory sums up to: bytes, money, and how far the decisions have come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from hf2ms_tui.domain.decision import Decision
from hf2ms_tui.domain.inventory import Row
from hf2ms_tui.domain.money import monthly_cost
from hf2ms_tui.services import words


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of rows. Sizes in bytes of the repos whose size is known, ``unknown`` counts the others; US dollars a month."""

    repos: int = 0
    size: int = 0
    unknown: int = 0
    monthly: float = 0.0
    decided: int = 0
    migrate: int = 0
    migrate_size: int = 0
    delete: int = 0
    delete_size: int = 0
    delete_monthly: float = 0.0

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Totals:
        """Sum up rows in one pass."""
        repos = size = unknown = decided = 0
        monthly = 0.0
        some: dict[Decision, list[Row]] = {Decision.MIGRATE: [], Decision.DELETE: []}
        for row in rows:
            info = row.info
            repos += 1
            if info.size is None:
                unknown += 1
            else:
                size += info.size
                monthly += monthly_cost(info.size, info.visibility) or 0.0
            if row.decision is not Decision.UNDECIDED:
                decided += row.decision.decided
                if row.decision in some:
                    some[row.decision].append(row)
        migrate, delete = some[Decision.MIGRATE], some[Decision.DELETE]
        return cls(
            repos,
            size,
            unknown,
            monthly,
            decided,
            len(migrate),
            sum(row.info.size or 0 for row in migrate),
            len(delete),
            sum(row.info.size or 0 for row in delete),
            sum(monthly_cost(row.info.size, row.info.visibility) or 0.0 for row in delete),
        )

    def with_change(self, before: Row, after: Row) -> Totals:
        """The sums after the decision of one row changed."""
        return self._plus(before, -1)._plus(after, 1)

    def _plus(self, row: Row, sign: int) -> Totals:
        size = sign * (row.info.size or 0)
        changed = replace(self, decided=self.decided + sign * row.decision.decided)
        if row.decision is Decision.MIGRATE:
            return replace(changed, migrate=self.migrate + sign, migrate_size=self.migrate_size + size)
        if row.decision is Decision.DELETE:
            monthly = sign * (monthly_cost(row.info.size, row.info.visibility) or 0.0)
            return replace(
                changed,
                delete=self.delete + sign,
                delete_size=self.delete_size + size,
                delete_monthly=self.delete_monthly + monthly,
            )
        return changed

    def line(self, width: int) -> str:
        """The sums in one line of at most ``width`` characters; what is said elsewhere goes first."""
        variants = (
            ("     ", self._whole()),
            ("   ", self._whole()),
            ("  ", self._whole()),
            ("  ", self._brief()),
        )
        for gap, parts in (*variants, ("  ", self._least())):
            line = gap.join(parts)
            if len(line) <= width:
                return line
        return line[: max(width - 1, 0)] + "…"

    def _whole(self) -> list[str]:
        unknown = f" + {self.unknown:,} unknown" if self.unknown else ""
        migrate, delete = f"migrate {self.migrate:,}", f"delete {self.delete:,}"
        if self.migrate:
            migrate += f" ({words.size(self.migrate_size)})"
        if self.delete:
            delete += f" ({words.size(self.delete_size)}, {words.money(abs(self.delete_monthly))}/month)"
        return [
            words.count(self.repos, "repo"),
            f"{words.size(self.size)}{unknown}",
            f"{words.money(self.monthly)}/month",
            f"decided {self.decided:,} of {self.repos:,}",
            migrate,
            delete,
        ]

    def _brief(self) -> list[str]:
        migrate, delete = f"migrate {self.migrate:,}", f"delete {self.delete:,}"
        if self.migrate:
            migrate += f" ({words.size(self.migrate_size)})"
        if self.delete:
            delete += f" ({words.size(self.delete_size)})"
        return [self._size(), f"{words.money(self.monthly)}/mo", self._decided(), migrate, delete]

    def _least(self) -> list[str]:
        return [self._size(), self._decided(), f"migrate {self.migrate:,}", f"delete {self.delete:,}"]

    def _size(self) -> str:
        return f"{words.size(self.size)}{' + ?' if self.unknown else ''}"

    def _decided(self) -> str:
        return f"decided {self.decided:,}/{self.repos:,}"

    def progress(self) -> str:
        """How far triage has come: ``37 of 412 decided   1.20 TB to free   14 to migrate``."""
        return (
            f"{self.decided:,} of {self.repos:,} decided   {words.size(self.delete_size)} to free   "
            f"{self.migrate:,} to migrate"
        )
