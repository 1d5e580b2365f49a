"""Removes recordings that a dataset holds twice."""

from dataclasses import replace

from fpbench.audio.survey import Surveys
from fpbench.plugin.datasets import Dataset, Track
from fpbench.results.document import Skipped


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
