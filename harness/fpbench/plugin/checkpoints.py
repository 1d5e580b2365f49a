"""How the weights of a fingerprinter's authors are laid out, and where they are to be had."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorRule:
    """One tensor of the authors' checkpoint and its place in our safetensors file.

    Rules with the same target are stacked along a new first axis, in their order.

    Args:
        source: Its name in the checkpoint, without TensorFlow's ``/.ATTRIBUTES/VARIABLE_VALUE``
            and without :attr:`Checkpoint.optional_prefix`.
        target: Its name in ours.
        shape: In the checkpoint; any other is an error.
        axes: For ``numpy.transpose``, applied first; None leaves the order as it is.
        target_shape: What it is reshaped to, after ``axes``; None leaves the shape as it is.
        aliases: Other names that the authors' software gives the same tensor.
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
        name: Of this set of weights; the first one of a checkpoint is the default.
        url: Where it is.
        digest: ``md5:...`` or ``sha256:...``; None if the publisher gives none, and then the
            hash of the first download is pinned.
        member: Where several checkpoints share an archive: the path that ours ends in.
    """

    name: str
    url: str
    digest: str | None = None
    member: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How the weights of one fingerprinter's authors are laid out, and where they are.

    Args:
        fingerprinter: Name of the entry that takes them.
        format: ``tensorflow``: object-based checkpoint (tensor bundle V2). ``torch``: a pickle,
            read without running any code in it.
        tensors: Every tensor that must be there.
        ignored: Regular expressions; source names that match one of them in full are not ours
            (optimiser slots, counters). Any other name without a rule is an error.
        config: What the network must be built with, stored as JSON beside the tensors.
        licence: Of the official weights.
        published: Where the authors offer them; empty if they do not.
        unpublished_hint: What to do instead, where ``published`` is empty.
        state_key: ``torch``: the entry of the pickled dictionary that holds the tensors.
        optional_prefix: Stripped from the start of source names that have it.
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
