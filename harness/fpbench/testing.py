"""Checks for the tests of a fingerprinter."""

import numpy as np

from fpbench.fingerprints.conformance import run_checks
from fpbench.plugin.fingerprinters import AnyFingerprinter


def check_fingerprinter(fingerprinter: AnyFingerprinter, rng: np.random.Generator) -> None:
    """Check every rule in a test of a fingerprinter.

    Args:
        fingerprinter: A segment-wise or a track-wise one.
        rng: Draws the test recordings.

    Raises:
        AssertionError: The fingerprinter breaks rules; the message lists all of them.
    """
    outcomes = run_checks(fingerprinter, type(fingerprinter).__name__, rng)
    broken = [f"{one.name}: {one.detail}" for one in outcomes if not one.passed]
    if broken:
        raise AssertionError("\n".join(["rules broken:", *broken]))
