"""Tracks of a Gaussian, from coherent noise: quick to fit, and as far from music as a Gaussian."""

from collections.abc import Mapping
from dataclasses import dataclass

from fpbench import apply_options
from fpbench_plugins.building_blocks.coherent_noise.method import CoherenceConfig, CoherentNoise
from fpbench_plugins.gaussian.generator import GaussianConfig, GaussianMethod

NAME = "gaussian-tracks"


@dataclass(frozen=True, slots=True, kw_only=True)
class GaussianTracksConfig:
    """Settings of a Gaussian and of its tracks.

    Args:
        project: Whether draws are scaled to length 1, like real fingerprints. None means yes for
            a new generator, and the value in the file for a fitted one.
        longest: Largest number of fingerprints in a track; a longer one is learnt and drawn as
            several.
        most_tracks: Largest number of tracks that are learnt, spread evenly over all.
    """

    project: bool | None = None
    longest: int = CoherenceConfig().longest
    most_tracks: int = CoherenceConfig().most_tracks

    def __post_init__(self) -> None:
        CoherenceConfig(longest=self.longest, most_tracks=self.most_tracks)


DEFAULTS = GaussianTracksConfig()


def coherent_gaussian(options: Mapping[str, str]) -> CoherentNoise:
    """The method of ``gaussian-tracks``."""
    config = apply_options(DEFAULTS, options)
    return CoherentNoise(
        name=NAME,
        base=GaussianMethod(GaussianConfig(project=config.project)),
        config=CoherenceConfig(longest=config.longest, most_tracks=config.most_tracks),
        options=options,
        of_draws=("project",),
    )
