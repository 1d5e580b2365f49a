"""A training-free baseline: a random sketch of the spectrum."""

from collections.abc import Iterable

from fpbench import Entry, Fingerprinter, FpbenchError, Settings, configured, hookimpl


@hookimpl
def fpbench_fingerprinters() -> Iterable[Entry[Fingerprinter]]:
    return [Entry(name="spectral-sketch", summary="random sketch of a spectrum", create=create)]


def create(settings: Settings) -> Fingerprinter:
    # Imported here because it pulls in torch, which `fpbench --help` must not wait for.
    from fpbench_plugins.spectral_sketch.fingerprinter import PUBLISHED, SpectralSketch

    if settings.weights is not None:
        raise FpbenchError("spectral-sketch has no weights to load", hint="leave --weights out")
    return SpectralSketch(configured(PUBLISHED, settings.options), settings.device)
