"""Finds recordings that a dataset has twice."""

from dataclasses import replace

from fpbench.audio.reading import audio_hash
from fpbench.errors import FpbenchError
from fpbench.plugin.datasets import Dataset, Track
from fpbench.prefetch import map_ahead
from fpbench.progress import Report
from fpbench.results.document import Skipped


def drop_duplicates(dataset: Dataset, report: Report) -> tuple[Dataset, list[Skipped]]:
    """A dataset without files that are, byte for byte, one before them.

    Of equal files the first stands for all, and the reference comes before the distractors: a match
    in a copy would be right and count as wrong.

    Args:
        report: Told after each file: a whole collection is read.

    Returns:
        The dataset, and the tracks that were left out.
    """
    tracks = [*dataset.reference, *dataset.distractors]
    first: dict[str, Track] = {}
    once: list[list[Track]] = [[], []]
    copies: list[Skipped] = []
    for place, (track, digest) in enumerate(zip(tracks, map_ahead(_digest, tracks), strict=True)):
        report((place + 1) / len(tracks), f"{place + 1} of {len(tracks)} files")
        # One that cannot be read is somebody else's to complain about.
        if digest is not None and digest in first:
            reason = f"the same file as {first[digest].name}"
            copies.append(Skipped(track=track.name, reason=reason))
            continue
        if digest is not None:
            first[digest] = track
        once[place >= len(dataset.reference)].append(track)
    reference, distractors = once
    return replace(dataset, reference=reference, distractors=distractors), copies


def _digest(track: Track) -> str | None:
    try:
        return audio_hash(track.path)
    except FpbenchError:
        return None
