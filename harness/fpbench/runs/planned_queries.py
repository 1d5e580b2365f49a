"""Which audio the queries of a run are made from, and what they match."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from fpbench.audio.queries import describe_queries
from fpbench.audio.query_positions import draw_queries
from fpbench.audio.query_recipe import QueryRecipe, recipe_to_json
from fpbench.audio.recorded_queries import cut_absent, cut_queries, select_recordings
from fpbench.audio.silence import Stretches
from fpbench.audio.survey import Surveys, decoded_durations_s
from fpbench.errors import FpbenchError
from fpbench.fingerprints.query_sets import QuerySet
from fpbench.fingerprints.track_sets import FingerprintSet
from fpbench.hashing import content_key
from fpbench.plugin.datasets import Dataset, Positions, Track
from fpbench.plugin.degradations import Degradation
from fpbench.results.data import Skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedQueries:
    """Where the audio of queries comes from, and the ground truth.

    Args:
        tracks: Tracks or recordings that queries are cut from.
        hashes: Hashes of their files; None for a file that cannot be read.
        digests: Hashes of their decoded audio; None likewise.
        places: Index in ``tracks`` and start time of each query.
        truth: Reference track and start time that each query matches.
        skipped: Recordings that give no query, and why.
        recordings: Recordings that give queries; 0 for queries from the reference.
        without_match: Recordings that match nothing in the database.
        silent: Queries that would fit into recordings, but lie in silence.
        absent: Index in ``tracks`` and start time of each query that matches nothing; None if there
            are none.
    """

    tracks: Sequence[Track]
    hashes: Sequence[str | None]
    digests: Sequence[str | None]
    places: Positions
    truth: Positions
    skipped: Sequence[Skipped] = ()
    recordings: int = 0
    without_match: int = 0
    silent: int = 0
    absent: Positions | None = None

    def absent_columns(
        self, chain: Sequence[Degradation], seed: int
    ) -> dict[str, list[str | float]]:
        """What is known about each query that matches nothing: recording and degradations."""
        if self.absent is None:
            return {}
        described = describe_queries(self.absent, self.tracks, chain, seed)
        where = {"recording": described.pop("track"), "recording_start_s": described.pop("start_s")}
        return where | described

    def with_truth(self, queries: QuerySet) -> QuerySet:
        """Fingerprints of recordings with their ground truth, which the key then contains."""
        if not self.recordings:
            return queries
        truth = [self.truth.track.tolist(), self.truth.start_s.tolist()]
        key = content_key(queries=queries.key, truth=truth)
        return QuerySet(key=key, vectors=queries.vectors, truth=self.truth)

    def columns(
        self, reference: Sequence[Track], chain: Sequence[Degradation], seed: int
    ) -> dict[str, list[str | float]]:
        """What is known about each query: reference track and start time, and degradations.

        Queries that were recorded also have the recording and the start time in it.
        """
        described = describe_queries(self.places, self.tracks, chain, seed)
        if not self.recordings:
            return described
        where = {"recording": described.pop("track"), "recording_start_s": described.pop("start_s")}
        return describe_queries(self.truth, reference, (), seed) | where | described

    def content(self, recipe: QueryRecipe, seed: int) -> str:
        """Hash of the queries, whatever the fingerprinter: what is cut where, and degraded how."""
        return content_key(
            audio=[
                self.tracks[index].content or self.digests[index]
                for index in self.places.track.tolist()
            ],
            start_s=self.places.start_s.tolist(),
            track=self.truth.track.tolist(),
            match_s=self.truth.start_s.tolist(),
            recipe=recipe_to_json(recipe),
            seed=seed,
        )

    def identity(self, reference: Sequence[str | None]) -> dict[str, object]:
        """What makes a set of recorded queries comparable with another: audio and ground truth.

        Args:
            reference: Hashes of the reference tracks.
        """
        if not self.recordings:
            return {}
        recordings = [self.hashes[index] for index in self.places.track.tolist()]
        matches = [reference[index] for index in self.truth.track.tolist()]
        queries = zip(recordings, self.places.start_s.tolist(), matches, strict=True)
        found: dict[str, object] = {
            "queries": [[*one] for one in queries],
            "starts": self.truth.start_s.tolist(),
        }
        if self.absent is not None:
            hashes = [self.hashes[index] for index in self.absent.track.tolist()]
            found["absent"] = [hashes, self.absent.start_s.tolist()]
        return found


def plan_queries(
    dataset: Dataset,
    reference: FingerprintSet,
    recipe: QueryRecipe,
    chain: Sequence[Degradation],
    seed: int,
    *,
    surveys: Surveys,
    lost: Mapping[str, str] = MappingProxyType({}),
) -> PlannedQueries:
    """Cut queries from the dataset's recordings, or draw them from the reference.

    Args:
        dataset: Data without duplicates.
        reference: Fingerprints of its reference.
        recipe: Query recipe.
        chain: Degradations of the recipe.
        seed: Seed of the run.
        surveys: Surveys of the reference and the recordings.
        lost: Why recordings that were read before cannot be read again, by name; they give no
            queries.

    Raises:
        FpbenchError: There are no queries.
    """
    # Unreadable and silent tracks give no queries. A track that is only too short for this
    # fingerprinter does give queries, and the fingerprinter misses them.
    unusable = {s.track for s in reference.skipped if not s.reason.startswith("too short")}
    unreadable = [Skipped(track=name, reason=reason) for name, reason in lost.items()]
    durations = decoded_durations_s(surveys, dataset.reference)
    if dataset.queries:
        by_name = {
            track.name: (index, float(durations[index]))
            for index, track in enumerate(dataset.reference)
            if track.name not in unusable
        }
        return _cut_recordings(
            dataset, by_name, recipe, chain, seed, surveys=surveys, unreadable=unreadable
        )
    unusable |= lost.keys()
    usable = np.array([track.name not in unusable for track in dataset.reference])
    silent_s = list(_silent_stretches(dataset, surveys).values())
    truth = draw_queries(durations * usable, recipe, chain, seed, silent_s)
    return PlannedQueries(
        tracks=dataset.reference,
        hashes=reference.audio_hashes,
        digests=[surveys[track].digest for track in dataset.reference],
        places=truth,
        truth=truth,
        skipped=unreadable,
    )


def _cut_recordings(
    dataset: Dataset,
    reference: Mapping[str, tuple[int, float]],
    recipe: QueryRecipe,
    chain: Sequence[Degradation],
    seed: int,
    *,
    surveys: Surveys,
    unreadable: Sequence[Skipped],
) -> PlannedQueries:
    """The queries of recordings, of which some match nothing.

    Args:
        reference: Index and duration in seconds of each usable reference track, by name.
        unreadable: Recordings that cannot be read again.

    Raises:
        FpbenchError: No recording gives a query.
    """
    lost = {skipped.track for skipped in unreadable}
    readable = [one for one in dataset.queries if one.name not in lost]
    recordings, left_out = select_recordings(readable, surveys)
    left_out += unreadable
    if not recordings:
        raise FpbenchError(
            f"no recorded query can be used: {left_out[0].track}: {left_out[0].reason}",
            hint="use other recordings",
        )
    tempo = math.prod((step.tempo for step in chain), start=1.0)
    silent_s = _silent_stretches(dataset, surveys)
    cut = cut_queries(
        recordings, reference, recipe, tempo=tempo, seed=seed, surveys=surveys, silent_s=silent_s
    )
    absent = cut_absent(recordings, recipe, tempo=tempo, seed=seed, surveys=surveys)
    return PlannedQueries(
        absent=absent if len(absent.track) else None,
        tracks=[one.track for one in recordings],
        hashes=[surveys[one.track].audio_hash for one in recordings],
        digests=[surveys[one.track].digest for one in recordings],
        places=cut.places,
        truth=cut.truth,
        skipped=[*left_out, *cut.skipped],
        recordings=len(np.unique(cut.places.track)),
        without_match=sum(one.reference is None for one in recordings),
        silent=cut.silent,
    )


def _silent_stretches(dataset: Dataset, surveys: Surveys) -> dict[str, Stretches]:
    """Silent stretches of the reference tracks, by name."""
    return {
        track.name: surveys[track].silent_s if track in surveys else ()
        for track in dataset.reference
    }
