"""Build the inputs of a search from audio."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from logging import getLogger

import numpy as np

from fpbench.audio.decoding import decoders
from fpbench.audio.duplicates import (
    describe_duplicates,
    drop_duplicates,
    drop_near_copies,
)
from fpbench.audio.queries import LostRecordingError
from fpbench.audio.query_recipe import QueryRecipe, recipe_to_json
from fpbench.audio.survey import Surveys, survey_recordings
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.files import UnchangedFile
from fpbench.fingerprints.embedding import fingerprint_tracks
from fpbench.fingerprints.near_copies import find_near_copies
from fpbench.fingerprints.query_sets import (
    QuerySet,
    QuerySource,
    build_query_set,
    cut_query_set,
    keeps_fingerprints,
)
from fpbench.fingerprints.track_sets import FingerprintSet
from fpbench.hashing import content_key
from fpbench.plugin.datasets import Dataset, Positions, Track
from fpbench.plugin.degradations import Degradation
from fpbench.plugin.fingerprinters import AnyFingerprinter
from fpbench.progress import Stage
from fpbench.results.config import Duplicates
from fpbench.results.data import DataInfo, NearCopy, QueryInfo
from fpbench.results.lengths import QueryLength
from fpbench.runs.audio_warnings import describe_cancelling, describe_silent_queries
from fpbench.runs.data_info import describe_data
from fpbench.runs.groups import with_groups
from fpbench.runs.named_parts import NamedDegradation, NamedFingerprinter
from fpbench.runs.planned_queries import PlannedQueries, plan_queries
from fpbench.runs.stage_titles import name_length
from fpbench.search.inputs import AbsentQueries, Inputs
from fpbench.search.sequences import concatenate_runs, run_starts, select_runs

logger = getLogger(__name__)

_QUERIES, _ABSENT = "queries", "queries that match nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioSource:
    """A dataset of recordings, the recipe of queries, and the fingerprinter.

    Args:
        dataset: Reference and distractors.
        fingerprinter: Fingerprints both, and the queries.
        recipe: How queries are made from the reference.
        degradations: Those of the recipe, in order.
        want_real: Whether to fingerprint the distractors.
        lengths: Lengths of the queries, ascending; the last is that of the recipe.
        seed: Seed of every draw of the run.
        duplicates: What becomes of recordings that the dataset holds twice.
        fresh: Whether to start a new edition of the fingerprinter's outputs.
    """

    dataset: Dataset
    fingerprinter: NamedFingerprinter
    recipe: QueryRecipe
    degradations: Sequence[NamedDegradation]
    want_real: bool
    lengths: Sequence[QueryLength]
    seed: int
    duplicates: Duplicates = "report"
    fresh: bool = False

    @property
    def segments(self) -> int:
        """Fingerprints in a query of the longest length."""
        return self.lengths[-1].segments

    def build_inputs(self, store: Store, stage: Stage) -> Inputs:
        """Fingerprint the reference, the queries and, where wanted, the distractors.

        Raises:
            FpbenchError: No reference track is usable, or the fingerprinter or a degradation breaks
                a rule.
        """
        self.dataset.complete(stage)
        all_tracks = self.dataset if self.want_real else replace(self.dataset, distractors=())
        with stage("read recordings") as report:
            surveys = survey_recordings(store, recordings_of(all_tracks), report)
        dataset, equal = drop_duplicates(all_tracks, surveys)
        dataset = all_tracks if self.duplicates == "keep" else dataset
        tracks = [dataset.reference, dataset.distractors]
        named = self.fingerprinter
        named = named.renew(store) if self.fresh else named.refresh(store, tracks, surveys, stage)
        source = replace(self, fingerprinter=named)
        reference = source._fingerprint_reference(dataset, surveys, store, stage)
        real = named.fingerprints(store, dataset.distractors, surveys, stage, "distractors")
        near = source._find_near_copies(reference, real, store, stage)
        left_out = [] if self.duplicates == "keep" else equal
        if self.duplicates == "drop" and near:
            dataset, copies = drop_near_copies(dataset, near)
            left_out += copies
            reference = source._fingerprint_reference(dataset, surveys, store, stage)
            real = named.fingerprints(store, dataset.distractors, surveys, stage, "distractors")
        chain = [named.degradation for named in self.degradations]
        planned, queries = source._make_queries(dataset, reference, surveys, store, stage)
        data = describe_data(
            all_tracks,
            left_out,
            planned,
            reference,
            real,
            degradations=source.degradations,
            surveys=surveys,
            near=near,
        )
        columns = planned.columns(dataset.reference, chain, self.seed)
        absent = source._fingerprint_absent(planned, store, stage)
        of_lengths = []
        for length in self.lengths:
            cut = partial(source._cut, planned, length=length, store=store, stage=stage)
            asked = cut(queries, title=_QUERIES, places=planned.places)
            inputs = source._assemble(reference, asked, planned, real, data, length=length)
            if absent is not None:
                others = cut(absent, title=_ABSENT, places=absent.truth)
                inputs = source._with_absent(inputs, planned, others, chain)
            of_lengths.append(replace(with_groups(inputs, dataset), query_columns=columns))
        return replace(
            of_lengths[-1],
            shorter=of_lengths[:-1],
            warnings=[
                *describe_cancelling(all_tracks, surveys),
                *describe_duplicates(equal, near, self.duplicates),
                *describe_silent_queries(planned.silent),
            ],
        )

    def _find_near_copies(
        self, reference: FingerprintSet, real: FingerprintSet, store: Store, stage: Stage
    ) -> list[NearCopy]:
        if self.duplicates == "keep":
            return []
        with stage("near copies") as report:
            return find_near_copies(store, reference, real, report)

    def _fingerprint_reference(
        self, dataset: Dataset, surveys: Surveys, store: Store, stage: Stage
    ) -> FingerprintSet:
        reference = self.fingerprinter.fingerprints(
            store, dataset.reference, surveys, stage, "reference"
        )
        if reference.silent.all():
            raise FpbenchError(
                f"dataset '{dataset.name}' has no usable reference track{_first_reason(reference)}",
                hint="check the dataset's path and layout",
            )
        return reference

    def query_source(self, planned: PlannedQueries) -> QuerySource:
        """Everything that shapes the queries' fingerprints."""
        paths = {path for named in self.degradations for path in named.degradation.recordings}
        recordings = tuple(map(UnchangedFile.of, sorted(paths)))  # before their hashes are taken
        return QuerySource(
            fingerprinter=self.fingerprinter.fingerprinter,
            name=self.fingerprinter.name,
            identity=self.fingerprinter.identity,
            tracks=planned.tracks,
            hashes=planned.hashes,
            sources={
                "audio": planned.digests,
                "degradations": [
                    content_key(
                        code=named.code,
                        recordings=named.recording_hashes(),
                        decoders=sorted(decoders()),
                    )
                    for named in self.degradations
                ],
            },
            recordings=recordings,
            recipe=self.recipe,
            chain=[named.degradation for named in self.degradations],
            seed=self.seed,
        )

    def _make_queries(
        self,
        dataset: Dataset,
        reference: FingerprintSet,
        surveys: Surveys,
        store: Store,
        stage: Stage,
    ) -> tuple[PlannedQueries, QuerySet]:
        """Plan queries and make them; again without a recording that can no longer be read."""
        chain = [named.degradation for named in self.degradations]
        lost: dict[str, str] = {}
        while True:
            planned = plan_queries(
                dataset, reference, self.recipe, chain, self.seed, surveys=surveys, lost=lost
            )
            try:
                return planned, self._fingerprint_queries(planned, store, stage)
            except LostRecordingError as err:
                logger.warning(
                    "%s cannot be read again (%s); queries are made without it",
                    err.track.name,
                    err.reason,
                )
                lost[err.track.name] = f"cannot be read again for queries: {err.reason}"

    def _fingerprint_queries(self, planned: PlannedQueries, store: Store, stage: Stage) -> QuerySet:
        source = self.query_source(planned)
        with stage(_QUERIES) as report:
            queries = build_query_set(store, source, planned.places, report)
        self._refuse_other_count(queries, self.lengths[-1])
        return planned.with_truth(queries)

    def _fingerprint_absent(
        self, planned: PlannedQueries, store: Store, stage: Stage
    ) -> QuerySet | None:
        """The queries from recordings that match nothing; None if there are none."""
        if planned.absent is None:
            return None
        with stage(_ABSENT) as report:
            return build_query_set(store, self.query_source(planned), planned.absent, report)

    def _cut(
        self,
        planned: PlannedQueries,
        whole: QuerySet,
        length: QueryLength,
        *,
        title: str,
        places: Positions,
        store: Store,
        stage: Stage,
    ) -> QuerySet:
        """The first seconds of queries; all of them at the longest length."""
        if length == self.lengths[-1]:
            return whole
        with name_length(stage, length.length_s)(title) as report:
            cut = cut_query_set(
                store,
                self.query_source(planned),
                whole,
                places=places,
                length_s=length.length_s,
                segments=length.segments,
                report=report,
            )
        self._refuse_other_count(cut, length)
        return cut

    def _refuse_other_count(self, queries: QuerySet, length: QueryLength) -> None:
        segments = queries.vectors.shape[1]
        if segments != length.segments:
            raise FpbenchError(
                f"fingerprinter '{self.fingerprinter.name}' gives {segments} fingerprints for a "
                f"query, but {length.segments} for noise of the same length",
                hint="change the fingerprinter: recordings of equal length must give equally many "
                "fingerprints",
            )

    def _with_absent(
        self,
        inputs: Inputs,
        planned: PlannedQueries,
        absent: QuerySet,
        chain: Sequence[Degradation],
    ) -> Inputs:
        """The inputs with queries from recordings that match nothing."""
        return replace(
            inputs,
            key=content_key(inputs=inputs.key, absent=absent.key),
            absent=AbsentQueries(
                queries=concatenate_runs(absent.vectors),
                recording=absent.truth.track,
                columns=planned.absent_columns(chain, self.seed),
            ),
            query_info=replace(inputs.query_info, absent=len(absent.vectors)),
        )

    def _assemble(
        self,
        reference: FingerprintSet,
        queries: QuerySet,
        planned: PlannedQueries,
        real: FingerprintSet,
        data: DataInfo,
        *,
        length: QueryLength,
    ) -> Inputs:
        segments, spec = length.segments, self.fingerprinter.fingerprinter.spec
        # Silent segments are not searched: they hold no music that could be found or be taken for
        # other music, but a fingerprinter may place them near any faint query.
        rows = run_starts(reference.track.astype(np.int64), ~reference.silent, segments)
        real_rows = run_starts(real.track.astype(np.int64), ~real.silent, segments)
        return Inputs(
            key=content_key(reference=reference.key, queries=queries.key, rows=len(rows)),
            queries=concatenate_runs(queries.vectors),
            segments=segments,
            truth=queries.truth,
            query_tracks=queries.truth.track,
            reference=select_runs(reference.vectors, rows, segments),
            reference_positions=Positions(
                reference.track[rows].astype(np.int64), reference.start_s[rows]
            ),
            real=select_runs(real.vectors, real_rows, segments),
            real_tracks=real.track[real_rows].astype(np.int64),
            real_rows=real_rows,
            real_key=real.key,
            hop_s=spec.hop_s,
            cuts_keep=keeps_fingerprints(spec, spec.segment_s),
            data=data,
            query_info=QueryInfo(
                n=len(queries.vectors),
                tracks=len(np.unique(queries.truth.track)),
                length_s=length.length_s,
                recipe=recipe_to_json(self.recipe),
                recordings=planned.recordings,
                without_match=planned.without_match,
                content=planned.content(self.recipe, self.seed),
            ),
        )


def recordings_of(dataset: Dataset) -> list[Track]:
    """The recordings that a run decodes before anything is drawn."""
    return [*dataset.reference, *dataset.distractors, *(one.track for one in dataset.queries)]


def count_segments(fingerprinter: AnyFingerprinter, name: str, length_s: float) -> int:
    """Fingerprints in a query, counted in a trial with noise.

    Args:
        fingerprinter: Segment-wise or track-wise.
        name: Its name in errors.
        length_s: Length of a query.

    Raises:
        FpbenchError: The fingerprinter gives no fingerprints, or breaks a rule.
    """
    spec = fingerprinter.spec
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, round(length_s * spec.sample_rate_hz))
    samples = np.pad(noise.astype(np.float32), (0, spec.query_padding))
    (fingerprints,) = fingerprint_tracks(fingerprinter, name, [samples])
    if len(fingerprints.vectors) == 0:
        raise FpbenchError(
            f"queries of {length_s:g} s give no fingerprints with '{name}'",
            hint="ask for longer queries: query_length_s in the recipe, --query-length or "
            "--query-lengths",
        )
    return len(fingerprints.vectors)


def _first_reason(reference: FingerprintSet) -> str:
    if not reference.skipped:
        return ""
    first = reference.skipped[0]
    return f": {len(reference.skipped)} are skipped; the first is {first.track}: {first.reason}"
