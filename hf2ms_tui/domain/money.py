"""What storage and moving cost, from list prices. Estimates, always shown as such."""

from __future__ import annotations

from hf2ms_tui.domain.repo import Visibility

TB = 10**12
HF_PRIVATE_PER_TB_MONTH = 18.0
"""US dollars per 10**12 bytes and month: Hugging Face's list price of private storage (hub docs, storage limits, 2026-08)"""


def monthly_cost(size: int | None, visibility: Visibility) -> float | None:
    """US dollars per month that a repo's bytes cost at list price; public repos cost nothing, unknown sizes give None."""
    if size is None:
        return None
    if visibility is Visibility.PUBLIC:
        return 0.0
    return size / TB * HF_PRIVATE_PER_TB_MONTH
