"""Which stage of a run a title belongs to that its progress shows."""

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


def stage_of(title: str) -> tuple[StageName, str] | None:
    """The stage of the result, and what it works on; None for a part of another stage."""
    if title in _TITLES:
        return _TITLES[title]
    for prefix, stage in _PREFIXES.items():
        if title.startswith(prefix):
            return stage, title.removeprefix(prefix)
    if title.endswith(", beyond"):
        return "simulating", title.removesuffix(", beyond")
    return None
