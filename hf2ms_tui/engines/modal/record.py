"""A job's shared memory: plain values by key in a named ``modal.Dict``.

Values are compressed JSON, so that neither Python versions nor our classes matter to whoever reads them. Entries that
nobody reads or writes for 7 days are dropped by the service (modal/dict.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import modal

from hf2ms_tui.engines.modal.trouble import translated
from hf2ms_tui.transfer.plain import pack, unpack

MOST = 500
"""entries of one update; the service takes 10,000, and a request has a size limit too"""


class Record:
    """One Dict. Made when it is first used. Every call blocks for a round trip, from any thread; all raise errors of ours."""

    def __init__(self, name: str, client: modal.Client | None = None) -> None:
        self.name = name
        self._dict: modal.Dict = modal.Dict.from_name(name, create_if_missing=True, client=client)
        self._client = client

    def get(self, key: str) -> Any:
        """The value, None when there is none."""
        with translated(f"reading {key} of {self.name}"):
            data = self._dict.get(key)
        return unpack(data) if data is not None else None

    def put(self, key: str, value: object) -> None:
        """Set a value."""
        with translated(f"writing {key} of {self.name}"):
            self._dict.put(key, pack(value))

    def put_all(self, values: Mapping[str, object]) -> None:
        """Set several values."""
        keys = list(values)
        with translated(f"writing to {self.name}"):
            for start in range(0, len(keys), MOST):
                self._dict.update({key: pack(values[key]) for key in keys[start : start + MOST]})

    def claim(self, key: str, value: str) -> str:
        """Set a value unless there is one; return the one that stands."""
        with translated(f"claiming {key} of {self.name}"):
            # The client repeats a request whose answer was lost: that it was there already does not say by whom.
            if self._dict.put(key, pack(value), skip_if_exists=True):
                return value
        return str(self.get(key))

    def drop(self, *keys: str) -> None:
        """Forget values; one that is not there is no error."""
        with translated(f"clearing {self.name}"):
            for key in keys:
                self._dict.pop(key, None)

    def everything(self) -> dict[str, Any]:
        """All values by key."""
        with translated(f"reading {self.name}"):
            return {str(key): unpack(data) for key, data in self._dict.items()}

    def delete(self) -> None:
        """Forget the Dict itself; one that is not there is no error."""
        with translated(f"deleting {self.name}"):
            modal.Dict.objects.delete(self.name, allow_missing=True, client=self._client)
