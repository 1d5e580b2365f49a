"""Removes recordings that a dataset holds twice."""

from collections.abc import Sequence
from dataclasses import replace

from fpbench.audio.survey import Surveys
from fpbench.plugin.datasets import Dataset, Track
from fpbench.results.config import Duplicates
from fpbench.results.data import NearCopy, Skipped


def drop_near_copies(dataset: Dataset, copies: Sequence[NearCopy]) -> tuple[Dataset, list[Skipped]]:
    """Drop one track of every pair of near copies: the later one, if the other stays.

    A reference track stays rather than another if recorded queries match it; those of a track that
    is dropped are dropped, because it is not known exactly how far it is shifted.
    """
    asked = {query.reference for query in dataset.queries}
    dropped: dict[str, Skipped] = {}
    for copy in copies:
        track, other = copy.track, copy.of
        if track in asked and other not in asked:
            track, other = other, track
        if track not in dropped and other not in dropped:
            reason = f"a near copy of {other}: {copy.length_s:g} s are alike"
            dropped[track] = Skipped(track=track, reason=reason)
    reference = [track for track in dataset.reference if track.name not in dropped]
    distractors = [track for track in dataset.distractors if track.name not in dropped]
    smaller = replace(dataset, reference=reference, distractors=distractors)
    return smaller, list(dropped.values())


def describe_duplicates(
    equal: Sequence[Skipped], near: Sequence[NearCopy], duplicates: Duplicates
) -> list[str]:
    """What a run should say of recordings that a dataset holds twice."""
    lines = []
    if equal and duplicates == "keep":
        lines.append(
            f"{len(equal)} tracks are copies of others, such as {equal[0].track}, "
            f"{equal[0].reason}; a match in a copy counts as wrong"
        )
    if near and duplicates == "report":
        first = max(near, key=lambda one: one.length_s)
        lines.append(
            f"{len(near)} pairs of tracks share a stretch of one recording, such as {first.track} "
            f"and {first.of}, {first.length_s:g} s; a match in the other track counts as wrong; "
            "--duplicates drop (duplicates='drop' in Python) leaves one of each pair out"
        )
    return lines


def drop_duplicates(dataset: Dataset, surveys: Surveys) -> tuple[Dataset, list[Skipped]]:
    """Drop every track whose decoded audio is that of an earlier track of the dataset.

    Container, tags and file name do not count. The reference comes before the distractors. A match
    in a duplicate would be correct, but would count as wrong. Recorded queries of a duplicate
    become those of the earlier track.

    Args:
        surveys: Surveys of the tracks. A track without one is kept, and so is one that cannot be
            read or is silent, which is reported where its audio is needed.

    Returns:
        The dataset without duplicates, and the duplicates.
    """
    originals: dict[str, Track] = {}
    duplicates: list[Skipped] = []
    kept: dict[str, str] = {}  # the earlier track's name by the duplicate's

    def is_new(track: Track) -> bool:
        survey = surveys.get(track)
        if survey is None or survey.digest is None or survey.silent:
            return True
        original = originals.get(survey.digest)
        if original is None:
            originals[survey.digest] = track
            return True
        duplicates.append(Skipped(track=track.name, reason=f"the same audio as {original.name}"))
        kept[track.name] = original.name
        return False

    reference = [track for track in dataset.reference if is_new(track)]
    distractors = [track for track in dataset.distractors if is_new(track)]
    queries = [
        replace(query, reference=kept.get(query.reference or "", query.reference))
        for query in dataset.queries
    ]
    dataset = replace(dataset, reference=reference, distractors=distractors, queries=queries)
    return dataset, duplicates
