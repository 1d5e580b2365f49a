"""GraFPrint of Bhattacharjee et al. 2025."""

from collections.abc import Iterable

from fpbench import (
    Checkpoint,
    Entry,
    PublishedFile,
    Settings,
    TensorRule,
    TrackFingerprinter,
    Trainable,
    apply_options,
    hookimpl,
)
from fpbench_plugins.building_blocks import small_weights

NAME = "grafprint"
LICENCE = "MIT"

_ARCHIVE = "https://huggingface.co/chymaera96/grafp_db/resolve/main/checkpoint.zip"
_CHECKPOINTS = ("tc_29_best", "tc_27_370", "tc_30_best", "tc_31_360")


@hookimpl
def fpbench_fingerprinters() -> Iterable[Entry[TrackFingerprinter]]:
    details = {
        "paper": 'Bhattacharjee et al., "GraFPrint: A GNN-Based Approach for Audio '
        'Identification", ICASSP 2025, arXiv 2410.10994',
        "official code": "github.com/chymaera96/GraFP at 94665af (MIT)",
        "official weights": f"{_ARCHIVE} (`fpbench weights fetch {NAME}`)",
        "licence of official weights": f"{LICENCE}, like the code; the archive does not name one",
    }
    return [
        Entry(
            name=NAME,
            summary="graph neural network",
            create=create,
            dtypes=("float32", "bfloat16"),
            details=details,
            weights_licence=small_weights.LICENCE,
            training_data=small_weights.TRAINING_DATA,
        )
    ]


@hookimpl
def fpbench_checkpoints() -> Iterable[Checkpoint]:
    return [
        Checkpoint(
            fingerprinter=NAME,
            format="torch",
            tensors=tensor_rules,
            config={
                "n_mels": 64,
                "n_frames": 32,
                "n_filters": 8,
                "peak_stride": 2,
                "channels": [64, 128, 256, 512],
                "blocks": [2, 2, 6, 2],
                "neighbours": 3,
                "hidden_dim": 1024,
                "head_units": 32,
                "dim": 128,
            },
            licence=LICENCE,
            ignored=(r".*\.relative_pos", r".*\.num_batches_tracked"),
            published=[
                PublishedFile(name=name, url=_ARCHIVE, member=f"GraFP/model_{name}.pth")
                for name in _CHECKPOINTS
            ],
            state_key="state_dict",
            optional_prefix="module.",
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
    from fpbench_plugins.grafprint.checkpoint import tensor_rules
    from fpbench_plugins.grafprint.config import PUBLISHED

    return tensor_rules(PUBLISHED)


def create(settings: Settings) -> TrackFingerprinter:
    # Imported here because it pulls in torch, which `fpbench --help` must not wait for.
    from fpbench_plugins.grafprint.config import PUBLISHED
    from fpbench_plugins.grafprint.fingerprinter import load_grafprint

    return load_grafprint(apply_options(PUBLISHED, settings.options), settings)


def trainable(settings: Settings) -> Trainable:
    from fpbench_plugins.grafprint.training import PUBLISHED_RECIPE, grafprint_trainable

    return grafprint_trainable(apply_options(PUBLISHED_RECIPE, settings.options), settings)
