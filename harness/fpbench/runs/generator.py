"""Fit a run's generator to one half of the distractor tracks, and judge it by the other half."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from logging import getLogger
from pathlib import Path

import numpy as np

from fpbench.cache import Store, is_intact, seal
from fpbench.conversion import convert
from fpbench.errors import FpbenchError
from fpbench.evidence.truth import matching_rows
from fpbench.files import make_folder
from fpbench.generators.expected_hit_rates import MatchedQueries
from fpbench.generators.fidelity_report import RunSets, TooFewError, measure_fidelity
from fpbench.generators.files import load_generator, save_generator
from fpbench.generators.fitting import fit_method
from fpbench.generators.provenance import (
    Provenance,
    read_provenance,
    rows_sha256,
)
from fpbench.generators.sequence_fidelity import LengthQueries, TrackSet, cut_queries
from fpbench.hashing import code_key, content_key, file_sha256, rows_digest
from fpbench.plugin.blame import blame
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.checked import draw_checked
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.generators import FingerprintGenerator, TrackGenerator, TrackMethod
from fpbench.plugin.systems import SystemIdentity
from fpbench.progress import Stage
from fpbench.randomness import Stream, rng_at
from fpbench.results.fidelity import Fidelity
from fpbench.results.lengths import QueryLength
from fpbench.results.systems import FitInfo, GeneratorInfo
from fpbench.runs.config import RunConfig
from fpbench.runs.fit_splits import FitSplit, judging_error
from fpbench.runs.groups import query_clusters
from fpbench.runs.named_generator import NamedGenerator
from fpbench.runs.run_sets import draw_run_sets
from fpbench.search.inputs import Inputs
from fpbench.search.track_distractors import no_tracks_error

logger = getLogger(__name__)

BASELINES = ("gaussian", "resample")
"""Generators that a better one has to beat; they are fitted to the same half."""

RUNS_BASELINE = "resample-runs"
"""Added where queries have several fingerprints: real tracks again."""

_ROWS = 5_000  # in each set that fidelity compares


@dataclass(frozen=True, slots=True)
class FittedGenerator:
    """A generator that can draw, its description in the result, the key of its draws, its file."""

    generator: FingerprintGenerator
    info: GeneratorInfo
    key: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LongerQueries:
    """Queries of several fingerprints, where those of the inputs are single ones.

    Args:
        key: Identifies them.
        lengths: Their lengths, ascending.
        match: Queries of so many fingerprints, with their matches; None if there are none to judge
            by, and only tracks are compared.
    """

    key: str
    lengths: Sequence[QueryLength]
    match: Callable[[int], MatchedQueries] | None = None

    def by_length(self) -> Iterator[LengthQueries]:
        """The queries of each length that has any."""
        if self.match is None:
            return
        for length in self.lengths:
            queries = self.match(length.segments)
            if len(queries.vectors) and len(queries.reference):
                yield LengthQueries(length=length, queries=queries)


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorFitting:
    """Fits and judges the generators of one run, each of them once.

    Args:
        named: The run's generator.
        split: Real fingerprints to fit to and to judge by.
        system: The fingerprinter, for the file of a generator that is fitted now.
        longer: Longer queries than those of the inputs, to judge by, too.
    """

    config: RunConfig
    catalog: Catalog
    store: Store
    named: NamedGenerator
    inputs: Inputs
    split: FitSplit
    stage: Stage
    system: SystemIdentity | None = None
    longer: LongerQueries | None = None

    def generator(self) -> FittedGenerator:
        """The run's generator: the one that the config names, or one that is fitted now.

        The file of a generator holds the settings of its fit; other settings may change its draws.

        Raises:
            FpbenchError: Its vectors have other dimensions than those of the fingerprinter, or it
                draws no tracks for queries of several fingerprints.
        """
        named, path = self.named, self.config.generator_weights
        if path is None or named.generator is None:
            path, generator = self._fit_or_load(named)
        else:
            generator = named.generator
        dim = self.inputs.reference.shape[1] // self.inputs.segments
        if generator.dim != dim:
            raise FpbenchError(
                f"generator {path} draws vectors of {generator.dim} dimensions, but the "
                f"fingerprinter's have {dim}",
                hint="give a generator that was fitted to fingerprints of this fingerprinter",
            )
        if self.inputs.segments > 1 and not isinstance(generator, TrackGenerator):
            raise no_tracks_error(named.name, self.inputs.segments)
        info = GeneratorInfo(
            name=named.name,
            distribution=named.offer.source.distribution,
            version=named.offer.source.version,
            options=dict(named.settings.options),
            parameters=generator.parameters,
            fitted_fingerprints=len(self.split.fit) or None,
            weights_sha256=file_sha256(path),
            fitted_to=_describe_fit(read_provenance(path)),
            foreign=named.foreign,
            reason=named.reason,
        )
        key = content_key(by=named.identity, weights=info.weights_sha256)
        return FittedGenerator(generator, info, key, path)

    def fidelity(self, generator: FittedGenerator) -> Fidelity:
        """How similar a generator's fingerprints are to real ones, with noise floor and baselines.

        Baselines are left out if the config names a fitted generator, because there are no
        fingerprints to fit them to. Hit rates are left out if the reference judges.

        Raises:
            FpbenchError: There are too few fingerprints or tracks to judge by.
        """
        baselines = self._baselines()
        groups = self.split.judging.groups
        key = content_key(
            made="fidelity",
            code=code_key(__name__),
            generator=generator.key,
            inputs=[self.inputs.key, *(one.key for one in self.inputs.shorter)],
            longer=None if self.longer is None else self.longer.key,
            fitted=rows_digest(self.split.fit),
            judge=rows_digest(self.split.judging.vectors),
            tracks=rows_digest(self.split.judging.tracks),
            groups=None if groups is None else rows_digest(groups),
            query_clusters=rows_digest(query_clusters(self.inputs)),
            tolerance_s=self.config.tolerance_s,
            seed=self.config.seed,
            baselines=[baseline.identity for baseline in baselines],
        )
        arrays = self.store.read("fidelity", key)
        if arrays is None:
            with self.stage("fidelity") as report:
                report(0.0, generator.info.name)
                document = asdict(self._measure_fidelity(generator, baselines))
            arrays = {"json": np.array(json.dumps(document, allow_nan=False))}
            self.store.write("fidelity", key, arrays)
        return convert(json.loads(str(arrays["json"])), Fidelity, "fidelity in the cache")

    def _baselines(self) -> list[NamedGenerator]:
        """Generators to compare with; none if there are no fingerprints to fit them to."""
        if len(self.split.fit) == 0:
            return []
        settings = replace(self.named.settings, options={})
        baselines = []
        names = (*BASELINES, RUNS_BASELINE) if self._compares_tracks() else BASELINES
        for name in names:
            method = self.catalog.generator(name, settings)
            baselines.append(
                NamedGenerator(
                    offer=self.catalog.offer("generator", name)[0],
                    settings=settings,
                    method=method,
                    reads=self.catalog.reads(method),
                )
            )
        return baselines

    def _measure_fidelity(
        self, generator: FittedGenerator, baselines: Sequence[NamedGenerator]
    ) -> Fidelity:
        fitted = {generator.info.name: generator.generator}
        for baseline in baselines:
            if baseline.name not in fitted:
                _, fitted[baseline.name] = self._fit_or_load(baseline)
        synthetic = {name: self._draw(each, name) for name, each in fitted.items()}
        inputs, tolerance_s, queries = self.inputs, self.config.tolerance_s, None
        if self.split.judging.judged_by != "reference":
            queries = match_queries(inputs, tolerance_s)
        by_length = queries_by_length(inputs, queries, tolerance_s)
        try:
            return measure_fidelity(
                self.split.judging,
                synthetic,
                seed=self.config.seed,
                max_rows=_ROWS,
                training=self.split.fit if len(self.split.fit) else None,
                queries=queries,
                runs=self._run_sets(fitted, synthetic),
                by_length=by_length if self.longer is None else self.longer.by_length(),
            )
        except TooFewError as err:
            raise judging_error(generator.info.name, err) from err

    def _draw(self, generator: FingerprintGenerator, name: str) -> Vectors:
        rows = max(_ROWS, len(self.split.judging.vectors), len(self.inputs.real))
        return draw_checked(generator, name, rows, rng_at(self.config.seed, Stream.FIDELITY, 0))

    def _compares_tracks(self) -> bool:
        return self.split.judging_runs is not None or self.longer is not None

    def _run_sets(
        self, fitted: Mapping[str, FingerprintGenerator], synthetic: Mapping[str, Vectors]
    ) -> RunSets | None:
        """Real and synthetic runs for queries of several fingerprints; None for single ones."""
        if not self._compares_tracks():
            return None
        return draw_run_sets(
            fitted,
            synthetic,
            self.split.judging_runs,
            real_tracks=TrackSet(
                vectors=self.split.judging.vectors, stretches=self.split.judging_stretches
            ),
            length=query_length(self.inputs) if self.longer is None else self.longer.lengths[-1],
            hop_s=self.inputs.hop_s,
            seed=self.config.seed,
        )

    def is_fitted(self) -> bool:
        """Whether the run's generator exists, so that :meth:`generator` only reads it."""
        if self.config.generator_weights is not None and self.named.generator is not None:
            return True
        path, key = self._fitted_path(self.named)
        return self.store.counts(path) and is_intact(path, key)

    def _fitted_path(self, named: NamedGenerator) -> tuple[Path, str]:
        """File in the cache of a generator that is fitted to one half, and its key."""
        tracks = (
            {"stretches": rows_digest(self.split.stretches)}
            if isinstance(named.method, TrackMethod)
            else {}
        )
        key = content_key(
            made="generator", by=named.identity, rows=rows_digest(self.split.fit), **tracks
        )
        return self.store.path("generators", key, ".safetensors"), key

    def _fit_or_load(self, named: NamedGenerator) -> tuple[Path, FingerprintGenerator]:
        """A generator fitted to one half, from the cache or fitted now, and its file."""
        path, key = self._fitted_path(named)
        # The file holds the settings of the fit.
        settings = replace(named.settings, options={})
        if self.store.counts(path) and is_intact(path, key):
            try:
                return path, load_generator(path, self.catalog, settings, named.name)
            except FpbenchError as err:
                logger.warning("%s; this generator in the cache is fitted again", err.message)
        work_dir = self.store.path("fits", key)
        if not self.store.counts(work_dir):
            shutil.rmtree(work_dir, ignore_errors=True)
        make_folder(work_dir)
        make_folder(path.parent)
        with (
            self.stage(f"fitting {named.name}") as report,
            blame(named.offer.source.plugin, f"fitting generator '{named.name}'"),
        ):
            generator = fit_method(
                named.method,
                named.name,
                self.split.fit,
                self.split.stretches,
                seed=named.settings.seed,
                work_dir=work_dir,
                report=report,
            )
            provenance = Provenance(
                system=self.system,
                rows=len(self.split.fit),
                rows_sha256=rows_sha256(self.split.fit),
            )
            save_generator(generator, path, provenance)
            seal(path, key)
        self.store.add(path)
        return path, load_generator(path, self.catalog, settings, named.name)


def _describe_fit(provenance: Provenance | None) -> FitInfo | None:
    if provenance is None:
        return None
    system = provenance.system
    return FitInfo(
        fingerprinter=system.name if system else None,
        weights_sha256=system.weights_sha256 if system else None,
        options=dict(system.options) if system else {},
        fingerprints=provenance.rows,
        fingerprints_sha256=provenance.rows_sha256,
    )


def query_length(inputs: Inputs) -> QueryLength:
    """The length of the queries."""
    return QueryLength(inputs.query_info.length_s, inputs.segments)


def match_queries(inputs: Inputs, tolerance_s: float | None) -> MatchedQueries | None:
    """Queries and their matches for each tolerance of the result; None without any match.

    Args:
        tolerance_s: Tolerance of the run; the other one is anywhere in the track.
    """
    # Ready-made fingerprints lie on one timeline, so they have no tracks to match in.
    anywhere = (None,) if inputs.data.reference_tracks > 0 else ()
    tolerances = dict.fromkeys((tolerance_s, *anywhere))
    rows = {
        each: matching_rows(inputs.reference_positions, inputs.truth, each) for each in tolerances
    }
    _, first, stop = rows[tolerance_s]
    if (first == stop).all():
        return None
    order, *_ = rows[tolerance_s]  # the same for all tolerances
    return MatchedQueries(
        vectors=inputs.queries,
        reference=inputs.reference[order],
        matches={each: (first, stop) for each, (_, first, stop) in rows.items()},
        clusters=query_clusters(inputs),
    )


def queries_by_length(
    inputs: Inputs, queries: MatchedQueries | None, tolerance_s: float | None
) -> Iterator[LengthQueries]:
    """The shorter queries of a run; where it has one length, the first fingerprints of its own.

    A system whose fingerprints depend on all of a query has no such first fingerprints: they are
    those of no query that ends there.

    Args:
        inputs: Those of the longest queries.
        queries: These, from :func:`match_queries`.
        tolerance_s: Tolerance of the run.
    """
    if queries is None:
        return
    for shorter in inputs.shorter:
        matched = match_queries(shorter, tolerance_s)
        if matched is not None:
            within = replace(matched, matches={tolerance_s: matched.matches[tolerance_s]})
            yield LengthQueries(length=query_length(shorter), queries=within)
    if inputs.cuts_keep and not inputs.shorter:
        yield from cut_queries(queries, query_length(inputs), inputs.hop_s)
