"""A rectified flow, distilled into one evaluation of a small network; sharpened; and in tracks."""

from collections.abc import Iterable

from fpbench import DefaultGenerator, Entry, GeneratorMethod, Settings, hookimpl


@hookimpl
def fpbench_generators() -> Iterable[Entry[GeneratorMethod]]:
    return [
        Entry(
            name="rectified-flow-turbo",
            summary="a flow distilled into one step of a small network, a thousand times cheaper",
            create=create,
            dtypes=("float32", "bfloat16"),
            details={
                "Teacher": "a rectified-flow generator (--set teacher=FILE), or else fitted first",
                "Speed": "use --dtype bfloat16",
            },
        ),
        Entry(
            name="rectified-flow-sharp",
            summary="a distilled flow whose draws are sharpened: closer to queries than turbo's",
            create=create_sharp,
            dtypes=("float32", "bfloat16"),
            details={
                "Teacher": "a rectified-flow generator (--set teacher=FILE), or else fitted first",
                "Sharpening": "the flow removes the blur from its own draws, which turbo keeps",
                "Speed": "use --dtype bfloat16",
            },
        ),
        Entry(
            name="rectified-flow-tracks",
            summary="tracks of such a flow, for queries of several fingerprints",
            create=create_tracks,
            dtypes=("float32", "bfloat16"),
            details={
                "Method": "coherent noise, which keeps the similarities within real tracks",
                "Flow": "fitted first, or a fitted one (--set flow=FILE)",
            },
        ),
    ]


@hookimpl
def fpbench_default_generators() -> Iterable[DefaultGenerator]:
    # Fewer fingerprints are of too few tracks to learn what a fingerprint is like.
    return [
        DefaultGenerator(name="rectified-flow-turbo", rank=0, least_rows=1_000),
        DefaultGenerator(name="rectified-flow-tracks", rank=0, least_rows=1_000, tracks=True),
    ]


def create(settings: Settings) -> GeneratorMethod:
    # Imported here because it pulls in torch, which `fpbench --help` must not wait for.
    from fpbench_plugins.rectified_flow_turbo.method import RectifiedFlowTurbo

    return RectifiedFlowTurbo(settings)


def create_sharp(settings: Settings) -> GeneratorMethod:
    from fpbench_plugins.rectified_flow_turbo.config import SHARP_DEFAULTS
    from fpbench_plugins.rectified_flow_turbo.method import SHARP, RectifiedFlowTurbo

    return RectifiedFlowTurbo(settings, SHARP, SHARP_DEFAULTS)


def create_tracks(settings: Settings) -> GeneratorMethod:
    from fpbench_plugins.rectified_flow_turbo.tracks import coherent_turbo

    return coherent_turbo(settings)
