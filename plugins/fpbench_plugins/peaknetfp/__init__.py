"""PeakNetFP of Cortès-Sebastià et al. 2025."""

from collections.abc import Iterable

from fpbench import (
    Checkpoint,
    Entry,
    Fingerprinter,
    PublishedFile,
    Settings,
    TensorRule,
    Trainable,
    apply_options,
    hookimpl,
)
from fpbench_plugins.building_blocks import small_weights

NAME = "peaknetfp"
LICENCE = "CC BY-NC-SA 4.0"

_RECORD = "https://zenodo.org/records/15782389"


@hookimpl
def fpbench_fingerprinters() -> Iterable[Entry[Fingerprinter]]:
    details = {
        "paper": 'Cortès-Sebastià et al., "PeakNetFP: Peak-based Neural Audio Fingerprinting '
        'Robust to Extreme Time Stretching", ISMIR 2025, arXiv 2506.21086',
        "official code": "github.com/guillemcortes/peaknetfp at d55071a (CC BY-NC-SA 4.0)",
        "official weights": f"{_RECORD} (`fpbench weights fetch {NAME}`)",
        "licence of official weights": LICENCE,
    }
    return [
        Entry(
            name=NAME,
            summary="PointNet++ on peaks",
            create=create,
            dtypes=("float32", "bfloat16"),
            details=details,
            weights_licence=small_weights.LICENCE,
            training_data=small_weights.TRAINING_DATA,
        )
    ]


@hookimpl
def fpbench_checkpoints() -> Iterable[Checkpoint]:
    published = PublishedFile(
        name="ckpt-100",
        url=f"{_RECORD}/files/peaknetfp_checkpoints.tar.gz?download=1",
        digest="md5:df23e1556a206fd72bfa99d0724d241f",
        member="peaknetfp/ckpt-100",
    )
    return [
        Checkpoint(
            fingerprinter=NAME,
            format="tensorflow",
            tensors=tensor_rules,
            config={
                "n_peaks": 256,
                "centroids_1": 200,
                "radii_1": [0.1, 0.2, 0.3],
                "group_sizes_1": [4, 8, 16],
                "widths_1": [16, 16, 32, 32, 32, 64, 32, 48, 64],
                "centroids_2": 100,
                "radii_2": [0.2, 0.3, 0.4],
                "group_sizes_2": [4, 8, 16],
                "widths_2": [32, 32, 64, 64, 64, 128, 64, 64, 128],
                "widths_3": [128, 256],
                "dim": 128,
            },
            licence=LICENCE,
            ignored=(r".*/\.OPTIMIZER_SLOT/.*", r"optimizer/.*", "save_counter"),
            published=[published],
        )
    ]


@hookimpl
def fpbench_trainables() -> Iterable[Entry[Trainable]]:
    return [
        Entry(
            name=NAME,
            summary="with its published recipe, or a small one",
            create=trainable,
            dtypes=("float32", "bfloat16"),
        )
    ]


def tensor_rules() -> list[TensorRule]:
    """Rules for the tensors of the official network."""
    from fpbench_plugins.peaknetfp.checkpoint import tensor_rules
    from fpbench_plugins.peaknetfp.config import PUBLISHED

    return tensor_rules(PUBLISHED)


def create(settings: Settings) -> Fingerprinter:
    # Imported here because it pulls in torch, which `fpbench --help` must not wait for.
    from fpbench_plugins.peaknetfp.config import PUBLISHED
    from fpbench_plugins.peaknetfp.fingerprinter import load_peaknetfp

    return load_peaknetfp(apply_options(PUBLISHED, settings.options), settings)


def trainable(settings: Settings) -> Trainable:
    from fpbench_plugins.peaknetfp.training import PUBLISHED_RECIPE, peaknetfp_trainable

    return peaknetfp_trainable(apply_options(PUBLISHED_RECIPE, settings.options), settings)
