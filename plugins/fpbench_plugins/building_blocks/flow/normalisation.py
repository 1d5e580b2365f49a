"""Brings fingerprints to mean 0 and standard deviation 1."""

import math
from dataclasses import dataclass

import numpy as np

from fpbench import Vectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalisation:
    """One mean and one standard deviation for all entries of all fingerprints."""

    mean: float
    std: float


def measure_normalisation(fingerprints: Vectors, rows_at_once: int = 65_536) -> Normalisation:
    """Mean and standard deviation over all entries, accumulated in float64, chunk by chunk.

    Raises:
        ValueError: There are no entries, or all of them are equal.
    """
    count, total, squares = fingerprints.size, 0.0, 0.0
    for start in range(0, len(fingerprints), rows_at_once):
        chunk = fingerprints[start : start + rows_at_once].astype(np.float64)
        total += float(chunk.sum())
        squares += float(np.square(chunk).sum())
    mean = total / count if count else 0.0
    variance = squares / count - mean**2 if count else 0.0
    if variance <= 0:
        raise ValueError("fingerprints without variance cannot be normalised")
    return Normalisation(mean=mean, std=math.sqrt(variance))
