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
        )
    ]


@hookimpl
def fpbench_default_generators() -> Iterable[DefaultGenerator]:
    caution = "gaussian is too easy for most systems: read its hit rates as an upper bound"
    return [DefaultGenerator(name="gaussian", rank=9, caution=caution)]


def create(settings: Settings) -> GeneratorMethod:
    from fpbench import apply_options
    from fpbench_plugins.gaussian.generator import DEFAULTS, GaussianMethod

    return GaussianMethod(apply_options(DEFAULTS, settings.options))
