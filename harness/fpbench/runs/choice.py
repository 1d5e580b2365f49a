"""Chooses the generator of a run that names none: the best one whose fit is affordable."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from types import MappingProxyType

import numpy as np

from fpbench.audio.survey import Surveys, decoded_durations_s
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.hashing import content_key
from fpbench.plugin.blame import blame
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.entries import Settings
from fpbench.plugin.generators import DefaultGenerator
from fpbench.runs.inputs import AudioSource
from fpbench.runs.named_generator import Choice
from fpbench.runs.ready_made import VectorSource
from fpbench.units import short_time

AFFORDABLE_S = 3600.0
"""Longest fit that a run starts without being asked for this generator.

Estimates are for all epochs; a fit may end earlier.
"""


def estimate_distractors(
    source: AudioSource | VectorSource, hop_s: float, surveys: Surveys = MappingProxyType({})
) -> int:
    """Number of real distractor fingerprints, from the lengths of their recordings.

    Args:
        source: Where distractors come from.
        hop_s: Time from one fingerprint to the next.
        surveys: Surveys of recordings; the lengths of others are those in their headers.
    """
    if isinstance(source, VectorSource):
        return len(source.vectors.distractors)
    return int(decoded_durations_s(surveys, source.dataset.distractors).sum() / hop_s)


def choose_generator(
    catalog: Catalog,
    store: Store,
    settings: Settings,
    *,
    rows: int,
    dim: int,
    tracks: bool = False,
) -> Choice:
    """Choose the best generator that is affordable, or else the last one that plugins propose.

    The store keeps a choice that depends on short trials, so that a run that is repeated or
    continued has the same generator.

    Args:
        settings: Device, dtype, options and seed of the generator.
        rows: Number of fingerprints for the fit.
        dim: Dimension of a fingerprint.
        tracks: Whether queries have several fingerprints, so that it must draw tracks.

    Raises:
        FpbenchError: No plugin proposes a generator.
    """
    candidates = catalog.default_generators(tracks=tracks)
    if not candidates:
        raise FpbenchError(
            "no installed plugin proposes a generator", hint="name one with --generator"
        )
    key = content_key(
        made="generator choice",
        candidates=candidates,
        device=settings.device,
        dtype=settings.dtype,
        options=settings.options,
        rows=rows,
        dim=dim,
    )
    kept = store.read("choices", key)
    if kept is not None:
        return Choice(**json.loads(str(kept["json"])))
    choice = _choose(candidates, catalog, settings, rows, dim)
    if any(rows >= candidate.least_rows for candidate in candidates[:-1]):
        store.write("choices", key, {"json": np.array(json.dumps(asdict(choice)))})
    return choice


def _choose(
    candidates: Sequence[DefaultGenerator],
    catalog: Catalog,
    settings: Settings,
    rows: int,
    dim: int,
) -> Choice:
    *better, last = candidates
    obstacles = []
    for candidate in better:
        if rows < candidate.least_rows:
            obstacles.append(
                f"{candidate.name} needs at least {candidate.least_rows} fingerprints to fit, and "
                f"there are {rows}"
            )
            continue
        with blame(catalog.offer("generator", candidate.name)[0].source.plugin, "a trial fit"):
            need = catalog.generator(candidate.name, settings).need(rows, dim)
        takes = f"fitting {candidate.name} takes up to {short_time(need.fit_seconds)}"
        if need.fit_seconds <= AFFORDABLE_S:
            quicker = f"--generator {last.name} is quicker, but {last.caution}"
            return Choice(candidate.name, f"{takes}; {quicker}", _reason(obstacles, candidate))
        obstacles.append(takes)
    return Choice(last.name, f"{last.name} is fitted", _reason(obstacles, last))


def _reason(obstacles: Sequence[str], chosen: DefaultGenerator) -> str | None:
    if not obstacles:
        return None
    caution = f"; {chosen.caution}" if chosen.caution else ""
    return "; ".join(obstacles) + caution
