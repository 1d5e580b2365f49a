"""Removes duplicate recordings from a dataset."""

from dataclasses import replace

from fpbench.audio.reading import audio_hash
from fpbench.errors import FpbenchError
from fpbench.plugin.datasets import Dataset, Track
from fpbench.prefetch import map_ahead
from fpbench.progress import Report
from fpbench.results.document import Skipped


def drop_duplicates(dataset: Dataset, report: Report) -> tuple[Dataset, list[Skipped]]:
    """Drop every file that has the same bytes as an earlier file of the dataset.

    The reference comes before the distractors. A match in a duplicate would be correct, but would
    count as wrong. Recorded queries of a duplicate become those of the earlier file.

    Args:
        report: Called after each file, because all files are read.

    Returns:
        The dataset without duplicates, and the duplicates.
    """
    tracks = [*dataset.reference, *dataset.distractors]
    originals: dict[str, Track] = {}
    unique: list[list[Track]] = [[], []]
    duplicates: list[Skipped] = []
    kept: dict[str, str] = {}  # the earlier file's name by the duplicate's
    for place, (track, digest) in enumerate(zip(tracks, map_ahead(_digest, tracks), strict=True)):
        report((place + 1) / len(tracks), f"{place + 1} of {len(tracks)} files")
        # A file that cannot be read is reported where its audio is needed.
        if digest is not None and digest in originals:
            reason = f"the same file as {originals[digest].name}"
            duplicates.append(Skipped(track=track.name, reason=reason))
            kept[track.name] = originals[digest].name
            continue
        if digest is not None:
            originals[digest] = track
        unique[place >= len(dataset.reference)].append(track)
    reference, distractors = unique
    queries = [
        replace(query, reference=kept.get(query.reference or "", query.reference))
        for query in dataset.queries
    ]
    return (
        replace(dataset, reference=reference, distractors=distractors, queries=queries),
        duplicates,
    )


def _digest(track: Track) -> str | None:
    try:
        return audio_hash(track.path)
    except FpbenchError:
        return None
