"""Finds recordings that a dataset has twice."""

from dataclasses import replace

from fpbench.audio import audio_hash, map_ahead
from fpbench.errors import FpbenchError
from fpbench.interfaces import Dataset, Track
from fpbench.results import Skipped


def each_once(dataset: Dataset) -> tuple[Dataset, list[Skipped]]:
    """A dataset without files that are, byte for byte, one before them.

    Of equal files the first stands for all, and the reference comes before the distractors: a match
    in a copy would be right and count as wrong.

    Returns:
        The dataset, and the tracks that were left out.
    """
    tracks = [*dataset.reference, *dataset.distractors]
    first: dict[str, Track] = {}
    copies: list[Skipped] = []
    for track, digest in zip(tracks, map_ahead(_digest, tracks), strict=True):
        # One that cannot be read is somebody else's to complain about.
        if digest is not None and (original := first.setdefault(digest, track)) is not track:
            copies.append(Skipped(track=track.name, reason=f"the same file as {original.name}"))
    names = {copy.track for copy in copies}
    reference, distractors = (
        [track for track in those if track.name not in names]
        for those in (dataset.reference, dataset.distractors)
    )
    return replace(dataset, reference=reference, distractors=distractors), copies


def _digest(track: Track) -> str | None:
    try:
        return audio_hash(track.path)
    except FpbenchError:
        return None
