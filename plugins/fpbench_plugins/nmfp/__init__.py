"""Neural Music Fingerprinting (NMFP) of Araz et al. 2025."""

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

NAME = "nmfp"
LICENCE = "AGPL-3.0"

_RECORD = "https://zenodo.org/records/15719945"


@hookimpl
def fpbench_fingerprinters() -> Iterable[Entry[Fingerprinter]]:
    details = {
        "paper": 'Araz et al., "Enhancing Neural Audio Fingerprint Robustness to Audio '
        'Degradation for Music Identification", ISMIR 2025, arXiv 2506.22661',
        "official code": "github.com/raraz15/neural-music-fp at d12cba9 (AGPL-3.0)",
        "official weights": f"{_RECORD} (`fpbench weights fetch {NAME}`)",
        "licence of official weights": LICENCE,
    }
    return [
        Entry(
            name=NAME,
            summary="Neural Music Fingerprinting",
            create=create,
            dtypes=("float32", "bfloat16"),
            details=details,
            weights_licence=small_weights.LICENCE,
            training_data=small_weights.TRAINING_DATA,
        )
    ]


@hookimpl
def fpbench_checkpoints() -> Iterable[Checkpoint]:
    published = (
        PublishedFile(
            name="triplet",
            url=f"{_RECORD}/files/nmfp-triplet.zip?download=1",
            digest="md5:ee8a3358fc5e5cdd09d6d2245d395021",
        ),
        PublishedFile(name="multiposcon", url=f"{_RECORD}/files/nmfp-multiposcon.zip?download=1"),
    )
    return [
        Checkpoint(
            fingerprinter=NAME,
            format="tensorflow",
            tensors=tensor_rules,
            config={"n_mels": 256, "width": 128, "dim": 128, "slice_hidden": 32},
            licence=LICENCE,
            ignored=(r".*/\.OPTIMIZER_SLOT/.*", r"optimizer/.*", "save_counter"),
            published=published,
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
    from fpbench_plugins.nmfp.config import PUBLISHED

    return tensor_rules(PUBLISHED.encoder)


def create(settings: Settings) -> Fingerprinter:
    # Imported here because it pulls in torch, which `fpbench --help` must not wait for.
    from fpbench_plugins.nmfp.config import PUBLISHED
    from fpbench_plugins.nmfp.fingerprinter import load_nmfp

    return load_nmfp(apply_options(PUBLISHED, settings.options), settings)


def trainable(settings: Settings) -> Trainable:
    from fpbench_plugins.nmfp.training import PUBLISHED_RECIPE, nmfp_trainable

    return nmfp_trainable(apply_options(PUBLISHED_RECIPE, settings.options), settings)
