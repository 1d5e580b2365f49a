"""Fits a teacher if none is given, lets it carry noise, and trains a student on these pairs."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from fpbench import (
    FingerprintGenerator,
    FpbenchError,
    GeneratorNeed,
    Report,
    Settings,
    Stream,
    Vectors,
    apply_options,
    rng_at,
)
from fpbench.cache import is_intact, read_sealed, seal, write_sealed
from fpbench.files import make_folder
from fpbench.generators.provenance import rows_sha256
from fpbench.hashing import content_key
from fpbench.plugin.options import refuse_settings_but
from fpbench.runs.trials import draw_seconds
from fpbench_plugins.building_blocks.flow.fitting import (
    fit_flow,
    training_record,
)
from fpbench_plugins.building_blocks.flow.generator import (
    FittedFlow,
    FlowGenerator,
    build_network,
    read_flow,
    write_flow,
)
from fpbench_plugins.building_blocks.flow.integration import integrate, sharpen, velocity_function
from fpbench_plugins.building_blocks.flow.needs import FitTrial, flow_need
from fpbench_plugins.building_blocks.flow.network import fresh_network
from fpbench_plugins.building_blocks.flow.normalisation import Normalisation
from fpbench_plugins.building_blocks.flow.training import TrainingOutcome, train
from fpbench_plugins.rectified_flow_turbo.config import TURBO_DEFAULTS, TurboConfig
from fpbench_plugins.rectified_flow_turbo.objective import Distillation

TURBO, SHARP = "rectified-flow-turbo", "rectified-flow-sharp"
TEACHER = "rectified-flow"
PAIRS_AT_ONCE = 2_500

_TEACHER_SHARE, _PAIRS_SHARE = 0.4, 0.2  # of a fit's time, for progress reports


class RectifiedFlowTurbo:
    """Implements :class:`fpbench.GeneratorMethod`.

    Args:
        settings: Options, device and dtype.
        name: Of the generator, for its files.
        defaults: Settings where there are no options.
    """

    def __init__(
        self, settings: Settings, name: str = TURBO, defaults: TurboConfig = TURBO_DEFAULTS
    ) -> None:
        self.config = apply_options(defaults, settings.options)
        self._settings = settings
        self._name = name

    @property
    def learns_from(self) -> Sequence[Path]:
        return () if self.config.teacher is None else (Path(self.config.teacher),)

    def need(self, rows: int, dim: int, /) -> GeneratorNeed:
        config, settings = self.config, self._settings
        student = FitTrial(config.shape(dim), settings)
        seconds = config.iterations * student.step_seconds(config.batch_rows)
        memory = student.memory_bytes(config.batch_rows) + 8.0 * config.pairs * dim
        teacher_config = config.teacher_config
        if config.teacher is None:
            teacher = flow_need(teacher_config, rows, dim, settings)
            seconds += teacher.fit_seconds
            memory = max(memory, teacher.fit_memory_bytes)
            carrier: FingerprintGenerator = teacher.stand_in
        else:
            given = read_flow(Path(config.teacher), TEACHER)
            carrier = self._generator(dataclasses.replace(given, sampling=teacher_config.sampling))
        # A draw takes pair_steps steps, and sharpening one more.
        draws_each = 1 + (1 / config.pair_steps if config.sharpening else 0)
        return GeneratorNeed(
            fit_seconds=seconds + config.pairs * draws_each * draw_seconds(carrier, TEACHER),
            fit_memory_bytes=memory,
            stand_in=student.generator(config.sampling),
        )

    def fit(
        self, fingerprints: Vectors, /, *, seed: int, work_dir: Path, report: Report
    ) -> FlowGenerator:
        config = self.config
        teacher = self._teacher(fingerprints, seed, work_dir, report)
        pairs_key = content_key(
            teacher={name: tensor_sha256(weights) for name, weights in teacher.weights.items()},
            steps=config.pair_steps,
            sharpening=config.sharpening,
            seed=seed,
            dtype=self._settings.dtype,
            device=self._settings.device,
        )
        pairs = self._pairs(teacher, seed, work_dir, pairs_key, report)
        outcome = self._train_student(
            *pairs,
            teacher.normalisation,
            content_key(generator=self._name, config=config, pairs=pairs_key),
            seed=seed,
            work_dir=work_dir,
            report=report,
        )
        saved_as = getattr(torch, config.saved_as)
        return self._generator(
            FittedFlow(
                generator=self._name,
                shape=config.shape(teacher.shape.dim),
                weights={name: weights.to(saved_as) for name, weights in outcome.weights.items()},
                normalisation=teacher.normalisation,
                sampling=config.sampling,
                record={
                    **training_record(dataclasses.asdict(config), self._settings, seed, outcome),
                    "teacher": dict(teacher.record),
                },
            )
        )

    def load(self, path: Path, /) -> FlowGenerator:
        fitted = read_flow(path, self._name)
        # Not steps: a student only works with the number of steps it was trained for.
        refuse_settings_but(["project"], self._settings.options, f"generator '{path}'")
        if "project" in self._settings.options:
            sampling = dataclasses.replace(fitted.sampling, project=self.config.project)
            fitted = dataclasses.replace(fitted, sampling=sampling)
        return self._generator(fitted)

    def _generator(self, fitted: FittedFlow) -> FlowGenerator:
        return FlowGenerator(fitted, device=self._settings.device, dtype=self._settings.dtype)

    def _teacher(
        self, fingerprints: Vectors, seed: int, work_dir: Path, report: Report
    ) -> FittedFlow:
        if self.config.teacher is not None:
            given = read_flow(Path(self.config.teacher), TEACHER)
            if given.shape.dim != fingerprints.shape[1]:
                raise FpbenchError(
                    f"teacher '{self.config.teacher}' draws {given.shape.dim} dimensions, but "
                    f"the fingerprints have {fingerprints.shape[1]}",
                    hint="give a teacher that was fitted to fingerprints of this fingerprinter",
                )
            return given
        key = content_key(
            config=self.config.teacher_config,
            seed=seed,
            data=rows_sha256(fingerprints),
            dtype=self._settings.dtype,
            device=self._settings.device,
        )
        kept = work_dir / f"teacher-{key}.safetensors"
        if not is_intact(kept, key):
            folder = make_folder(work_dir / f"teacher-{key}")
            teacher = fit_flow(
                fingerprints,
                self.config.teacher_config,
                None,
                self._settings,
                generator=TEACHER,
                seed=seed,
                work_dir=folder,
                report=lambda share, phrase: report(_TEACHER_SHARE * share, f"teacher: {phrase}"),
            )
            write_flow(teacher, kept)
            seal(kept, key)
        return read_flow(kept, TEACHER)

    def _pairs(
        self, teacher: FittedFlow, seed: int, work_dir: Path, pairs_key: str, report: Report
    ) -> tuple[Float32[Tensor, "pairs dim"], Float32[Tensor, "pairs dim"]]:
        """Noise, and the points to which the teacher carries it, in normalised units."""
        device = torch.device(self._settings.device)
        network = build_network(teacher, device, getattr(torch, self._settings.dtype))
        velocity = velocity_function(network)
        noises, arrivals = [], []
        for start in range(0, self.config.pairs, PAIRS_AT_ONCE):
            rows = min(PAIRS_AT_ONCE, self.config.pairs - start)
            rng = rng_at(seed, Stream.GENERATOR_FIT, 3, start)
            noise = rng.standard_normal((rows, teacher.shape.dim), dtype=np.float32)
            noises.append(torch.from_numpy(noise).clone())
            name = f"pairs-{pairs_key}-{start}-{rows}"
            content = read_sealed(work_dir / f"{name}.f32", name)
            if content is None:
                with torch.inference_mode():
                    start_points = noises[-1].to(device)
                    blurred = integrate(velocity, start_points, self.config.pair_steps, "heun")
                    carried = sharpen(velocity, blurred, self.config.sharpening)
                content = carried.cpu().numpy().tobytes()
                write_sealed(work_dir / f"{name}.f32", name, content, durable=False)
            arrived = np.frombuffer(content, dtype=np.float32).reshape(noise.shape)
            arrivals.append(torch.from_numpy(arrived.copy()))
            share = (start + rows) / self.config.pairs
            report(_TEACHER_SHARE + _PAIRS_SHARE * share, f"pairs {start + rows}")
        return torch.cat(noises), torch.cat(arrivals)

    def _train_student(
        self,
        noise: Float32[Tensor, "pairs dim"],
        carried: Float32[Tensor, "pairs dim"],
        units: Normalisation,
        key: str,
        *,
        seed: int,
        work_dir: Path,
        report: Report,
    ) -> TrainingOutcome:
        device = torch.device(self._settings.device)
        shape = self.config.shape(noise.shape[1])
        network = fresh_network(shape, rng_at(seed, Stream.WEIGHTS, 1)).to(device)
        objective = Distillation(
            network,
            noise.to(device),
            carried.to(device),
            units,
            self.config,
            seed=seed,
            dtype=self._settings.dtype,
        )
        done = _TEACHER_SHARE + _PAIRS_SHARE
        return train(
            network,
            objective,
            checkpoint=work_dir / "student.pt",
            key=key,
            report=lambda share, phrase: report(done + (1 - done) * share, f"student: {phrase}"),
        )


def tensor_sha256(weights: Tensor) -> str:
    """SHA-256 of the values as float32."""
    return rows_sha256(weights.float().reshape(len(weights), -1).numpy())
