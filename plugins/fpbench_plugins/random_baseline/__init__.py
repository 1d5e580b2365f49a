"""The floor: fingerprints that know nothing but whether two segments are the same bytes."""

from collections.abc import Iterable

from fpbench import Entry, Fingerprinter, FpbenchError, Settings, configured, hookimpl


@hookimpl
def fpbench_fingerprinters() -> Iterable[Entry[Fingerprinter]]:
    return [Entry(name="random", summary="random vectors, the chance floor", create=create)]


def create(settings: Settings) -> Fingerprinter:
    from fpbench_plugins.random_baseline.fingerprinter import PUBLISHED, RandomFingerprinter

    if settings.weights is not None:
        raise FpbenchError("random has no weights to load", hint="leave --weights out")
    return RandomFingerprinter(configured(PUBLISHED, settings.options))
