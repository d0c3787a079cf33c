"""What the screens looked like: cursor, filter, sort, current screen. Small JSON values by key."""

from __future__ import annotations

from typing import Any

from hf2ms_tui.store.codec import decode, encode
from hf2ms_tui.store.database import Database


class ViewState:
    """Values that let the program come back at the same place. Losing one costs nothing but a key press."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, key: str, default: Any = None) -> Any:
        """The value of ``key``, ``default`` when there is none."""
        with self._db.read() as connection:
            row = connection.execute("SELECT value FROM view_state WHERE key = ?", (key,)).fetchone()
        return decode(row[0]) if row else default

    def set(self, key: str, value: object) -> None:
        """Remember ``value``, anything that JSON can say."""
        self.set_many({key: value})

    def set_many(self, values: dict[str, object]) -> None:
        """Remember several values in one transaction."""
        rows = [(key, encode(value)) for key, value in values.items()]
        with self._db.write(durable=False) as connection:
            connection.executemany("INSERT OR REPLACE INTO view_state (key, value) VALUES (?, ?)", rows)

    def all(self, prefix: str = "") -> dict[str, Any]:
        """Every value whose key begins with ``prefix``, by key."""
        with self._db.read() as connection:
            rows = connection.execute(
                "SELECT key, value FROM view_state WHERE substr(key, 1, ?) = ? ORDER BY key",
                (len(prefix), prefix),
            ).fetchall()
        return {key: decode(value) for key, value in rows}
