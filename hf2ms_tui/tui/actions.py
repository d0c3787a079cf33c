"""One registry of everything a key can do: keys, footer, help, palette and the reason why something cannot be done now.

A screen that lists an action defines ``do_<id>``; it may define ``why_not_<id>`` returning a sentence when the action does
not apply at the moment. The key stays visible then, and pressing it says the sentence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Action:
    """One action. ``keys`` are Textual key names, ``shown`` what the footer prints for them, ``rank`` orders the footer:
    hints of a higher rank are dropped first on a narrow screen.
    """

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    shown: str = ""
    rank: int = 5
    group: str = "Screen"

    @property
    def key_text(self) -> str:
        """The key as the footer prints it."""
        return self.shown or self.keys[0]


_LIST = (
    # deciding
    Action("migrate", ("m",), "migrate", "Decide: migrate to the other hub", rank=1, group="Decide"),
    Action("delete", ("x",), "delete", "Decide: delete, later, through the gate", rank=1, group="Decide"),
    Action("keep", ("k",), "keep", "Decide: keep it where it is", rank=1, group="Decide"),
    Action("later", ("l",), "later", "Decide later; it comes round again", rank=2, group="Decide"),
    Action("undo", ("u",), "undo", "Undo the last decision, without limit", rank=2, group="Decide"),
    Action("redo", ("U", "ctrl+r"), "redo", "Redo what was undone", shown="U", rank=8, group="Decide"),
    # going somewhere
    Action("inventory", ("i",), "inventory", "All repos of the org", rank=6, group="Go to"),
    Action(
        "triage", ("t",), "triage", "One repo at a time, with the facts that decide it", rank=2, group="Go to"
    ),
    Action(
        "plan", ("p",), "plan", "What the decisions amount to, before anything runs", rank=2, group="Go to"
    ),
    Action("jobs", ("j",), "jobs", "All migrations with their chunks and logs", rank=3, group="Go to"),
    Action("proof", ("f",), "files", "File by file: what is proven and what is not", rank=4, group="Go to"),
    Action(
        "gate", ("D",), "gate", "The checks between the decision and the delete call", rank=4, group="Go to"
    ),
    Action(
        "journal", ("J",), "journal", "What was decided, moved, proven and deleted", rank=7, group="Go to"
    ),
    Action(
        "tombstones",
        ("T",),
        "tombstones",
        "What is kept of deleted repos, and restoring from it",
        rank=8,
        group="Go to",
    ),
    Action(
        "messages",
        ("M",),
        "messages",
        "Everything that was said at the foot of the screen",
        rank=9,
        group="Go to",
    ),
    Action("open", ("enter",), "card", "Open the card of this repo", rank=3, group="Go to"),
    Action("choose", ("enter",), "choose", "Look at the repos of this one", rank=1),
    Action("org", ("o",), "org", "Choose another organisation or account", rank=9, group="Go to"),
    # looking
    Action(
        "filter",
        ("slash",),
        "filter",
        "Filter as you type: words, type: size: vis: backup: age:",
        shown="/",
        rank=3,
    ),
    Action("rows", ("enter",), "to the rows", "Keep the filter and go to the rows", rank=1),
    Action("unfilter", ("escape",), "all repos", "Clear the filter", shown="esc", rank=9),
    Action("sort", ("s",), "sort", "Sort by the next column; S turns the order round", rank=4),
    Action("turn", ("S",), "turn order", "Turn the sort order round", rank=9),
    Action("exact", ("e",), "exact", "Exact bytes and dates, or rounded ones", rank=8),
    Action("refresh", ("R", "f5"), "refresh", "Read the org again from the hubs", shown="R", rank=6),
    Action("mark", ("space",), "mark", "Mark or unmark this repo", rank=4, group="Marks"),
    Action("mark_range", ("v",), "range", "Mark from the last mark to here", rank=9, group="Marks"),
    Action("mark_all", ("a",), "all", "Mark all that the filter shows", rank=9, group="Marks"),
    Action("mark_invert", ("A",), "invert", "Turn the marks round", rank=9, group="Marks"),
    Action("mark_clear", ("c",), "clear", "Clear all marks", rank=9, group="Marks"),
    Action("copy", ("y",), "copy", "Copy the id, address or hash", rank=8),
    Action("why", ("w",), "why", "Why this is advised", rank=4),
    Action("next", ("right", "n"), "next", "Next repo", shown="→", rank=4),
    Action("previous", ("left", "b"), "back", "Previous repo", shown="←", rank=4),
    # acting
    Action("start", ("g",), "go", "Start the migrations of this plan", rank=1, group="Act"),
    Action(
        "restore",
        ("r",),
        "restore",
        "Make this repo again on its hub, from its tombstone and its destination",
        rank=1,
        group="Act",
    ),
    Action(
        "survey",
        ("enter",),
        "what comes back",
        "Ask both hubs what a restore would bring back, and what it would not",
        rank=2,
    ),
    Action("prove", ("v",), "prove", "Prove it again, file by file", rank=3, group="Act"),
    Action(
        "deeper", ("d",), "deeper", "Prove at the next level: listed, stored, read back", rank=3, group="Act"
    ),
    Action("problems", ("p",), "problems", "Only problems, or all files", rank=2),
    Action("export", ("e",), "export", "Write it to a file in the current folder", rank=6),
    Action("check", ("c",), "check", "Check every entry, and every copy of the journal's head", rank=6),
    Action("story", ("r",), "report", "Write this repo's story to a file, as Markdown", rank=7),
    Action("cancel", ("c",), "cancel", "Cancel this job; what arrived stays", rank=2, group="Act"),
    Action("retry", ("r",), "retry", "Run it again from where it stopped", rank=2, group="Act"),
    Action("details", ("enter",), "full text", "The whole text of this line, to read and copy", rank=4),
    Action("find", ("slash",), "filter", "Show only lines that have these words", shown="/", rank=3),
    Action("search", ("slash",), "search", "Search the log; n and N go through the hits", shown="/", rank=4),
    Action(
        "recheck",
        ("R", "f5"),
        "look again",
        "Read every fact again from both hubs",
        shown="R",
        rank=3,
        group="Act",
    ),
    Action(
        "stop", ("c",), "stop", "Stop proving; what was found so far is not recorded", rank=2, group="Act"
    ),
    Action("log", ("l",), "log", "Put the keys on the log, or back on the jobs", rank=3),
    Action("follow", ("end",), "follow", "Follow the log's end", rank=5),
    Action("only", ("o",), "only chunk", "Only lines of the selected chunk, or all", rank=5),
    Action(
        "bring",
        ("b",),
        "bring over",
        "Bring over the branches and tags that would be lost, as a job",
        rank=3,
        group="Act",
    ),
    Action(
        "accept",
        ("a",),
        "accept loss",
        "Accept that a branch or tag is lost, by typing its name",
        rank=3,
        group="Act",
    ),
    Action("refs", ("r",), "refs", "Each branch and tag with what becomes of it, or the sum alone", rank=6),
    Action(
        "name", ("t",), "type the name", "Put the keys on the name field", shown="tab", rank=3, group="Act"
    ),
    # always
    Action("back", ("escape",), "back", "Leave this screen", shown="esc", rank=2, group="Always"),
    Action(
        "palette",
        ("ctrl+p", "colon"),
        "actions",
        "Search all actions by name",
        shown=":",
        rank=7,
        group="Always",
    ),
    Action(
        "help", ("question_mark", "f1"), "help", "All keys of this screen", shown="?", rank=0, group="Always"
    ),
    Action("quit", ("q", "ctrl+q"), "quit", "Leave; jobs go on", shown="q", rank=5, group="Always"),
)

REGISTRY: dict[str, Action] = {action.id: action for action in _LIST}
"""All actions by id; a screen picks those it offers."""


def bindings(ids: Iterable[str]) -> list[Binding]:
    """Textual bindings for a screen's actions, all going through the one dispatcher ``act``. Two actions of a screen never
    share a key: raises ValueError, so a clash is found by the first test that imports the screen. A binding's id is its
    action's, which is what the person's keymap names.
    """
    taken: dict[str, str] = {}
    made: list[Binding] = []
    for action in (REGISTRY[name] for name in ids):
        for key in action.keys:
            if key in taken:
                raise ValueError(f"{action.id} and {taken[key]} both want the key {key}")
            taken[key] = action.id
        made.append(
            Binding(
                ",".join(action.keys),
                f"act('{action.id}')",
                action.label,
                show=False,
                id=action.id,
                tooltip=action.help,
            )
        )
    return made


_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "colon": ":",
    "full_stop": ".",
    "comma": ",",
    "semicolon": ";",
    "minus": "-",
    "plus": "+",
    "equals_sign": "=",
    "escape": "esc",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "pageup": "PgUp",
    "pagedown": "PgDn",
}


def key_name(key: str) -> str:
    """A Textual key name as people write it: ``?`` for ``question_mark``, ``^p`` for ``ctrl+p``."""
    if key.startswith("ctrl+"):
        return f"^{key_name(key.removeprefix('ctrl+'))}"
    return _NAMES.get(key, key)
