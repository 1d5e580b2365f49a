"""A baseline at chance level: random fingerprints, equal only for segments with equal bytes."""

from collections.abc import Iterable

from fpbench import Entry, Fingerprinter, Settings, apply_options, hookimpl, refuse_weights


@hookimpl
def fpbench_fingerprinters() -> Iterable[Entry[Fingerprinter]]:
    return [
        Entry(
            name="random",
            summary="random vectors: hit rates at chance level",
            create=create,
            training_data="none",
        )
    ]


def create(settings: Settings) -> Fingerprinter:
    from fpbench_plugins.random_baseline.fingerprinter import DEFAULTS, RandomFingerprinter

    refuse_weights(settings, "random")
    return RandomFingerprinter(apply_options(DEFAULTS, settings.options))
