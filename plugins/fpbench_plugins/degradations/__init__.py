"""Degradations of queries: noise, reverberation, compression and others."""

from collections.abc import Iterable

from fpbench import Degradation, Entry, Settings, hookimpl


@hookimpl
def fpbench_degradations() -> Iterable[Entry[Degradation]]:
    return [
        Entry(name="clip", summary="overloaded microphone: peaks are cut off", create=create_clip),
        Entry(name="codec", summary="mp3, ogg or opus compression", create=create_codec),
        Entry(
            name="filter", summary="band-pass filter, a telephone by default", create=create_band
        ),
        Entry(name="gain", summary="louder or quieter", create=create_gain),
        Entry(name="noise", summary="background noise at a range of SNRs", create=create_noise),
        Entry(
            name="reverb",
            summary="recorded impulse responses, or simulated rooms",
            create=create_reverb,
        ),
        Entry(name="stretch", summary="another tempo at the same pitch", create=create_stretch),
    ]


def create_clip(settings: Settings) -> Degradation:
    from fpbench_plugins.degradations.levels import Clip

    return Clip.from_settings(settings)


def create_codec(settings: Settings) -> Degradation:
    from fpbench_plugins.degradations.codec import Codec

    return Codec.from_settings(settings)


def create_band(settings: Settings) -> Degradation:
    from fpbench_plugins.degradations.band import Band

    return Band.from_settings(settings)


def create_gain(settings: Settings) -> Degradation:
    from fpbench_plugins.degradations.levels import Gain

    return Gain.from_settings(settings)


def create_noise(settings: Settings) -> Degradation:
    from fpbench_plugins.degradations.noise import Noise

    return Noise.from_settings(settings)


def create_reverb(settings: Settings) -> Degradation:
    from fpbench_plugins.degradations.reverb import Reverb

    return Reverb.from_settings(settings)


def create_stretch(settings: Settings) -> Degradation:
    from fpbench_plugins.degradations.stretch import Stretch

    return Stretch.from_settings(settings)
