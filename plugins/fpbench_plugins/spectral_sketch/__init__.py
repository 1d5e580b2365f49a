"""A baseline without training: a random sketch of the spectrum."""

from collections.abc import Iterable

from fpbench import Entry, Fingerprinter, Settings, apply_options, hookimpl, refuse_weights


@hookimpl
def fpbench_fingerprinters() -> Iterable[Entry[Fingerprinter]]:
    return [
        Entry(
            name="spectral-sketch",
            summary="random sketch of a spectrum",
            create=create,
            training_data="none",
        )
    ]


def create(settings: Settings) -> Fingerprinter:
    # Imported here because it pulls in torch, which `fpbench --help` must not wait for.
    from fpbench_plugins.spectral_sketch.fingerprinter import DEFAULTS, SpectralSketch

    refuse_weights(settings, "spectral-sketch")
    return SpectralSketch(apply_options(DEFAULTS, settings.options), settings.device)
