"""A generator fitted to one half of the tracks, and judged by the other."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from fpbench.catalog import Catalog, Offer, blaming
from fpbench.config import RunConfig
from fpbench.draws import drawn
from fpbench.errors import FpbenchError
from fpbench.evidence import nearest_rows
from fpbench.fidelity_report import FidelityReport, halved, measured
from fpbench.identity import file_sha256, harness_sha256, identity
from fpbench.inputs import Inputs
from fpbench.interfaces import FingerprintGenerator, Settings, Vectors
from fpbench.randomness import Stream, rng_at
from fpbench.results import GeneratorInfo
from fpbench.stages import Stage
from fpbench.store import Store, content_key

BASELINES = ("gaussian", "resample")
"""What a generator has to beat to have earned its place; fitted to the same half."""

_ROWS = 5_000  # of each set that fidelity compares


@dataclass(frozen=True, slots=True)
class Fitted:
    """A generator ready to draw, what a result says about it, and a name for what it draws."""

    generator: FingerprintGenerator
    info: GeneratorInfo
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Halves:
    """Real fingerprints, divided by track.

    Args:
        fit: What generators learn from; empty if a fitted one was given.
        judge: What they have never seen.
        judge_tracks: Which track each row of ``judge`` is from.
    """

    fit: Float32[np.ndarray, "fit dim"]
    judge: Float32[np.ndarray, "judge dim"]
    judge_tracks: np.ndarray


def halves(config: RunConfig, inputs: Inputs) -> Halves:
    """Half of the distractor tracks to fit to and half to judge by.

    A generator that came fitted is judged by all distractors, or by the reference if there are
    none, which it must not have been fitted to either.

    Raises:
        FpbenchError: There are too few tracks for that.
    """
    given = config.generator_weights is not None
    real, tracks = inputs.real, inputs.real_tracks
    if given and len(real) == 0:
        real, tracks = inputs.reference, inputs.moments.track
    if len(np.unique(tracks)) < (2 if given else 4):
        raise FpbenchError(
            f"dataset '{inputs.data.name}' has {len(np.unique(tracks))} distractor tracks: too few "
            f"to fit generator '{config.generator}' and to judge it by others",
            hint="more distractor tracks; or --distractors real",
        )
    if given:
        return Halves(fit=real[:0], judge=real[:], judge_tracks=tracks)
    fit, judge = halved(tracks, rng_at(config.seed, Stream.GENERATOR_FIT))
    return Halves(fit=real[fit], judge=real[judge], judge_tracks=tracks[judge])


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """Where the generators of one run are fitted and judged; each only once, then stored."""

    config: RunConfig
    catalog: Catalog
    store: Store
    inputs: Inputs
    data: Halves
    stage: Stage

    def fitted(self) -> Fitted:
        """The run's generator: from the weights given, or fitted now.

        Raises:
            FpbenchError: It draws vectors of another length than the fingerprinter's.
        """
        config = self.config
        settings = self._settings(config.generator_options)
        offer, _ = self.catalog.offer("generator", config.generator)
        path = config.generator_weights or self._fit(offer, settings)
        generator = self.catalog.generator(config.generator, settings).load(path)
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
        return Fitted(generator, info, content_key(by=draws, weights=info.weights_sha256))

    def fidelity(self, made: Fitted) -> Mapping[str, Any]:
        """How like the real ones its fingerprints are, with floor and baselines beside it."""
        key = content_key(
            made="fidelity",
            code=harness_sha256("fitting", "fidelity", "fidelity_report"),
            generator=made.key,
            inputs=self.inputs.key,
            real=self.inputs.real_key,
            seed=self.config.seed,
        )
        known = self.store.read("fidelity", key)
        if known is None:
            with self.stage("fidelity") as report:
                report(0.0, made.info.name)
                known = {"json": np.array(json.dumps(_finite(self._judged(made).to_json())))}
            self.store.write("fidelity", key, known)
        loaded: dict[str, Any] = json.loads(str(known["json"]))
        return loaded

    def _judged(self, made: Fitted) -> FidelityReport:
        data = self.data
        rows = max(_ROWS, len(data.judge))
        candidates = {made.info.name: self._drawn(made.generator, made.info.name, rows)}
        for name in BASELINES:
            if name not in candidates and len(data.fit):
                settings = self._settings({})
                offer, _ = self.catalog.offer("generator", name)
                baseline = self.catalog.generator(name, settings).load(self._fit(offer, settings))
                candidates[name] = self._drawn(baseline, name, rows)
        queries, reference = _paired(self.inputs)
        return measured(
            data.judge,
            data.judge_tracks,
            candidates,
            seed=self.config.seed,
            most_rows=_ROWS,
            training=data.fit if len(data.fit) else None,
            queries=queries,
            reference=reference,
        )

    def _drawn(self, generator: FingerprintGenerator, name: str, rows: int) -> Vectors:
        return drawn(generator, name, rows, rng_at(self.config.seed, Stream.FIDELITY, 0))

    def _fit(self, offer: Offer, settings: Settings) -> Path:
        """The file of a generator fitted to one half, from the store or made now."""
        made_by = identity(offer.entry.name, offer.source.module, settings)
        key = content_key(
            made="generator", by=made_by, real=self.inputs.real_key, rows=len(self.data.fit)
        )
        path = self.store.path("generators", key, ".safetensors")
        if path.exists():
            return path
        method = self.catalog.generator(offer.entry.name, settings)
        work_dir = self.store.path("fits", key)
        for folder in (work_dir, path.parent):
            folder.mkdir(parents=True, exist_ok=True)
        with (
            self.stage(f"fitting {offer.entry.name}") as report,
            blaming(offer.source.plugin, "fitting it"),
        ):
            generator = method.fit(
                self.data.fit, seed=settings.seed, work_dir=work_dir, report=report
            )
            generator.save(path)
        return path

    def _settings(self, options: Mapping[str, str]) -> Settings:
        return Settings(
            device=self.config.device,
            dtype=self.config.dtype,
            options=options,
            seed=self.config.seed,
            cache_dir=self.store.root,
        )


def _paired(inputs: Inputs) -> tuple[Vectors, Float32[np.ndarray, "reference dim"]]:
    """Queries, and the reference with the true match of query i in row i."""
    nearest = nearest_rows(inputs.moments, inputs.truth)
    # Where two queries are of the same row, one of them will do.
    rows, asked = np.unique(nearest, return_index=True)
    rows, asked = rows[rows >= 0], asked[rows >= 0]
    others = np.delete(np.arange(len(inputs.reference)), rows)
    order = np.concatenate([rows, others])
    return inputs.queries[asked], inputs.reference[order]


def _finite(value: object) -> object:
    """JSON has no infinity; what cannot be told is null."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
