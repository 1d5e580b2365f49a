"""The floor: fingerprints that know nothing but whether two segments are the same bytes."""

from collections.abc import Iterable

from fpbench import Entry, Fingerprinter, Settings, apply_options, hookimpl, refuse_weights


@hookimpl
def fpbench_fingerprinters() -> Iterable[Entry[Fingerprinter]]:
    return [Entry(name="random", summary="random vectors, the chance floor", create=create)]


def create(settings: Settings) -> Fingerprinter:
    from fpbench_plugins.random_baseline.fingerprinter import DEFAULTS, RandomFingerprinter

    refuse_weights(settings, "random")
    return RandomFingerprinter(apply_options(DEFAULTS, settings.options))
