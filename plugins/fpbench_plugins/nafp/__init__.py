"""Neural Audio Fingerprint (NAFP) of Chang et al. 2021."""

from collections.abc import Iterable

from fpbench import (
    Checkpoint,
    Entry,
    Fingerprinter,
    Settings,
    TensorRule,
    Trainable,
    apply_options,
    hookimpl,
)
from fpbench_plugins.building_blocks import small_weights

NAME = "nafp"
LICENCE = "MIT"


@hookimpl
def fpbench_fingerprinters() -> Iterable[Entry[Fingerprinter]]:
    details = {
        "paper": 'Chang et al., "Neural Audio Fingerprint for High-specific Audio Retrieval '
        'based on Contrastive Learning", ICASSP 2021, arXiv 2010.11910',
        "official code": "github.com/mimbres/neural-audio-fp at b724e51 (MIT)",
        "official weights": "not published; train them with the official code",
        "licence of official weights": LICENCE,
    }
    return [
        Entry(
            name=NAME,
            summary="Neural Audio Fingerprint",
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
            format="tensorflow",
            tensors=tensor_rules,
            config={"n_mels": 256, "width": 128, "dim": 128, "slice_hidden": 32},
            licence=LICENCE,
            ignored=(r".*/\.OPTIMIZER_SLOT/.*", r"optimizer/.*", "save_counter"),
            unpublished_hint="ask for weights in the authors' repository, or train with their "
            "code; then import the checkpoint with `fpbench weights import`",
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
    from fpbench_plugins.building_blocks.encoders.separable_layout import tensor_rules
    from fpbench_plugins.nafp.config import PUBLISHED

    return tensor_rules(PUBLISHED.encoder)


def create(settings: Settings) -> Fingerprinter:
    # Imported here because it pulls in torch, which `fpbench --help` must not wait for.
    from fpbench_plugins.nafp.config import PUBLISHED
    from fpbench_plugins.nafp.fingerprinter import load_nafp

    return load_nafp(apply_options(PUBLISHED, settings.options), settings)


def trainable(settings: Settings) -> Trainable:
    from fpbench_plugins.nafp.training import PUBLISHED_RECIPE, nafp_trainable

    return nafp_trainable(apply_options(PUBLISHED_RECIPE, settings.options), settings)
