"""Layout and download addresses of the weights that a fingerprinter's authors publish."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorRule:
    """Conversion of one tensor of the authors' checkpoint to our safetensors file.

    Tensors with the same target are stacked along a new first axis, in the order of the rules.

    Args:
        source: Name in the checkpoint, without TensorFlow's ``/.ATTRIBUTES/VARIABLE_VALUE``
            and without :attr:`Checkpoint.optional_prefix`.
        target: Name in the safetensors file.
        shape: Shape in the checkpoint; any other is an error.
        axes: Axes for ``numpy.transpose``, applied first; None keeps the order.
        target_shape: Shape after a reshape, applied after ``axes``; None keeps the shape.
        aliases: Other names of the same tensor in the authors' software.
    """

    source: str
    target: str
    shape: tuple[int, ...]
    axes: tuple[int, ...] | None = None
    target_shape: tuple[int, ...] | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile:
    """A file of weights that the authors offer for download.

    Args:
        name: Name of this set of weights. The first set of a checkpoint is the default.
        url: Address of the file.
        digest: ``md5:...`` or ``sha256:...``; None if the publisher gives none. The hash of the
            first download is then kept, and later downloads must match it.
        member: End of the checkpoint's path in an archive that holds several checkpoints.
    """

    name: str
    url: str
    digest: str | None = None
    member: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Layout and download addresses of the weights of one fingerprinter's authors.

    Args:
        fingerprinter: Name of the entry that takes the weights.
        format: ``tensorflow``: object-based checkpoint (tensor bundle V2). ``torch``: pickle, read
            without running any code in it.
        tensors: Function that returns the rules of all tensors; every one must be in the file.
        ignored: Regular expressions of source names to ignore, such as optimiser slots and
            counters. A name must match in full. Any other name without a rule is an error.
        config: Config of the network, stored as JSON beside the tensors.
        licence: Licence of the official weights.
        published: Files that the authors offer; empty if they offer none.
        unpublished_hint: Instruction for the user if ``published`` is empty.
        state_key: ``torch`` only: key of the tensors in the pickled dictionary.
        optional_prefix: Prefix to remove from source names that have it.
    """

    fingerprinter: str
    format: Literal["tensorflow", "torch"]
    tensors: Callable[[], Sequence[TensorRule]]
    config: Mapping[str, object]
    licence: str
    ignored: Sequence[str] = ()
    published: Sequence[PublishedFile] = ()
    unpublished_hint: str | None = None
    state_key: str | None = None
    optional_prefix: str = ""
