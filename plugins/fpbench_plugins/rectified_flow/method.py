"""Fits a flow to fingerprints, or loads one: ours, or the authors'."""

import dataclasses
from pathlib import Path

from fpbench import GeneratorNeed, Report, Settings, Vectors, configured
from fpbench_plugins.building_blocks.flow_fitting import fitted_flow
from fpbench_plugins.building_blocks.flow_generator import (
    FittedFlow,
    FlowGenerator,
    Sampling,
    read_fitted,
)
from fpbench_plugins.building_blocks.flow_needs import flow_need
from fpbench_plugins.rectified_flow.checkpoint import is_lightning, read_lightning
from fpbench_plugins.rectified_flow.config import PUBLISHED

NAME = "rectified-flow"


class RectifiedFlow:
    """Implements :class:`fpbench.GeneratorMethod`."""

    def __init__(self, settings: Settings) -> None:
        self.config = configured(PUBLISHED, settings.options)
        self._settings = settings

    def need(self, rows: int, dim: int, /) -> GeneratorNeed:
        return flow_need(self.config, rows, dim, self._settings)

    def fit(
        self, fingerprints: Vectors, /, *, seed: int, work_dir: Path, report: Report
    ) -> FlowGenerator:
        fitted = fitted_flow(
            fingerprints,
            self.config,
            self.config.normalisation,
            self._settings,
            generator=NAME,
            seed=seed,
            work_dir=work_dir,
            report=report,
        )
        return self._generator(fitted)

    def load(self, path: Path, /) -> FlowGenerator:
        if is_lightning(path):
            return self._generator(read_lightning(path, NAME, self.config))
        fitted = read_fitted(path, NAME)
        # A file draws as its fit said, except for what is asked for now.
        asked = {field.name for field in dataclasses.fields(Sampling)} & set(self._settings.options)
        sampling = dataclasses.replace(
            fitted.sampling, **{name: getattr(self.config, name) for name in asked}
        )
        return self._generator(dataclasses.replace(fitted, sampling=sampling))

    def _generator(self, fitted: FittedFlow) -> FlowGenerator:
        return FlowGenerator(fitted, device=self._settings.device, dtype=self._settings.dtype)
