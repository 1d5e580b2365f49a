"""A generator fitted to one half of the tracks, and judged by the other."""

import json
from collections.abc import Mapping, Sequence
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
from fpbench.plugin.generators import FingerprintGenerator, GeneratorMethod
from fpbench.plugin.source import identity
from fpbench.progress import Stage
from fpbench.randomness import Stream, rng_at
from fpbench.results.document import GeneratorInfo
from fpbench.runs.config import RunConfig
from fpbench.search.inputs import Inputs

logger = getLogger(__name__)

BASELINES = ("gaussian", "resample")
"""What a generator has to beat to have earned its place; fitted to the same half."""

_ROWS = 5_000  # of each set that fidelity compares


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedGenerator:
    """A way to make generators as errors, results and caches know it.

    Args:
        settings: What it was created with.
        given: The generator that came fitted; None where this run fits one.
    """

    offer: Offer
    settings: Settings
    method: GeneratorMethod
    given: FingerprintGenerator | None = None

    @property
    def name(self) -> str:
        return self.offer.entry.name

    @property
    def identity(self) -> Mapping[str, Any]:
        """What decides the bytes of a fit and of a draw."""
        return identity(self.name, self.offer.source.module, self.settings)


def load_named_generator(
    config: RunConfig, catalog: Catalog, settings: Settings
) -> NamedGenerator | None:
    """The run's generator, or a way to fit it; None where no synthetic distractors are wanted.

    Raises:
        FpbenchError: It does not exist, cannot be loaded, or would learn from files that may know
            the tracks that it is judged by.
    """
    if config.distractors not in ("synthetic", "both"):
        return None
    offer, _ = catalog.offer("generator", config.generator)
    settings = replace(settings, options=config.generator_options)
    method = catalog.generator(config.generator, settings)
    if config.generator_weights is not None:
        given = load_generator(config.generator_weights, catalog, settings, config.generator)
        return NamedGenerator(offer=offer, settings=settings, method=method, given=given)
    for file in method.learns_from:
        raise FpbenchError(
            f"generator '{config.generator}' also learns from {file}, which may know the tracks "
            "that a run judges it by",
            hint="fit it to other tracks with `fpbench fit`, then give --generator-weights",
        )
    return NamedGenerator(offer=offer, settings=settings, method=method)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorFitting:
    """Fits and judges the generators of one run, each only once.

    Args:
        named: The run's generator.
        split: Real fingerprints to fit to and to judge by.
    """

    config: RunConfig
    catalog: Catalog
    store: Store
    named: NamedGenerator
    inputs: Inputs
    split: FitSplit
    stage: Stage

    def generator(self) -> FittedGenerator:
        """The run's generator: from the weights given, or fitted now.

        What was set for a fit is in its file; what is set for a file can change how it draws.

        Raises:
            FpbenchError: It draws vectors of another length than the fingerprinter's.
        """
        named, path = self.named, self.config.generator_weights
        if path is None or named.given is None:
            path, generator = self._fit_or_load(named)
        else:
            generator = named.given
        dim = self.inputs.reference.shape[1]
        if generator.dim != dim:
            raise FpbenchError(
                f"generator {path} draws vectors of {generator.dim} dimensions, the fingerprinter "
                f"makes {dim}",
                hint="give a generator that was fitted to this fingerprinter's fingerprints",
            )
        info = GeneratorInfo(
            name=named.name,
            distribution=named.offer.source.distribution,
            version=named.offer.source.version,
            options=dict(named.settings.options),
            parameters=generator.parameters,
            fitted_fingerprints=len(self.split.fit) or None,
            weights_sha256=file_sha256(path),
        )
        key = content_key(by=named.identity, weights=info.weights_sha256)
        return FittedGenerator(generator, info, key)

    def fidelity(self, made: FittedGenerator) -> Mapping[str, Any]:
        """How like the real ones its fingerprints are, with floor and baselines beside it.

        The baselines are left out where a fitted generator was given, because nothing is there to
        fit them to, and hit rates where the reference judges.

        Raises:
            FpbenchError: There is too little to judge by.
        """
        baselines = self._baselines()
        key = content_key(
            made="fidelity",
            code=code_key(__name__),
            generator=made.key,
            inputs=self.inputs.key,
            fitted=rows_digest(self.split.fit),
            judge=rows_digest(self.split.judge),
            tracks=rows_digest(self.split.judge_tracks),
            tolerance_s=self.config.tolerance_s,
            seed=self.config.seed,
            baselines=[baseline.identity for baseline in baselines],
        )
        known = self.store.read("fidelity", key)
        if known is None:
            with self.stage("fidelity") as report:
                report(0.0, made.info.name)
                document = self._measure_fidelity(made, baselines).to_json()
            known = {"json": np.array(json.dumps(document, allow_nan=False))}
            self.store.write("fidelity", key, known)
        loaded: dict[str, Any] = json.loads(str(known["json"]))
        return loaded

    def _baselines(self) -> list[NamedGenerator]:
        """What the generator is shown beside; none where there is nothing to fit them to."""
        if len(self.split.fit) == 0:
            return []
        settings = replace(self.named.settings, options={})
        return [
            NamedGenerator(
                offer=self.catalog.offer("generator", name)[0],
                settings=settings,
                method=self.catalog.generator(name, settings),
            )
            for name in BASELINES
        ]

    def _measure_fidelity(
        self, made: FittedGenerator, baselines: Sequence[NamedGenerator]
    ) -> FidelityReport:
        split = self.split
        candidates = {made.info.name: self._draw(made.generator, made.info.name)}
        for baseline in baselines:
            if baseline.name not in candidates:
                _, generator = self._fit_or_load(baseline)
                candidates[baseline.name] = self._draw(generator, baseline.name)
        asked = {}
        if not split.by_reference:
            asked = _fidelity_queries(self.inputs, self.config.tolerance_s)
        try:
            return measure_fidelity(
                split.judge,
                split.judge_tracks,
                candidates,
                seed=self.config.seed,
                most_rows=_ROWS,
                training=split.fit if len(split.fit) else None,
                **asked,
            )
        except TooFewError as err:
            raise _cannot_judge_error(made.info.name, err) from err

    def _draw(self, generator: FingerprintGenerator, name: str) -> Vectors:
        rows = max(_ROWS, len(self.split.judge))
        return draw_checked(generator, name, rows, rng_at(self.config.seed, Stream.FIDELITY, 0))

    def _fit_or_load(self, named: NamedGenerator) -> tuple[Path, FingerprintGenerator]:
        """A generator fitted to one half, from the store or made now, and its file."""
        key = content_key(made="generator", by=named.identity, rows=rows_digest(self.split.fit))
        path = self.store.path("generators", key, ".safetensors")
        # What was set for the fit is in the file.
        drawing = replace(named.settings, options={})
        if path.exists():
            try:
                return path, load_generator(path, self.catalog, drawing, named.name)
            except FpbenchError as err:
                logger.warning("%s; it is in the cache and is made again", err.message)
        work_dir = make_folder(self.store.path("fits", key))
        make_folder(path.parent)
        with (
            self.stage(f"fitting {named.name}") as report,
            blame(named.offer.source.plugin, "fitting it"),
        ):
            generator = named.method.fit(
                self.split.fit, seed=named.settings.seed, work_dir=work_dir, report=report
            )
            save_generator(generator, path)
        return path, load_generator(path, self.catalog, drawing, named.name)


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
