"""Recorded queries: a table of recordings, and the queries that are cut from them."""

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from jaxtyping import Float64

from fpbench.audio.query_recipe import QueryRecipe
from fpbench.audio.reading import durations_s
from fpbench.audio.silence import Stretches, has_sound
from fpbench.audio.survey import Surveys, decoded_durations_s, survey_track
from fpbench.conversion import suggest
from fpbench.errors import FpbenchError
from fpbench.listed_files import ListedFile, ListedFiles, composed, names_without_folders
from fpbench.near_names import is_near_miss
from fpbench.plugin.datasets import Positions, RecordedQuery, Track
from fpbench.randomness import Stream, rng_at
from fpbench.results.data import Skipped
from fpbench.tables import read_table, show_text
from fpbench.user_paths import expand_path

TABLE = "queries.csv"
"""Name of the table that is read if it lies beside a dataset."""

COLUMNS = ("query", "reference", "start_s")

_NO_MATCH = ("", "none")
_TABLE_SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".xls", ".xlsx", ".ods")
_ROUNDING_S = 1e-3


# ---------------------------------------------------------------- table


def queries_beside(
    folder: Path, table: str | None, reference: Sequence[Track]
) -> list[RecordedQuery]:
    """The recorded queries of a dataset.

    Args:
        folder: Folder that the name of the table is relative to.
        table: Name of the table; :data:`TABLE` may be absent, None means that there is none.
        reference: Tracks that the queries may match.

    Raises:
        FpbenchError: As :func:`read_recorded_queries`, or there is no such table.
    """
    if table is None:
        return []
    path = folder / expand_path(table)
    if table == TABLE and not path.is_file():
        _refuse_near_names(folder)
        return []
    return read_recorded_queries(path, reference)


def _refuse_near_names(folder: Path) -> None:
    """Refuse a table whose name is nearly :data:`TABLE`, which would be left out unsaid."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        same_stem = path.stem == Path(TABLE).stem or is_near_miss(path.stem, Path(TABLE).stem)
        if same_stem and path.suffix.lower() in _TABLE_SUFFIXES and path.is_file():
            raise FpbenchError(
                f"'{path}' looks like a table of recorded queries, which is called {TABLE}",
                hint=f"rename it to {TABLE}, or name it in a config file, below [dataset_options]: "
                f'queries = "{path.name}", or "none" to leave it out',
            )


def read_recorded_queries(table: Path, reference: Sequence[Track]) -> list[RecordedQuery]:
    """Read a table with the columns ``query``, ``reference`` and ``start_s``.

    ``query`` is an audio file, relative to the table's folder. ``reference`` is the name or the
    file of a reference track, and ``start_s`` the time in it at which the recording starts. Where
    both are empty or ``none``, the recording matches nothing in the database.

    Raises:
        FpbenchError: The table cannot be read or lacks a column; or a row names a missing file, an
            unknown reference track, a start that is not in it, or the same file as another row.
    """
    names = {track.name: track for track in reference}
    find_reference = _reference_finder(table.parent, reference)
    recordings = ListedFiles(table.parent)
    lines: dict[str, int] = {}
    files: list[ListedFile] = []
    matches: list[tuple[str | None, float]] = []
    for line, (query, match, start) in read_table(table, COLUMNS):
        where = f"{table}, line {line}"
        if not query:
            raise FpbenchError(
                f"{where}: column 'query' is empty", hint="name an audio file in every row"
            )
        file = recordings.find(query)
        if file is None:
            raise FpbenchError(
                f"{where}: query: there is no file '{table.parent / show_text(query)}'",
                hint="correct the path, which is relative to the table's folder",
            )
        first_line = lines.setdefault(os.path.realpath(file.path), line)
        if first_line != line:
            raise FpbenchError(
                f"{where}: query '{query}' is also in line {first_line}",
                hint="list each recording once",
            )
        track = None if match.lower() in _NO_MATCH else find_reference(match)
        if track is None and match.lower() not in _NO_MATCH:
            raise FpbenchError(
                f"{where}: reference: no reference track is '{show_text(match)}'",
                hint=f"{suggest(match, names)}write its name or its path from the table's folder, "
                "or none if the database does not hold it",
            )
        files.append(file)
        matches.append((track.name if track else None, _start_s(start, track, where)))
    if not files:
        raise FpbenchError(f"{table} lists no queries", hint="add a row for each recording")
    queries = [
        RecordedQuery(name=name, path=file.path, reference=match, start_s=start_s)
        for name, file, (match, start_s) in zip(
            names_without_folders([file.name for file in files]), files, matches, strict=True
        )
    ]
    _refuse_own_files(table, [names[one.reference] for one in queries if one.reference], lines)
    return queries


def _reference_finder(folder: Path, reference: Sequence[Track]) -> Callable[[str], Track | None]:
    """A function that gives the reference track of a name, or of a path from the folder."""
    listed = ListedFiles(folder)
    names = {composed(track.name): track for track in reference}
    files = {os.path.realpath(track.path): track for track in reference}

    def find(text: str) -> Track | None:
        name = composed(text)
        track = names.get(name) or names.get(name.replace("\\", "/"))
        file = None if track else listed.find(text)
        # A listed file that is gone is still one of the reference's; the run reports it.
        real = os.path.realpath(file.path if file else folder / text)
        return track or files.get(real)

    return find


def _refuse_own_files(table: Path, matched: Sequence[Track], lines: Mapping[str, int]) -> None:
    """Refuse files of the reference as queries, which would be found without any degradation."""
    for track in matched:
        line = lines.get(os.path.realpath(track.path))
        if line is not None:
            raise FpbenchError(
                f"{table}, line {line}: query: '{track.name}' is also a reference track",
                hint="list recordings of the reference, not its own files",
            )


def select_recordings(
    recordings: Sequence[RecordedQuery], surveys: Surveys
) -> tuple[list[RecordedQuery], list[Skipped]]:
    """Leave out recordings that cannot be read or are silent, and those that came before."""
    names: dict[str | None, str] = {}
    usable, skipped = [], []
    for recording in recordings:
        survey = surveys[recording.track]
        reason = survey.why_unusable
        if reason is None:
            first = names.setdefault(survey.digest, recording.name)
            reason = None if first == recording.name else f"the same audio as {first}"
        if reason is None:
            usable.append(recording)
        else:
            skipped.append(Skipped(track=recording.name, reason=reason))
    return usable, skipped


def _start_s(text: str, track: Track | None, where: str) -> float:
    if track is None:
        if text.lower() not in _NO_MATCH:
            raise FpbenchError(
                f"{where}: start_s is '{text}', but the row has no reference",
                hint="leave start_s empty for a query without a match",
            )
        return 0.0
    try:
        start_s = float(text)
    except ValueError:
        start_s = -1.0
    if not 0 <= start_s < math.inf:
        raise FpbenchError(
            f"{where}: start_s cannot be '{text}'",
            hint="write the time in the reference at which the recording starts, in seconds"
            + (", with a decimal point" if "," in text else ""),
        )
    (duration_s,) = durations_s([track])
    if 0 < duration_s <= start_s:  # 0: the file cannot be read, which the run reports
        raise FpbenchError(
            f"{where}: start_s is {start_s:g}, but '{track.name}' ends at {duration_s:g} s",
            hint="write seconds, not minutes or samples, from the start of the reference track",
        )
    return start_s


# ---------------------------------------------------------------- queries


@dataclass(frozen=True, slots=True)
class CutQueries:
    """Queries that are cut from recordings.

    Args:
        places: Recording of each query, and its start time in the recording.
        truth: Reference track of each query, and its start time in the reference.
        skipped: Recordings that give no query, and why.
        silent: Number of queries that would fit, but lie in silence.
    """

    places: Positions
    truth: Positions
    skipped: Sequence[Skipped]
    silent: int = 0


def cut_queries(
    recordings: Sequence[RecordedQuery],
    reference: Mapping[str, tuple[int, float]],
    recipe: QueryRecipe,
    *,
    tempo: float,
    seed: int | None,
    surveys: Surveys = MappingProxyType({}),
    silent_s: Mapping[str, Stretches] = MappingProxyType({}),
) -> CutQueries:
    """Cut queries from recordings at multiples of ``grid_s``, as many as fit.

    A query fits if it ends before the recording and before the reference track, and has enough
    sound in both. If there are more than ``n_queries``, as many are drawn without replacement.

    Args:
        recordings: Those without a reference give no query, and are not in ``skipped``.
        reference: Index and duration of each reference track by name; 0 for an unknown duration.
        recipe: Length and number of queries.
        tempo: Tempo of the degradations; a faster one needs a longer stretch of audio.
        seed: Seed of the draw; None means all queries that fit.
        surveys: Surveys of the recordings; the lengths of others are those in their headers.
        silent_s: Silent stretches of reference tracks by name.

    Raises:
        FpbenchError: No query fits.
    """
    lengths_s = decoded_durations_s(surveys, [one.track for one in recordings]).tolist()
    places, truth = _empty(), _empty()
    skipped: list[Skipped] = []
    silent = 0
    for number, recording in enumerate(recordings):
        if recording.reference is None:
            continue
        if lengths_s[number] == 0 and (reason := _why_unreadable(recording.track)):
            skipped.append(Skipped(track=recording.name, reason=reason))
            continue
        if recording.reference not in reference:
            reason = f"its reference {recording.reference} is skipped"
            skipped.append(Skipped(track=recording.name, reason=reason))
            continue
        index, duration_s = reference[recording.reference]
        left_s = duration_s - recording.start_s if duration_s > 0 else math.inf
        starts_s = _starts_s(
            lengths_s[number] / tempo, left_s, recipe.query_length_s, recipe.grid_s
        )
        if len(starts_s) == 0:
            shorter_s = min(lengths_s[number] / tempo, left_s)
            reason = f"too short: {shorter_s:.3g} s with its reference, "
            reason += f"{recipe.query_length_s:.3g} s needed"
            skipped.append(Skipped(track=recording.name, reason=reason))
            continue
        recorded, length_s = surveys.get(recording.track), recipe.query_length_s
        sound = has_sound(recorded.silent_s if recorded else (), starts_s, length_s * tempo)
        original = silent_s.get(recording.reference, ())
        sound &= has_sound(original, recording.start_s + starts_s, length_s)
        silent += int(np.count_nonzero(~sound))
        starts_s = starts_s[sound]
        if len(starts_s) == 0:
            reason = "silent: no query has enough sound in the recording and in its reference"
            skipped.append(Skipped(track=recording.name, reason=reason))
        places = _append(places, number, starts_s)
        truth = _append(truth, index, recording.start_s + starts_s)
    if len(truth.track) == 0:
        why = f": {skipped[0].track}: {skipped[0].reason}" if skipped else ""
        raise FpbenchError(
            f"no recorded query can be used{why}",
            hint="ask for shorter queries with --query-length or --query-lengths, or use other "
            "recordings",
        )
    if seed is None:
        return CutQueries(places, truth, skipped, silent)
    order = rng_at(seed, Stream.QUERY_POSITION).permutation(len(truth.track))
    chosen = np.sort(order[: recipe.n_queries])
    return CutQueries(_at(places, chosen), _at(truth, chosen), skipped, silent)


def cut_absent(
    recordings: Sequence[RecordedQuery],
    recipe: QueryRecipe,
    *,
    tempo: float,
    seed: int,
    surveys: Surveys,
) -> Positions:
    """Cut queries from recordings that match nothing, as :func:`cut_queries` from the others.

    Returns:
        Recording of each query, as an index, and its start time in the recording; at most
        ``n_queries``.
    """
    lengths_s = decoded_durations_s(surveys, [one.track for one in recordings]).tolist()
    places = _empty()
    for number, recording in enumerate(recordings):
        if recording.reference is not None:
            continue
        length_s = recipe.query_length_s
        starts_s = _starts_s(lengths_s[number] / tempo, math.inf, length_s, recipe.grid_s)
        recorded = surveys.get(recording.track)
        sound = has_sound(recorded.silent_s if recorded else (), starts_s, length_s * tempo)
        places = _append(places, number, starts_s[sound])
    order = rng_at(seed, Stream.QUERY_POSITION, 1).permutation(len(places.track))
    return _at(places, np.sort(order[: recipe.n_queries]))


def _why_unreadable(track: Track) -> str | None:
    """Reason why a recording cannot be used; None if only its header says so."""
    try:
        survey_track(track)
    except FpbenchError as err:
        return err.message.removeprefix(f"cannot read {track.path}: ")
    return None


def _starts_s(
    recorded_s: float, left_s: float, length_s: float, grid_s: float
) -> Float64[np.ndarray, " starts"]:
    """Start times in a recording at which a query fits."""
    last = math.floor((min(recorded_s, left_s) - length_s + _ROUNDING_S) / grid_s)
    return np.arange(max(0, last + 1), dtype=np.float64) * grid_s


def _empty() -> Positions:
    return Positions(np.zeros(0, dtype=np.int64), np.zeros(0))


def _append(positions: Positions, track: int, start_s: Float64[np.ndarray, " starts"]) -> Positions:
    tracks = np.full(len(start_s), track, dtype=np.int64)
    return Positions(
        np.concatenate([positions.track, tracks]), np.concatenate([positions.start_s, start_s])
    )


def _at(positions: Positions, chosen: np.ndarray) -> Positions:
    return Positions(positions.track[chosen], positions.start_s[chosen])
