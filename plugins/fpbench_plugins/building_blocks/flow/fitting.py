"""Fits a flow to fingerprints and records how."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32

from fpbench import FpbenchError, Report, Settings, Stream, Vectors, rng_at
from fpbench.folder_names import change_texts, without_folders
from fpbench.generators.provenance import rows_sha256
from fpbench.hashing import content_key
from fpbench_plugins.building_blocks.flow.config import FlowConfig
from fpbench_plugins.building_blocks.flow.generator import FittedFlow
from fpbench_plugins.building_blocks.flow.network import fresh_network
from fpbench_plugins.building_blocks.flow.normalisation import (
    Normalisation,
    measure_normalisation,
)
from fpbench_plugins.building_blocks.flow.objective import FlowObjective
from fpbench_plugins.building_blocks.flow.training import TrainingOutcome, train


def fit_flow(
    fingerprints: Vectors,
    config: FlowConfig,
    units: Normalisation | None,
    settings: Settings,
    *,
    generator: str,
    seed: int,
    work_dir: Path,
    report: Report,
) -> FittedFlow:
    """Train a velocity network. An interrupted fit continues from its checkpoint.

    Args:
        units: Normalisation of the fingerprints; None to measure it.
        settings: Device and precision.
        generator: Name of the generator, for the file.
        work_dir: Folder for the checkpoint.

    Raises:
        FpbenchError: There are too few rows, they have no variance, or the checkpoint belongs to
            another fit.
    """
    chosen = spread_rows(fingerprints, config.most_rows)
    learn, judge = split_rows(chosen, config.held_out)
    units = units or _measure_normalisation(learn)
    shape = config.shape(fingerprints.shape[1])
    digest = rows_sha256(fingerprints)
    network = fresh_network(shape, rng_at(seed, Stream.WEIGHTS)).to(settings.device)
    objective = FlowObjective(network, learn, judge, units, config, seed=seed, dtype=settings.dtype)
    outcome = train(
        network,
        objective,
        checkpoint=work_dir / "checkpoint.pt",
        key=content_key(
            generator=generator,
            config=config,
            seed=seed,
            data=digest,
            dtype=settings.dtype,
            device=settings.device,
        ),
        report=report,
    )
    return FittedFlow(
        generator=generator,
        shape=shape,
        weights=outcome.weights,
        normalisation=units,
        sampling=config.sampling,
        record={
            **training_record(dataclasses.asdict(config), settings, seed, outcome),
            "training_rows": len(learn),
            "held_out_rows": len(judge),
            "training_sha256": digest,
        },
    )


def training_record(
    config: Mapping[str, Any], settings: Settings, seed: int, outcome: TrainingOutcome
) -> dict[str, Any]:
    """What the records of all trainings contain."""
    return {
        "settings": change_texts(config, without_folders),
        "dtype": settings.dtype,
        "device": torch.device(settings.device).type,
        "seed": seed,
        "step": outcome.step,
        "history": outcome.history,
    }


def spread_rows(fingerprints: Vectors, most: int | None) -> Float32[np.ndarray, "chosen dim"]:
    """At most ``most`` rows, at equal distances: of each track as large a share as of all."""
    if most is None or len(fingerprints) <= most:
        return fingerprints
    return fingerprints[np.arange(most) * len(fingerprints) // most]


def split_rows(
    fingerprints: Vectors, share: float
) -> tuple[Float32[np.ndarray, "learn dim"], Float32[np.ndarray, "judge dim"]]:
    """Split into rows to learn from and rows for evaluation: the last ``share`` of all.

    Raises:
        FpbenchError: There are too few rows for both.
    """
    held_out = round(len(fingerprints) * share)
    learn = len(fingerprints) - held_out
    if held_out < 10 or learn < 10:
        raise FpbenchError(
            f"{len(fingerprints)} fingerprints are too few to fit a generator to",
            hint="give at least some thousands, or change held_out",
        )
    return fingerprints[:learn], fingerprints[learn:]


def _measure_normalisation(fingerprints: Vectors) -> Normalisation:
    try:
        return measure_normalisation(fingerprints)
    except ValueError as err:
        raise FpbenchError(f"cannot fit a flow: {err}", hint="give real fingerprints") from err
