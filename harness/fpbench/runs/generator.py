"""A generator fitted to one half of the tracks, and judged by the other."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from logging import getLogger
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.evidence.truth import matching_rows
from fpbench.files import make_folder
from fpbench.generators.fidelity_report import (
    LEAST_TRACKS,
    FidelityReport,
    TooFewError,
    halve_tracks,
    judge_splits,
    measure_fidelity,
)
from fpbench.generators.files import load_generator, save_generator
from fpbench.hashing import code_key, content_key, file_sha256, rows_digest
from fpbench.plugin.blame import blame
from fpbench.plugin.catalog import Catalog, Offer
from fpbench.plugin.checked import draw_checked
from fpbench.plugin.entries import Settings
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.generators import FingerprintGenerator
from fpbench.plugin.source import identity, source_sha256
from fpbench.progress import Stage
from fpbench.randomness import Stream, rng_at
from fpbench.results.document import GeneratorInfo
from fpbench.runs.config import RunConfig
from fpbench.search.inputs import Inputs

logger = getLogger(__name__)

BASELINES = ("gaussian", "resample")
"""What a generator has to beat to have earned its place; fitted to the same half."""

TEACHER = "teacher"
"""The option of a generator that learns from a fitted one instead of from the run's tracks."""

_ROWS = 5_000  # of each set that fidelity compares


@dataclass(frozen=True, slots=True)
class FittedGenerator:
    """A generator ready to draw, what a result says about it, and a name for what it draws."""

    generator: FingerprintGenerator
    info: GeneratorInfo
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FitSplit:
    """Real fingerprints, divided by track.

    Args:
        fit: What generators learn from; empty if a fitted one was given.
        judge: What they have never seen.
        judge_tracks: Which track each row of ``judge`` is from.
        by_reference: Whether ``judge`` is the reference: queries then say nothing about it.
    """

    fit: Float32[np.ndarray, "fit dim"]
    judge: Float32[np.ndarray, "judge dim"]
    judge_tracks: np.ndarray
    by_reference: bool


def split_tracks(config: RunConfig, inputs: Inputs) -> FitSplit:
    """Half of the distractor tracks to fit to and half to judge by.

    A generator that came fitted is judged by all distractors, or by the reference if the dataset
    has none; it must not have been fitted to either.

    Raises:
        FpbenchError: There are too few tracks for that.
    """
    given = config.generator_weights is not None
    by_reference = given and len(inputs.real) == 0
    real, tracks = inputs.real, inputs.real_tracks
    if by_reference:
        real, tracks = inputs.reference, inputs.reference_positions.track
    least = LEAST_TRACKS if given else 2 * LEAST_TRACKS
    if len(np.unique(tracks)) < least:
        which = "reference" if by_reference else "distractor"
        task = "judge generator" if given else "fit and judge generator"
        raise FpbenchError(
            f"dataset '{inputs.data.name}' has {len(np.unique(tracks))} usable {which} tracks: "
            f"too few to {task} '{config.generator}', which takes {least}",
            hint="more distractor tracks; or --distractors real",
        )
    if given:
        return FitSplit(fit=real[:0], judge=real[:], judge_tracks=tracks, by_reference=by_reference)
    fit, judge = halve_tracks(tracks, rng_at(config.seed, Stream.GENERATOR_FIT))
    try:
        judge_splits(tracks[judge], seed=config.seed)
    except TooFewError as err:
        raise _cannot_judge_error(config.generator, err) from err
    return FitSplit(
        fit=real[fit], judge=real[judge], judge_tracks=tracks[judge], by_reference=False
    )


def generator_settings(config: RunConfig, store: Store) -> Settings:
    """What a run's generator is made with.

    Raises:
        FpbenchError: It names a teacher, which may have learned from the judging tracks.
    """
    if TEACHER in config.generator_options:
        raise FpbenchError(
            f"generator option '{TEACHER}' is not for a run: whoever taught the generator may have "
            "learned from the tracks that it is judged by",
            hint=f"`fpbench fit --set {TEACHER}=FILE ...`, then --generator-weights",
        )
    return Settings(
        device=config.device,
        dtype=config.dtype,
        options=config.generator_options,
        seed=config.seed,
        cache_dir=store.root,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorFitting:
    """Where the generators of one run are fitted and judged; each only once, then stored."""

    config: RunConfig
    catalog: Catalog
    store: Store
    inputs: Inputs
    data: FitSplit
    stage: Stage

    def fitted(self) -> FittedGenerator:
        """The run's generator: from the weights given, or fitted now.

        What was set for a fit is in its file; what is set for a file can change how it draws.

        Raises:
            FpbenchError: It cannot be loaded, or draws vectors of another length than the
                fingerprinter's.
        """
        config = self.config
        settings = generator_settings(config, self.store)
        offer, _ = self.catalog.offer("generator", config.generator)
        path = config.generator_weights
        if path is None:
            path, generator = self._own(offer, settings)
        else:
            generator = load_generator(path, self.catalog, settings, config.generator)
        dim = self.inputs.reference.shape[1]
        if generator.dim != dim:
            raise FpbenchError(
                f"generator {path} draws vectors of {generator.dim} dimensions, the fingerprinter "
                f"makes {dim}",
                hint="give a generator that was fitted to this fingerprinter's fingerprints",
            )
        info = GeneratorInfo(
            name=offer.entry.name,
            distribution=offer.source.distribution,
            version=offer.source.version,
            options=dict(config.generator_options),
            parameters=generator.parameters,
            fitted_fingerprints=len(self.data.fit) or None,
            weights_sha256=file_sha256(path),
        )
        draws = identity(offer.entry.name, offer.source.module, settings)
        return FittedGenerator(generator, info, content_key(by=draws, weights=info.weights_sha256))

    def fidelity(self, made: FittedGenerator) -> Mapping[str, Any]:
        """How like the real ones its fingerprints are, with floor and baselines beside it.

        The baselines are left out where a fitted generator was given, because nothing is there to
        fit them to, and hit rates where the reference judges.

        Raises:
            FpbenchError: There is too little to judge by.
        """
        named = BASELINES if len(self.data.fit) else ()
        baselines = [self.catalog.offer("generator", name)[0] for name in named]
        key = content_key(
            made="fidelity",
            code=code_key(__name__),
            generator=made.key,
            inputs=self.inputs.key,
            fitted=rows_digest(self.data.fit),
            judge=rows_digest(self.data.judge),
            tracks=rows_digest(self.data.judge_tracks),
            tolerance_s=self.config.tolerance_s,
            seed=self.config.seed,
            baselines=[source_sha256(offer.source.module) for offer in baselines],
        )
        known = self.store.read("fidelity", key)
        if known is None:
            with self.stage("fidelity") as report:
                report(0.0, made.info.name)
                known = {
                    "json": np.array(json.dumps(self._judged(made).to_json(), allow_nan=False))
                }
            self.store.write("fidelity", key, known)
        loaded: dict[str, Any] = json.loads(str(known["json"]))
        return loaded

    def _judged(self, made: FittedGenerator) -> FidelityReport:
        data = self.data
        rows = max(_ROWS, len(data.judge))
        candidates = {made.info.name: self._drawn(made.generator, made.info.name, rows)}
        for name in BASELINES:
            if name not in candidates and len(data.fit):
                settings = replace(generator_settings(self.config, self.store), options={})
                offer, _ = self.catalog.offer("generator", name)
                _, baseline = self._own(offer, settings)
                candidates[name] = self._drawn(baseline, name, rows)
        asked = {} if data.by_reference else _fidelity_queries(self.inputs, self.config.tolerance_s)
        try:
            return measure_fidelity(
                data.judge,
                data.judge_tracks,
                candidates,
                seed=self.config.seed,
                most_rows=_ROWS,
                training=data.fit if len(data.fit) else None,
                **asked,
            )
        except TooFewError as err:
            raise _cannot_judge_error(made.info.name, err) from err

    def _drawn(self, generator: FingerprintGenerator, name: str, rows: int) -> Vectors:
        return draw_checked(generator, name, rows, rng_at(self.config.seed, Stream.FIDELITY, 0))

    def _own(self, offer: Offer, settings: Settings) -> tuple[Path, FingerprintGenerator]:
        """A generator fitted to one half, from the store or made now, and its file."""
        made_by = identity(offer.entry.name, offer.source.module, settings)
        key = content_key(made="generator", by=made_by, rows=rows_digest(self.data.fit))
        path = self.store.path("generators", key, ".safetensors")
        # What was set for the fit is in the file.
        drawing = replace(settings, options={})
        if path.exists():
            try:
                return path, load_generator(path, self.catalog, drawing, offer.entry.name)
            except FpbenchError as err:
                logger.warning("%s; it is in the cache and is made again", err.message)
        method = self.catalog.generator(offer.entry.name, settings)
        work_dir = self.store.path("fits", key)
        for folder in (work_dir, path.parent):
            make_folder(folder)
        with (
            self.stage(f"fitting {offer.entry.name}") as report,
            blame(offer.source.plugin, "fitting it"),
        ):
            generator = method.fit(
                self.data.fit, seed=settings.seed, work_dir=work_dir, report=report
            )
            save_generator(generator, path)
        return path, load_generator(path, self.catalog, drawing, offer.entry.name)


def _cannot_judge_error(generator: str, err: TooFewError) -> FpbenchError:
    return FpbenchError(
        f"generator '{generator}' cannot be judged: {err}",
        hint="more or longer distractor tracks; or --distractors real",
    )


def _fidelity_queries(inputs: Inputs, tolerance_s: float | None) -> dict[str, Any]:
    """Queries, reference and right answers, for :func:`measure_fidelity`.

    Empty where no row of the reference is right.
    """
    order, first, stop = matching_rows(inputs.reference_positions, inputs.truth, tolerance_s)
    if (first == stop).all():
        return {}
    return {
        "queries": inputs.queries,
        "reference": inputs.reference[order],
        "right": (first, stop),
    }
