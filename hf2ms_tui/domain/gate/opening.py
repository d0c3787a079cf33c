"""When the gate is open, and what it lacks when it nearly is: pure functions over its checks."""

from __future__ import annotations

from hf2ms_tui.domain.gate.facts import Check, CheckName, GateFacts


def is_open(found: tuple[Check, ...]) -> bool:
    """Whether every check holds; an empty list is not an open gate."""
    return bool(found) and all(check.ok for check in found)


def open_by_hand(facts: GateFacts, found: tuple[Check, ...]) -> bool:
    """Whether every check holds but that the token may delete, and there is a page where the person can."""
    return (
        bool(facts.delete_page)
        and not facts.read_only
        and bool(found)
        and all(check.ok for check in found if check.name is not CheckName.MAY_DELETE)
        and not is_open(found)
    )


def lacks_only_tombstone(facts: GateFacts, found: tuple[Check, ...]) -> bool:
    """Whether a tombstone is worth writing: all else holds, the token's right excepted where there is a page to delete on."""
    given = {CheckName.TOMBSTONE} | ({CheckName.MAY_DELETE} if facts.delete_page else set())
    return (
        not facts.read_only
        and bool(found)
        and not all(check.ok for check in found if check.name is CheckName.TOMBSTONE)
        and all(check.ok for check in found if check.name not in given)
    )
