"""A bound rather than a model: real fingerprints drawn again and again."""

from collections.abc import Iterable

from fpbench import Entry, GeneratorMethod, Settings, hookimpl


@hookimpl
def fpbench_generators() -> Iterable[Entry[GeneratorMethod]]:
    return [
        Entry(
            name="resample",
            summary="real fingerprints drawn with replacement: flatters once all have been drawn",
            create=create,
        )
    ]


def create(settings: Settings) -> GeneratorMethod:
    from fpbench import apply_options
    from fpbench_plugins.resample.generator import DEFAULTS, ResampleMethod

    return ResampleMethod(apply_options(DEFAULTS, settings.options), settings.options)
