"""Fits a flow to fingerprints, or loads a fitted one: ours or the authors'."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from fpbench import GeneratorNeed, Report, Settings, Vectors, apply_options
from fpbench.plugin.options import refuse_settings_but
from fpbench_plugins.building_blocks.flow.fitting import fit_flow
from fpbench_plugins.building_blocks.flow.generator import (
    FittedFlow,
    FlowGenerator,
    Sampling,
    read_flow,
)
from fpbench_plugins.building_blocks.flow.needs import flow_need
from fpbench_plugins.rectified_flow.checkpoint import is_lightning, read_lightning
from fpbench_plugins.rectified_flow.config import PUBLISHED

NAME = "rectified-flow"
UNITS = (
    "published",
    "mean",
    "std",
)  # settings of the normalisation, which the authors' files do not contain


class RectifiedFlow:
    """Implements :class:`fpbench.GeneratorMethod`."""

    learns_from: Sequence[Path] = ()

    def __init__(self, settings: Settings) -> None:
        self.config = apply_options(PUBLISHED, settings.options)
        self._settings = settings

    def need(self, rows: int, dim: int, /) -> GeneratorNeed:
        return flow_need(self.config, rows, dim, self._settings)

    def fit(
        self, fingerprints: Vectors, /, *, seed: int, work_dir: Path, report: Report
    ) -> FlowGenerator:
        fitted = fit_flow(
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
        options, what = self._settings.options, f"generator '{path}'"
        sampling_names = [field.name for field in dataclasses.fields(Sampling)]
        if is_lightning(path):
            fitted = read_lightning(path, NAME, self.config)
            refuse_settings_but([*sampling_names, *UNITS], options, what)
            return self._generator(fitted)
        fitted = read_flow(path, NAME)
        refuse_settings_but(sampling_names, options, what)
        # The user's settings override those that the file was fitted with.
        sampling = dataclasses.replace(
            fitted.sampling, **{name: getattr(self.config, name) for name in options}
        )
        return self._generator(dataclasses.replace(fitted, sampling=sampling))

    def _generator(self, fitted: FittedFlow) -> FlowGenerator:
        return FlowGenerator(fitted, device=self._settings.device, dtype=self._settings.dtype)
