"""Real fingerprints, drawn with replacement: a bound instead of a model."""

from collections.abc import Iterable

from fpbench import Entry, GeneratorMethod, Settings, hookimpl


@hookimpl
def fpbench_generators() -> Iterable[Entry[GeneratorMethod]]:
    return [
        Entry(
            name="resample",
            summary="real fingerprints drawn with replacement: an upper bound of the hit rate",
            create=create,
        ),
        Entry(
            name="resample-runs",
            summary="real tracks drawn with replacement, for queries of several fingerprints",
            create=create_runs,
        ),
    ]


def create(settings: Settings) -> GeneratorMethod:
    from fpbench import apply_options
    from fpbench_plugins.resample.generator import DEFAULTS, ResampleMethod

    return ResampleMethod(apply_options(DEFAULTS, settings.options), settings.options)


def create_runs(settings: Settings) -> GeneratorMethod:
    from fpbench import apply_options
    from fpbench_plugins.resample.generator import DEFAULTS
    from fpbench_plugins.resample.runs import ResampleRunsMethod

    return ResampleRunsMethod(apply_options(DEFAULTS, settings.options), settings.options)
