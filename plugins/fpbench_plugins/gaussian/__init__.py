"""A Gaussian on the unit sphere: a baseline that scores well on some measures of fidelity."""

from collections.abc import Iterable

from fpbench import DefaultGenerator, Entry, GeneratorMethod, Settings, hookimpl


@hookimpl
def fpbench_generators() -> Iterable[Entry[GeneratorMethod]]:
    return [
        Entry(
            name="gaussian",
            summary="normal draws with the real mean and covariance, scaled to length 1",
            create=create,
        ),
        Entry(
            name="gaussian-tracks",
            summary="tracks of such draws, for queries of several fingerprints",
            create=create_tracks,
            details={"Method": "coherent noise, which keeps the similarities within real tracks"},
        ),
    ]


@hookimpl
def fpbench_default_generators() -> Iterable[DefaultGenerator]:
    caution = "gaussian is too easy for most systems: read its hit rates as an upper bound"
    of_tracks = caution.replace("gaussian", "gaussian-tracks")
    return [
        DefaultGenerator(name="gaussian", rank=9, caution=caution),
        DefaultGenerator(name="gaussian-tracks", rank=9, caution=of_tracks, tracks=True),
    ]


def create(settings: Settings) -> GeneratorMethod:
    from fpbench import apply_options
    from fpbench_plugins.gaussian.generator import DEFAULTS, GaussianMethod

    return GaussianMethod(apply_options(DEFAULTS, settings.options))


def create_tracks(settings: Settings) -> GeneratorMethod:
    from fpbench_plugins.gaussian.tracks import coherent_gaussian

    return coherent_gaussian(settings.options)
