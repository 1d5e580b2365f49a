"""What happens to music on its way to a listener's microphone."""

from collections.abc import Iterable

from fpbench import Degradation, Entry, Settings, hookimpl


@hookimpl
def fpbench_degradations() -> Iterable[Entry[Degradation]]:
    return [
        Entry(name="clip", summary="overloaded microphone: peaks cut off", create=clip),
        Entry(name="codec", summary="mp3, ogg or opus and back", create=codec),
        Entry(name="filter", summary="only a band of frequencies gets through", create=band),
        Entry(name="gain", summary="louder or quieter", create=gain),
        Entry(name="noise", summary="background recordings at a range of SNR", create=noise),
        Entry(
            name="reverb", summary="recorded impulse responses, or simulated rooms", create=reverb
        ),
        Entry(name="stretch", summary="another tempo at the same pitch", create=stretch),
    ]


def clip(settings: Settings) -> Degradation:
    from fpbench_plugins.degradations.levels import Clip

    return Clip.from_settings(settings)


def codec(settings: Settings) -> Degradation:
    from fpbench_plugins.degradations.codec import Codec

    return Codec.from_settings(settings)


def band(settings: Settings) -> Degradation:
    from fpbench_plugins.degradations.band import Band

    return Band.from_settings(settings)


def gain(settings: Settings) -> Degradation:
    from fpbench_plugins.degradations.levels import Gain

    return Gain.from_settings(settings)


def noise(settings: Settings) -> Degradation:
    from fpbench_plugins.degradations.noise import Noise

    return Noise.from_settings(settings)


def reverb(settings: Settings) -> Degradation:
    from fpbench_plugins.degradations.reverb import Reverb

    return Reverb.from_settings(settings)


def stretch(settings: Settings) -> Degradation:
    from fpbench_plugins.degradations.stretch import Stretch

    return Stretch.from_settings(settings)
