"""Divides the fingerprinting of tracks between processes that share a cache, or copies of it."""

from collections.abc import Sequence
from dataclasses import replace
from logging import getLogger
from pathlib import Path
from typing import cast

from fpbench.audio.reading import durations_s
from fpbench.audio.survey import survey_recordings
from fpbench.errors import FpbenchError
from fpbench.files import make_folder, refuse_unwritable
from fpbench.fingerprints.cached_tracks import make_missing_tracks
from fpbench.hashing import code_key
from fpbench.plugin.datasets import Dataset, Track
from fpbench.progress import Stage
from fpbench.results.config import RecordedConfig
from fpbench.runs.inputs import AudioSource
from fpbench.runs.needs import Need
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.shards.notes import (
    ShardNote,
    note_path,
    note_settings,
    read_notes,
    refuse_others,
    unfinished,
    write_note,
)
from fpbench.runs.shards.search_shards import shard_folder
from fpbench.runs.workers.sent_tracks import hash_fingerprinter
from fpbench.search.engines.shards import Shard

_SETTINGS = (
    "fingerprinter",
    "fingerprinter_options",
    "dataset",
    "dataset_options",
    "channel",
    "seed",
    "device",
    "dtype",
)
"""Settings that decide the fingerprints of tracks, by their names in results."""

_DIVIDED = ("read recordings", "fingerprint reference", "fingerprint distractors")

logger = getLogger(__name__)


def fingerprint_shard(prepared: PreparedRun, shard: Shard, out: Path, stage: Stage) -> int:
    """Fingerprint the tracks of one shard, and keep them in the cache.

    If the process is killed, the same call continues where it stopped.

    Args:
        prepared: From :func:`fpbench.runs.prepare.prepare`.
        shard: The part of the tracks.
        out: Path of the result, beside which the shard keeps a note of what it was made with.
        stage: Shows progress.

    Returns:
        Number of its tracks.

    Raises:
        FpbenchError: The run has no tracks that can be divided, another shard was made with
            another fpbench, settings or weights, or a file cannot be written.
    """
    source = require_divided(prepared)
    folder = _folder(out)
    refuse_unwritable(note_path(folder, shard), "--out")
    note = _note(prepared)
    others = {one: known for one, known in read_notes(folder).items() if one != shard}
    refuse_others(folder, others, note)
    write_note(make_folder(folder), shard, note)
    source.dataset.complete(stage)
    tracks = _share(_tracks(source), shard)
    with stage("read recordings") as report:
        surveys = survey_recordings(prepared.store, tracks, report)
    named = source.fingerprinter
    with stage("tracks") as report:
        make_missing_tracks(
            prepared.store,
            named.fingerprinter,
            named.name,
            named.identity,
            tracks,
            surveys=surveys,
            report=report,
        )
    write_note(folder, shard, replace(note, finished=True))
    return len(tracks)


def check_track_shards(prepared: PreparedRun, out: Path) -> None:
    """Refuse shards of another run, whose fingerprints would not be found; name missing ones.

    Raises:
        FpbenchError: There is such a shard.
    """
    folder = _folder(out)
    notes = read_notes(folder)
    if not notes:
        return
    refuse_others(folder, notes, _note(prepared))
    missing = unfinished(notes)
    if missing:
        logger.warning(
            "%s lacks shards %s: this run fingerprints what they have left",
            folder,
            ", ".join(map(str, missing)),
        )


def require_divided(prepared: PreparedRun) -> AudioSource:
    """The recordings of a run, if they can be fingerprinted one by one.

    Raises:
        FpbenchError: They cannot, or the run has none.
    """
    source = prepared.source
    if not isinstance(source, AudioSource):
        raise FpbenchError(
            "--prepare with --shard divides the fingerprinting of recordings, and this dataset has "
            "fingerprints",
            hint="use --prepare without --shard",
        )
    if source.fingerprinter.fingerprinter.spec.batch_segments is not None:
        raise FpbenchError(
            f"the fingerprints of '{source.fingerprinter.name}' depend on their batch, so that "
            "tracks cannot be divided",
            hint="use --prepare without --shard",
        )
    return source


def share_needs(needs: Sequence[Need], shard: Shard) -> list[Need]:
    """The needs of one shard, from those of all that precedes the search."""
    return [
        replace(
            need,
            work=f"1/{shard.of} of {need.work}",
            seconds=need.seconds / shard.of,
            disk_bytes=need.disk_bytes / shard.of,
        )
        for need in needs
        if need.stage in _DIVIDED
    ]


def _tracks(source: AudioSource) -> list[Track]:
    dataset: Dataset = source.dataset
    return [*dataset.reference, *(dataset.distractors if source.want_real else ())]


def _share(tracks: Sequence[Track], shard: Shard) -> list[Track]:
    """The tracks of a shard, about equally long; every track is in exactly one shard."""
    lengths = [round(1000 * seconds) for seconds in durations_s(tracks).tolist()]
    return [tracks[place] for place in shard.share(lengths)]


def _folder(out: Path) -> Path:
    return shard_folder(out) / "tracks"


def _note(prepared: PreparedRun) -> ShardNote:
    """What decides the fingerprints of a shard."""
    note = note_settings(prepared)
    return replace(
        note,
        code=code_key("fpbench.fingerprints.cached_tracks"),
        config=cast(RecordedConfig, {n: v for n, v in note.config.items() if n in _SETTINGS}),
        fingerprinter=hash_fingerprinter(prepared),
    )
