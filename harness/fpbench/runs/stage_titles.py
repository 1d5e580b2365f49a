"""Which stage of a run a title belongs to that its progress shows."""

import re

from fpbench.progress import Stage
from fpbench.results.costs import StageName

_TITLES: dict[str, tuple[StageName, str]] = {
    "read recordings": ("reading", "recordings"),
    "reference": ("fingerprinting", "reference"),
    "distractors": ("fingerprinting", "distractors"),
    "queries": ("fingerprinting", "queries"),
    "queries of whole tracks": ("fingerprinting", "queries"),
    "queries that match nothing": ("fingerprinting", "queries that match nothing"),
    "near copies": ("near copies", "recordings"),
    "comparing distractors with the reference": ("near copies", "distractors"),
    "fidelity": ("judging", "generator"),
}
"""Stages by the title that progress shows; others are parts of those around them."""

_PREFIXES: dict[str, StageName] = {"making ": "making", "fitting ": "fitting"}

_OF_LENGTH = re.compile(r"(?P<title>.*?)(?P<length>, [^, ]+ s)?")
_BEYOND = ", beyond"


def name_length(stage: Stage, length_s: float) -> Stage:
    """The same display of stages, whose titles end in the length of the queries."""
    return lambda title: stage(f"{title}, {length_s:g} s")


def stage_of(title: str) -> tuple[StageName, str] | None:
    """The stage of the result, and what it works on; None for a part of another stage."""
    named = _OF_LENGTH.fullmatch(title)
    title, length = (title, None) if named is None else (named["title"], named["length"])
    if title in _TITLES:
        return _TITLES[title]
    for prefix, stage in _PREFIXES.items():
        if title.startswith(prefix):
            return stage, title.removeprefix(prefix)
    if title.endswith(_BEYOND):
        return "simulating", title.removesuffix(_BEYOND) + (length or "")
    return None
