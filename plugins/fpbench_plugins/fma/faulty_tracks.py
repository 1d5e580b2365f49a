"""Clips of FMA that are empty, cut short or damaged as published.

The archive gave wrong lengths for some recordings, so that their clips of 30 s were cut from where
there is little music or none; others are reported as files that cannot be opened. ``faulty.csv``
lists them with the reason and the report. What FMA holds twice is not listed: a run leaves out
equal audio by itself.
"""

import csv
from collections.abc import Mapping
from functools import cache
from importlib import resources


@cache
def faulty_tracks(subset: str) -> Mapping[int, str]:
    """Why each faulty clip of an audio folder is left out, by its number; none of ``full``."""
    if subset == "full":
        return {}
    text = resources.files(__package__).joinpath("faulty.csv").read_text("utf-8")
    return {int(row["track"]): row["reason"] for row in csv.DictReader(text.splitlines())}
