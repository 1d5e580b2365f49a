"""Fits a flow to fingerprints, or loads one: ours, or the authors'."""

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32

from fpbench import FpbenchError, Report, Settings, Stream, Vectors, configured, rng_at
from fpbench.store import content_key
from fpbench_plugins.building_blocks.flow import (
    Normalisation,
    fresh_network,
    measured_normalisation,
)
from fpbench_plugins.building_blocks.flow_generator import (
    FittedFlow,
    FlowGenerator,
    Sampling,
    read_fitted,
)
from fpbench_plugins.building_blocks.flow_training import trained
from fpbench_plugins.rectified_flow.checkpoint import is_lightning, read_lightning
from fpbench_plugins.rectified_flow.config import PUBLISHED, FlowConfig
from fpbench_plugins.rectified_flow.objective import FlowObjective

NAME = "rectified-flow"


class RectifiedFlow:
    """Implements :class:`fpbench.GeneratorMethod`."""

    def __init__(self, settings: Settings) -> None:
        self.config = configured(PUBLISHED, settings.options)
        self._settings = settings

    def fit(
        self, fingerprints: Vectors, /, *, seed: int, work_dir: Path, report: Report
    ) -> FlowGenerator:
        config = self.config
        learn, judge = split_rows(fingerprints, config)
        units = config.normalisation or _measured(learn)
        shape = config.shape(fingerprints.shape[1])
        digest = sha256_of(fingerprints)
        device = torch.device(self._settings.device)
        network = fresh_network(shape, rng_at(seed, Stream.WEIGHTS)).to(device)
        objective = FlowObjective(
            network, learn, judge, units, config, seed=seed, dtype=self._settings.dtype
        )
        outcome = trained(
            network,
            objective.loss_at,
            objective.judge,
            objective.schedule,
            checkpoint=work_dir / "checkpoint.pt",
            identity=content_key(
                generator=NAME, config=config, seed=seed, data=digest, dtype=self._settings.dtype
            ),
            report=report,
        )
        fitted = FittedFlow(
            generator=NAME,
            shape=shape,
            weights=outcome.weights,
            normalisation=units,
            sampling=config.sampling,
            record={
                "settings": dataclasses.asdict(config),
                "dtype": self._settings.dtype,
                "device": device.type,
                "seed": seed,
                "step": outcome.step,
                "training_rows": len(learn),
                "held_out_rows": len(judge),
                "training_sha256": digest,
                "history": outcome.history,
            },
        )
        return self._generator(fitted)

    def load(self, path: Path, /) -> FlowGenerator:
        if is_lightning(path):
            return self._generator(read_lightning(path, NAME, self.config))
        fitted = read_fitted(path, NAME)
        asked = {field.name for field in dataclasses.fields(Sampling)} & set(self._settings.options)
        sampling = dataclasses.replace(
            fitted.sampling, **{name: getattr(self.config, name) for name in asked}
        )
        return self._generator(dataclasses.replace(fitted, sampling=sampling))

    def _generator(self, fitted: FittedFlow) -> FlowGenerator:
        return FlowGenerator(fitted, device=self._settings.device, dtype=self._settings.dtype)


def split_rows(
    fingerprints: Vectors, config: FlowConfig
) -> tuple[Float32[np.ndarray, "learn dim"], Float32[np.ndarray, "judge dim"]]:
    """Rows to learn from, and rows to judge by: the last ones.

    Raises:
        FpbenchError: Too few rows for both.
    """
    held_out = round(len(fingerprints) * config.held_out)
    learn = len(fingerprints) - held_out
    if held_out < 10 or learn < 10:
        raise FpbenchError(
            f"{len(fingerprints)} fingerprints are too few to fit a generator to",
            hint="give some thousands at least, or set held_out to another share",
        )
    return fingerprints[:learn], fingerprints[learn:]


def sha256_of(fingerprints: Vectors, rows_at_once: int = 65_536) -> str:
    """Of the rows' bytes, little-endian, in order."""
    digest = hashlib.sha256()
    for start in range(0, len(fingerprints), rows_at_once):
        chunk = fingerprints[start : start + rows_at_once]
        digest.update(np.ascontiguousarray(chunk, dtype="<f4").data)
    return digest.hexdigest()


def _measured(fingerprints: Vectors) -> Normalisation:
    try:
        return measured_normalisation(fingerprints)
    except ValueError as err:
        raise FpbenchError(f"cannot fit: {err}", hint="give real fingerprints") from err
