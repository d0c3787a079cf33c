"""Front matter of README.md, and what the hub refuses in it."""

from __future__ import annotations

import re
from typing import Any

import yaml

from ..wire import Call, Reply, json_reply

_KNOWN = """
apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0
bigcode-openrail-m afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc
cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0
cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0
cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1
eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 isc h-research intel-research lppl-1.3c
ms-pl apple-ascl apple-amlr mpl-2.0 odc-by odbl openmdw-1.0 openrail++ osl-3.0 postgresql ofl-1.1 ncsa
unlicense zlib pddl lgpl-lr deepfloyd-if-license fair-noncommercial-research-license llama2 llama3 llama3.1
llama3.2 llama3.3 llama4 gemma grok2-community unknown other
"""
LICENCES = frozenset(_KNOWN.split())
"""Identifiers of the hub's documentation, page "Licenses"."""

_FRONT = re.compile(r"\A---[ \t]*\r?\n(.*?)\r?\n?---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_LANGUAGE = re.compile(r"[a-zA-Z]{2,8}(-[a-zA-Z0-9]{1,8})*|multilingual|code")


class _Yaml(yaml.SafeLoader):
    """The hub reads YAML 1.2 (js-yaml), where only true and false are booleans: ``language: no`` is Norwegian."""


_Yaml.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if first in "tTfF" or pair[0] != "tag:yaml.org,2002:bool"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class BadFrontMatter(Exception):
    """Front matter that is not YAML, or no mapping. The text says what is wrong."""


def parse(text: str) -> dict[str, Any] | None:
    """The front matter of a card, None if there is none. Raises BadFrontMatter."""
    found = _FRONT.match(text.removeprefix("\ufeff"))
    if not found:
        return None
    try:
        data = yaml.load(found[1], Loader=_Yaml)
    except yaml.YAMLError as error:
        raise BadFrontMatter(" ".join(str(error).split())) from error
    if data is None:
        return None
    if not isinstance(data, dict):
        raise BadFrontMatter("YAML metadata must be a mapping")
    return data


def front_matter(text: str) -> dict[str, Any] | None:
    """`parse`, with None for broken front matter too; only what JSON can carry is kept as it is."""
    try:
        data = parse(text)
    except BadFrontMatter:
        return None
    return {str(key): _plain(value) for key, value in data.items()} if data else None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def licence_of(text: str) -> str:
    """The licence identifier of a card, empty if it has none (of several the first)."""
    value = (front_matter(text) or {}).get("license", "")
    if isinstance(value, list):
        value = value[0] if value else ""
    return value if isinstance(value, str) else ""


def problems(text: str, kind: str) -> tuple[list[str], list[str]]:
    """Errors and warnings of a card's metadata; a card with errors cannot be committed."""
    try:
        data = parse(text)
    except BadFrontMatter as error:
        return [f"Invalid YAML metadata: {error}"], []
    if not data:
        return [], ["empty or missing yaml metadata in repo card"]
    errors: list[str] = []
    licences = data.get("license")
    for licence in licences if isinstance(licences, list) else [licences]:
        if licence is not None and (not isinstance(licence, str) or licence.lower() not in LICENCES):
            errors.append(f'"license" must be one of [{", ".join(sorted(LICENCES))}]')
            break
    for name in ("tags", "datasets", "metrics"):
        value = data.get(name)
        if value is not None and not (isinstance(value, str) or _strings(value)):
            errors.append(f'"{name}" must be an array of strings')
    languages = data.get("language")
    for language in languages if isinstance(languages, list) else [languages]:
        if language is not None and not (isinstance(language, str) and _LANGUAGE.fullmatch(language)):
            errors.append('"language" must only contain lowercase ISO 639-1, 639-2 or 639-3 codes')
            break
    if kind == "space" and "sdk" in data and data["sdk"] not in {"gradio", "docker", "static", "streamlit"}:
        errors.append('"sdk" must be one of [gradio, docker, static, streamlit]')
    if kind == "model" and isinstance(data.get("model-index"), dict):
        errors.append('"model-index" must be an array')
    return errors, []


def _strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


async def validate_yaml(call: Call) -> Reply:
    """``POST /api/validate-yaml``: 400 with errors, or 200 with warnings."""
    data = await call.json()
    errors, warnings = problems(str(data.get("content", "")), str(data.get("repoType", "model")))
    body = {
        "errors": [{"message": message} for message in errors],
        "warnings": [{"message": message} for message in warnings],
    }
    return json_reply(body, 400 if errors else 200)
