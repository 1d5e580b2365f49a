"""The paper's generator: a rectified flow fitted to real fingerprints."""

from collections.abc import Iterable

from fpbench import Entry, GeneratorMethod, Settings, hookimpl


@hookimpl
def fpbench_generators() -> Iterable[Entry[GeneratorMethod]]:
    return [
        Entry(
            name="rectified-flow",
            summary="the paper's flow from noise to fingerprints, 32 Euler steps",
            create=create,
            dtypes=("float32", "bfloat16"),
            details={
                "Paper": "arXiv 2509.18620, Bhattacharjee et al. 2025",
                "Weights": "fitted here, or the authors' Lightning checkpoints",
                "Unlike the paper": "draws are scaled to length 1, unless --set project=false",
            },
        )
    ]


def create(settings: Settings) -> GeneratorMethod:
    # Imported here because it pulls in torch, which `fpbench --help` must not wait for.
    from fpbench_plugins.rectified_flow.method import RectifiedFlow

    return RectifiedFlow(settings)
