"""Licences: identifiers carried from hub to hub without being spoiled.

Hugging Face accepts a closed list of identifiers in a card's ``license`` field, ``other`` with a ``license_name`` for the
rest (hub docs, repositories-licenses, 2026-08). ModelScope stores a free text, for which the same identifiers are used.
"""

from __future__ import annotations

KNOWN = frozenset(
    [
        "apache-2.0",
        "mit",
        "openrail",
        "bigscience-openrail-m",
        "creativeml-openrail-m",
        "bigscience-bloom-rail-1.0",
        "bigcode-openrail-m",
        "afl-3.0",
        "artistic-2.0",
        "bsl-1.0",
        "bsd",
        "bsd-2-clause",
        "bsd-3-clause",
        "bsd-3-clause-clear",
        "c-uda",
        "cc",
        "cc0-1.0",
        "cc-by-2.0",
        "cc-by-2.5",
        "cc-by-3.0",
        "cc-by-4.0",
        "cc-by-sa-3.0",
        "cc-by-sa-4.0",
        "cc-by-nc-2.0",
        "cc-by-nc-3.0",
        "cc-by-nc-4.0",
        "cc-by-nd-4.0",
        "cc-by-nc-nd-3.0",
        "cc-by-nc-nd-4.0",
        "cc-by-nc-sa-2.0",
        "cc-by-nc-sa-3.0",
        "cc-by-nc-sa-4.0",
        "cdla-sharing-1.0",
        "cdla-permissive-1.0",
        "cdla-permissive-2.0",
        "wtfpl",
        "ecl-2.0",
        "epl-1.0",
        "epl-2.0",
        "etalab-2.0",
        "eupl-1.1",
        "eupl-1.2",
        "agpl-3.0",
        "gfdl",
        "gpl",
        "gpl-2.0",
        "gpl-3.0",
        "lgpl",
        "lgpl-2.1",
        "lgpl-3.0",
        "isc",
        "h-research",
        "intel-research",
        "lppl-1.3c",
        "ms-pl",
        "apple-ascl",
        "apple-amlr",
        "mpl-2.0",
        "odc-by",
        "odbl",
        "open-mdw",
        "openmdw-1.0",
        "openrail++",
        "osl-3.0",
        "postgresql",
        "ofl-1.1",
        "ncsa",
        "unlicense",
        "zlib",
        "pddl",
        "lgpl-lr",
        "deepfloyd-if-license",
        "fair-noncommercial-research-license",
        "llama2",
        "llama3",
        "llama3.1",
        "llama3.2",
        "llama3.3",
        "llama4",
        "grok2-community",
        "gemma",
        "unknown",
        "other",
    ]
)

_DISPLAY_NAMES = {
    "apache license 2.0": "apache-2.0",
    "apache-2": "apache-2.0",
    "apache 2.0": "apache-2.0",
    "mit license": "mit",
    "gpl-2": "gpl-2.0",
    "gpl-3": "gpl-3.0",
    "lgpl-3": "lgpl-3.0",
    "agpl-3": "agpl-3.0",
    "gnu general public license v2.0": "gpl-2.0",
    "gnu general public license v3.0": "gpl-3.0",
    "gnu affero general public license v3.0": "agpl-3.0",
    "gnu lesser general public license v2.1": "lgpl-2.1",
    "gnu lesser general public license v3.0": "lgpl-3.0",
    "mozilla public license 2.0": "mpl-2.0",
    "bsd 3-clause license": "bsd-3-clause",
    "bsd 2-clause license": "bsd-2-clause",
    "cc by 4.0": "cc-by-4.0",
    "cc by-nc 4.0": "cc-by-nc-4.0",
    "cc by-sa 4.0": "cc-by-sa-4.0",
    "creative commons zero v1.0 universal": "cc0-1.0",
}


def canonical(text: str) -> str:
    """The identifier of a licence given as identifier or display name; unknown texts come back as they are, trimmed."""
    folded = text.strip().casefold()
    if folded in KNOWN:
        return folded
    return _DISPLAY_NAMES.get(folded, text.strip())


def is_known(text: str) -> bool:
    """Whether Hugging Face accepts the identifier in a card."""
    return canonical(text) in KNOWN
