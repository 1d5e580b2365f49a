"""Tracks of a distilled flow: its fingerprints, from coherent noise."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fpbench import (
    FpbenchError,
    GeneratorMethod,
    GeneratorNeed,
    Report,
    Settings,
    Vectors,
    apply_options,
)
from fpbench.plugin.options import refuse_settings_but
from fpbench.tensor_files import read_tensors
from fpbench_plugins.building_blocks.coherent_noise.method import CoherenceConfig, CoherentNoise
from fpbench_plugins.building_blocks.flow.generator import RECORD, FlowGenerator, read_flow
from fpbench_plugins.rectified_flow_turbo.config import TURBO_DEFAULTS, TurboConfig
from fpbench_plugins.rectified_flow_turbo.method import SHARP, TEACHER, TURBO, RectifiedFlowTurbo

NAME = "rectified-flow-tracks"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurboTracksConfig(TurboConfig):
    """Settings of the flow and of its tracks.

    Args:
        flow: File of a fitted ``rectified-flow-turbo``, ``rectified-flow-sharp`` or
            ``rectified-flow``, which then draws the fingerprints of tracks; None fits a turbo
            first, with the settings of one.
        longest: Largest number of fingerprints in a track; a longer one is learnt and drawn as
            several.
        most_tracks: Largest number of tracks that are learnt, spread evenly over all.
    """

    flow: str | None = None
    longest: int = CoherenceConfig().longest
    most_tracks: int = CoherenceConfig().most_tracks

    def __post_init__(self) -> None:
        TurboConfig.__post_init__(self)
        CoherenceConfig(longest=self.longest, most_tracks=self.most_tracks)


TRACK_DEFAULTS = TurboTracksConfig(
    **{f.name: getattr(TURBO_DEFAULTS, f.name) for f in dataclasses.fields(TURBO_DEFAULTS)}
)
_OWN = {"flow", "longest", "most_tracks"}


def coherent_turbo(settings: Settings) -> CoherentNoise:
    """The method of ``rectified-flow-tracks``."""
    config = apply_options(TRACK_DEFAULTS, settings.options)
    coherence = CoherenceConfig(longest=config.longest, most_tracks=config.most_tracks)
    base: GeneratorMethod = FlowOrTurbo(settings, config.flow)
    return CoherentNoise(name=NAME, base=base, config=coherence, options=settings.options)


class FlowOrTurbo:
    """Implements :class:`fpbench.GeneratorMethod`: a flow that is given, or a turbo."""

    def __init__(self, settings: Settings, flow: str | None) -> None:
        options = {key: text for key, text in settings.options.items() if key not in _OWN}
        self._given_options: Mapping[str, str] = settings.options
        self._settings = dataclasses.replace(settings, options=options)
        self._turbo = RectifiedFlowTurbo(self._settings)
        self._flow = None if flow is None else Path(flow)

    @property
    def learns_from(self) -> Sequence[Path]:
        return self._turbo.learns_from if self._flow is None else (self._flow,)

    def need(self, rows: int, dim: int, /) -> GeneratorNeed:
        if self._flow is None:
            return self._turbo.need(rows, dim)
        given = self._read(self._flow)
        return GeneratorNeed(fit_seconds=0.0, fit_memory_bytes=0.0, stand_in=given)

    def fit(
        self, fingerprints: Vectors, /, *, seed: int, work_dir: Path, report: Report
    ) -> FlowGenerator:
        if self._flow is None:
            return self._turbo.fit(fingerprints, seed=seed, work_dir=work_dir, report=report)
        refuse_settings_but(sorted(_OWN), self._given_options, f"flow '{self._flow}'")
        given = self._read(self._flow)
        if given.dim != fingerprints.shape[1]:
            raise FpbenchError(
                f"flow '{self._flow}' draws {given.dim} dimensions, but the fingerprints have "
                f"{fingerprints.shape[1]}",
                hint="give a flow that was fitted to fingerprints of this fingerprinter",
            )
        return given

    def load(self, path: Path, /) -> FlowGenerator:
        return self._read(path)

    def _read(self, path: Path) -> FlowGenerator:
        """A fitted flow, distilled or not."""
        metadata = read_tensors(path, advice="make one with `fpbench fit`", values=False).metadata
        record = metadata.get(RECORD, "")
        found = (name for name in (TEACHER, SHARP) if f'"generator": "{name}"' in record)
        name = next(found, TURBO)
        settings = self._settings
        return FlowGenerator(read_flow(path, name), device=settings.device, dtype=settings.dtype)
