"""The three matrices of a protocol, made from recordings: whole tracks, clean and degraded."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from fpbench.audio.duplicates import drop_duplicates
from fpbench.audio.query_recipe import recipe_to_json
from fpbench.audio.survey import Surveys, survey_recordings
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.fingerprints.track_sets import FingerprintSet
from fpbench.fingerprints.whole_queries import tempo_of, whole_queries
from fpbench.hashing import content_key
from fpbench.plugin.datasets import Dataset, Positions, VectorRecordings
from fpbench.plugin.fingerprinters import Vectors
from fpbench.progress import Stage
from fpbench.results.data import Skipped
from fpbench.runs.data_info import describe_data
from fpbench.runs.groups import number_groups
from fpbench.runs.inputs import AudioSource, recordings_of
from fpbench.runs.planned_queries import PlannedQueries
from fpbench.runs.protocols.inputs import ProtocolInputs, dataset_folder


def inputs_of_audio(source: AudioSource, store: Store, stage: Stage) -> ProtocolInputs:
    """Fingerprint reference and distractors, and every track of the reference once more, degraded.

    Without a change of tempo, a track and its degraded copy have equally many rows: where a
    fingerprinter gives another number of one of them, the last rows are left out.

    Raises:
        FpbenchError: The dataset has recorded queries, no reference track is usable, or a plugin
            breaks a rule.
    """
    if source.dataset.queries:
        raise FpbenchError(
            f"'{source.dataset.name}' has recorded queries, and a protocol degrades whole tracks",
            hint="use a dataset without recorded queries, or leave --protocol out",
        )
    data = _fingerprint_dataset(source, store, stage)
    return _assemble(source, data, _make_queries(source, data, store, stage))


class _Fingerprinted(NamedTuple):
    """The recordings of a dataset and their fingerprints.

    Args:
        dataset: Without recordings that are not used.
        equal: Recordings that were left out, because they are there twice.
    """

    dataset: Dataset
    surveys: Surveys
    equal: Sequence[Skipped]
    reference: FingerprintSet
    real: FingerprintSet

    def planned(self) -> PlannedQueries:
        """Queries of whole tracks, which begin nowhere in particular."""
        nowhere = Positions(np.zeros(0, dtype=np.int64), np.zeros(0))
        return PlannedQueries(
            tracks=self.dataset.reference,
            hashes=self.reference.audio_hashes,
            digests=[self.surveys[track].digest for track in self.dataset.reference],
            places=nowhere,
            truth=nowhere,
        )


def _fingerprint_dataset(source: AudioSource, store: Store, stage: Stage) -> _Fingerprinted:
    """Read and fingerprint reference and distractors.

    Raises:
        FpbenchError: No reference track is usable.
    """
    source.dataset.complete(stage)
    with stage("read recordings") as report:
        surveys = survey_recordings(store, recordings_of(source.dataset), report)
    dataset, equal = drop_duplicates(source.dataset, surveys)
    if source.duplicates == "keep":
        dataset, equal = source.dataset, []
    named = source.fingerprinter
    if not source.want_real:
        dataset = replace(dataset, distractors=())
    reference = named.fingerprints(store, dataset.reference, surveys, stage, "reference")
    if len(reference.vectors) == 0:
        raise FpbenchError(
            f"dataset '{dataset.name}' has no usable reference track",
            hint="check the dataset's path and layout",
        )
    real = named.fingerprints(store, dataset.distractors, surveys, stage, "distractors")
    return _Fingerprinted(dataset, surveys, equal, reference, real)


class _Queries(NamedTuple):
    """Tracks of the reference as they were fingerprinted once more, degraded.

    Args:
        numbers: Numbers of the tracks.
        vectors: Fingerprints of each of them.
        keys: Identify them.
        kept: Which rows of the reference have a query.
        tempo: Change of tempo.
    """

    numbers: Sequence[int]
    vectors: Sequence[Vectors]
    keys: Sequence[str]
    kept: Bool[np.ndarray, " reference"]
    tempo: float


def _make_queries(
    source: AudioSource, data: _Fingerprinted, store: Store, stage: Stage
) -> _Queries:
    """Degrade and fingerprint the tracks that have fingerprints."""
    queries = source.query_source(data.planned())
    numbers = np.unique(data.reference.track).tolist()
    with stage("queries of whole tracks") as report:
        made = list(whole_queries(store, queries, numbers, report))
    vectors = [one.vectors for one in made]
    kept = np.ones(len(data.reference.vectors), dtype=bool)
    if tempo_of(queries) == 1:
        kept, vectors = _align(data.reference, numbers, vectors)
    return _Queries(numbers, vectors, [one.key for one in made], kept, tempo_of(queries))


def _assemble(source: AudioSource, data: _Fingerprinted, queries: _Queries) -> ProtocolInputs:
    """The matrices, and where their rows are."""
    reference, spec = data.reference, source.fingerprinter.fingerprinter.spec
    numbers, kept = queries.numbers, queries.kept
    described = describe_data(
        source.dataset,
        data.equal,
        data.planned(),
        reference,
        data.real,
        degradations=source.degradations,
        surveys=data.surveys,
        near=(),
    )
    groups = [track.group for track in data.dataset.reference]
    rows = np.array([len(one) for one in queries.vectors], dtype=np.int64)
    first_row = (rows.cumsum() - rows).astype(np.int64)
    track = reference.track[kept].astype(np.int64)
    of_queries = np.repeat(np.array(numbers, dtype=np.int64), rows)
    since_start = np.arange(rows.sum()) - np.repeat(first_row, rows)
    return ProtocolInputs(
        key=content_key(reference=reference.key, real=data.real.key, queries=queries.keys),
        query=np.concatenate(queries.vectors),
        reference=reference.vectors if kept.all() else reference.vectors[kept],
        distractors=data.real.vectors,
        positions=Positions(track, reference.start_s[kept]),
        tracks=track,
        groups=number_groups(groups, track),
        hop_s=spec.hop_s,
        segment_s=spec.segment_s,
        describe=lambda _: replace(described, reference_fingerprints=int(kept.sum())),
        recipe=recipe_to_json(source.recipe),
        folder=dataset_folder(source.dataset.name),
        track_names=reference.tracks,
        recordings=VectorRecordings(
            names=[reference.tracks[number] for number in numbers],
            first_row=first_row,
            start_row=np.zeros(len(numbers), dtype=np.int64),
        ),
        distractor_tracks=data.real.track.astype(np.int64),
        truth=Positions(of_queries, since_start * spec.hop_s),
        tempo=queries.tempo,
    )


def _align(
    reference: FingerprintSet, numbers: Sequence[int], queries: Sequence[Vectors]
) -> tuple[Bool[np.ndarray, " reference"], list[Vectors]]:
    """Which rows of the reference have a query, and the rows of queries that have a reference."""
    kept = np.zeros(len(reference.vectors), dtype=bool)
    cut = []
    for number, vectors in zip(numbers, queries, strict=True):
        own = np.flatnonzero(reference.track == number)
        both = min(len(own), len(vectors))
        kept[own[:both]] = True
        cut.append(vectors[:both])
    return kept, cut
