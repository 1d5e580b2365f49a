"""PeakNetFP's evaluation: queries at another tempo, found in the right song.

The authors' script looks for the right song, and the right row, in the best sequence only, also for
its top 3 and top 10. Rightly, these look at the first rows of the best 3 and 10 sequences.
"""

import re
from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Int64

from fpbench.errors import FpbenchError
from fpbench.evidence.protocol_evidence import RuleSet
from fpbench.plugin.options import apply_options
from fpbench.progress import Stage
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.protocols.aligned import choose_starts
from fpbench.runs.protocols.definitions import PeakNetFpSettings, Protocol
from fpbench.runs.protocols.distractors import ProtocolDistractors
from fpbench.runs.protocols.evaluation import (
    CreateIndex,
    Evaluation,
    build_inputs,
    evaluate_rows,
    row_search,
)
from fpbench.runs.protocols.inputs import ProtocolInputs
from fpbench.runs.protocols.outcomes import Outcome
from fpbench.runs.protocols.track_table import TrackTable
from fpbench.search.concatenation import Concatenation
from fpbench.search.sequence_ranking import PLACES, RankedStarts, SequenceQueries
from fpbench.search.stretched_ranking import StretchedSequences, farthest_row, rank_stretched

_TOPS = (1, 3, 10)
_FOLDER = re.compile(r"tempo-(\d+)_(\d+)")

# The script takes the last place of this track for the last place of every track.
_STAND_IN = "067474.wav"


def plan_peaknetfp(prepared: PreparedRun, protocol: Protocol, stage: Stage) -> Evaluation:
    """Test ids are rows of the reference; each is asked for in the queries of its track.

    Raises:
        FpbenchError: Tracks or the tempo are unknown, or an option is wrong.
    """
    settings: PeakNetFpSettings = apply_options(protocol.settings, prepared.config.protocol_options)
    inputs = build_inputs(prepared, stage)
    if inputs.truth is None:
        raise FpbenchError(
            f"'{prepared.config.dataset}' does not say which track a row is of",
            hint="put the tables query_segments.csv and db_segments.csv beside the matrices, or "
            "write tracks.csv",
        )
    segments = inputs.segments(prepared.config.query_lengths_s, inputs.hop_s)
    tempo = settings.tempo or inputs.tempo or _tempo_of(inputs)
    test_ids = choose_starts(prepared, protocol, inputs, segments[-1], rows=len(inputs.reference))
    stand_in = inputs.track_names.index(_STAND_IN) if _STAND_IN in inputs.track_names else None
    first = query_starts(inputs, test_ids.rows, tempo, stand_in)
    last = np.full(len(first), len(inputs.query), dtype=np.int64)
    queries = SequenceQueries(vectors=inputs.query, first=first, segments=segments, last=last)

    def evaluate(
        create: CreateIndex, distractors: ProtocolDistractors, stage: Stage
    ) -> Iterator[Outcome]:
        used, reach = queries.rows(), farthest_row(segments[-1])
        search = row_search(prepared, inputs, distractors, settings, used, create=create)
        for size, near in search.nearest(distractors.sizes, stage):
            ranked, hits = _rank(
                queries,
                _by_row(near, used, len(inputs.query)),
                search.database(size, near.ravel() - reach, 2 * reach),
                TrackTable.of(inputs, distractors, size),
                size + test_ids.rows,
                stretched=tempo != 1,
            )
            unknown = np.full(len(first), -1, dtype=np.int64)
            yield Outcome(size=size, truth=unknown, ranked=ranked, hits=hits)

    return evaluate_rows(
        inputs,
        test_ids.rows,
        evaluate,
        settings=settings,
        test_ids=test_ids,
        segments=segments,
    )


def query_starts(
    inputs: ProtocolInputs,
    rows: Int64[np.ndarray, " queries"],
    tempo: float,
    stand_in: int | None,
) -> Int64[np.ndarray, " queries"]:
    """First rows of the queries for rows of the reference.

    Args:
        inputs: Their tracks are known.
        rows: Rows of the reference.
        tempo: Factor by which queries are faster.
        stand_in: Track whose last place counts as the last place of every track; None takes each
            track's own.

    Raises:
        FpbenchError: A track has no queries.
    """
    if inputs.truth is None:
        raise ValueError("tracks of the queries are unknown")
    first, count = _extents(inputs.positions.track)
    query_first, query_count = _extents(inputs.truth.track)
    track = inputs.positions.track[rows]
    lost = [one for one in np.unique(track).tolist() if one not in query_first]
    if lost:
        raise FpbenchError(
            f"track '{inputs.track_names[lost[0]]}' has no queries",
            hint="make queries of all tracks of the reference, or choose other --test-ids",
        )
    starts = []
    for row, own in zip(rows.tolist(), track.tolist(), strict=True):
        place = row - first[own]
        final = count[own if stand_in is None else stand_in] - 1
        asked = int(np.floor(place / tempo))
        if (tempo > 1 and place == final) or asked >= query_count[own]:
            asked = query_count[own] - 1
        starts.append(query_first[own] + asked)
    return np.array(starts, dtype=np.int64)


def _extents(tracks: Int64[np.ndarray, " rows"]) -> tuple[dict[int, int], dict[int, int]]:
    """First row and number of rows of each track."""
    numbers, first, count = np.unique(tracks, return_index=True, return_counts=True)
    keys = numbers.tolist()
    return dict(zip(keys, first.tolist(), strict=True)), dict(
        zip(keys, count.tolist(), strict=True)
    )


def _by_row(
    near: Int64[np.ndarray, "used k"], used: Int64[np.ndarray, " used"], rows: int
) -> Int64[np.ndarray, "rows k"]:
    """The nearest rows of each row of the queries; -1 for those that no query uses."""
    found = np.full((rows, near.shape[1]), -1, dtype=np.int64)
    found[used] = near
    return found


def _rank(
    queries: SequenceQueries,
    near: Int64[np.ndarray, "rows k"],
    database: Concatenation,
    tracks: TrackTable,
    truth: Int64[np.ndarray, " queries"],
    *,
    stretched: bool,
) -> tuple[RankedStarts, dict[tuple[RuleSet, str], np.ndarray]]:
    shape = (len(queries.first), len(queries.segments))
    ranked = RankedStarts(
        starts=np.full((*shape, PLACES), -1, dtype=np.int64),
        scores=np.full((*shape, PLACES), -np.inf, dtype=np.float32),
        candidates=np.zeros(shape, dtype=np.int32),
    )
    names = ["top1_exact", "top1_near", "top3_exact", "top10_exact"]
    names += [f"top{k}_song" for k in _TOPS]
    rules: tuple[RuleSet, ...] = ("right", "official")
    hits: dict[tuple[RuleSet, str], np.ndarray] = {
        (rule, name): np.zeros(shape, dtype=bool) for rule in rules for name in names
    }
    for number, (start, right) in enumerate(zip(queries.first, truth, strict=True)):
        for column, segments in enumerate(queries.segments):
            end = min(int(start) + segments, len(queries.vectors))
            found = rank_stretched(
                queries.vectors[start:end],
                near[start:end],
                database,
                lambda rows: tracks.ids[tracks.place(rows)],
                length=segments,
                places=PLACES,
            )
            firsts = found.rows[:, 0]
            ranked.starts[number, column, : len(firsts)] = firsts
            ranked.scores[number, column, : len(firsts)] = found.scores
            ranked.candidates[number, column] = (near[start:end] >= 0).sum()
            of_right = hits_of_sequences(found, int(right), tracks)
            of_script = official_hits(found, int(right), tracks, stretched=stretched)
            for name in names:
                hits["right", name][number, column] = of_right[name]
                hits["official", name][number, column] = of_script[name]
    return ranked, hits


def hits_of_sequences(found: StretchedSequences, truth: int, tracks: TrackTable) -> dict[str, bool]:
    """Hits by the first rows of the best sequences."""
    firsts = found.rows[:, 0]
    song = _in_song(firsts, truth, tracks)
    exact = firsts == truth
    hits = {f"top{k}_exact": bool(exact[:k].any()) for k in _TOPS}
    hits |= {f"top{k}_song": bool(song[:k].any()) for k in _TOPS}
    return hits | {"top1_near": bool((np.abs(firsts[:1] - truth) <= 1).any())}


def official_hits(
    found: StretchedSequences, truth: int, tracks: TrackTable, *, stretched: bool
) -> dict[str, bool]:
    """Hits as the script counts them; at another tempo it counts none of rows."""
    best = found.rows[:1]
    song = _in_song(best, truth, tracks)
    anywhere = bool((best == truth).any()) and not stretched
    apart = np.abs(best[:, :1] - truth)
    return {
        "top1_exact": bool((apart == 0).any()) and not stretched,
        "top1_near": bool((apart <= 1).any()) and not stretched,
        "top3_exact": anywhere,
        "top10_exact": anywhere,
        "top1_song": bool(song[:, :1].any()),
        "top3_song": bool(song.any()),
        "top10_song": bool(song.any()),
    }


def _in_song(
    rows: Int64[np.ndarray, "*shape"], truth: int, tracks: TrackTable
) -> Bool[np.ndarray, "*shape"]:
    wanted = tracks.place(np.array([truth]))[0]
    found: Bool[np.ndarray, "*shape"] = tracks.place(rows.ravel()).reshape(rows.shape) == wanted
    return found


def _tempo_of(inputs: ProtocolInputs) -> float:
    """The tempo of the queries: that of their folder's name, or 1 for rows that are aligned.

    Raises:
        FpbenchError: It is unknown.
    """
    named = [] if inputs.folder is None else _FOLDER.findall(str(inputs.folder.resolve()))
    if named:
        return float(".".join(named[-1]))
    if len(inputs.query) == len(inputs.reference):
        return 1.0
    raise FpbenchError(
        "the tempo of the queries is unknown",
        hint="give it with --protocol-set tempo=0.9, or call the folder tempo-0_900",
    )
