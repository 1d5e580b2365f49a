"""Named entries of plugins, and the settings that they are created with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Literal, TypeVar

from fpbench.plugin.datasets import Channel, Dataset

Dtype = Literal["float32", "bfloat16"]
"""Dtype of a network's arithmetic."""

Thing_co = TypeVar("Thing_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The user's settings for one entry, which uses those that it needs.

    Args:
        device: ``cpu`` or ``cuda``.
        dtype: Dtype of the network, ``float32`` or ``bfloat16``; vectors are always float32.
        weights: File of weights, in a format of the plugin's choice; None means the default of the
            plugin.
        argument: Text after the colon in ``folder:DIR`` or ``faiss:FACTORY``.
        options: ``--set KEY=VALUE`` pairs, as text.
        seed: Seed of what is drawn once, such as initial weights.
        cache_dir: Folder for files that can be made again.
        dataset: Dataset of the run, for entries that use its recordings, such as its noise.
        channel: Signal that is taken of recordings with several channels.
    """

    device: str = "cpu"
    dtype: Dtype = "float32"
    weights: Path | None = None
    argument: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    cache_dir: Path | None = None
    dataset: "Dataset | None" = None
    channel: Channel = "mean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Generic[Thing_co]):
    """A named entry of a plugin: cheap to list, loaded by ``create``.

    Args:
        name: Name in kebab case, unique among the entries of its kind.
        summary: Description in one line for ``fpbench plugins``.
        create: Function that loads the object. Only here may a plugin import torch or read files.
        argument: Metavariable of the argument after name and colon, such as ``DIR``; None if the
            entry takes no argument.
        dtypes: Dtypes that the object computes in if ``Settings.dtype`` says so. With another
            dtype, ``create`` gets ``float32``, and results say so.
        details: Labels and values for ``fpbench plugins --details``: paper, source, licence.
        weights_licence: Licence of the weights that a fingerprinter has without ``--weights``.
        training_data: What these weights were trained on; ``none`` for a fingerprinter that is not
            trained. Results record both for their readers; None says nothing.
        fits: Whether a path looks like the argument, for the error after a path without
            ``NAME:``. It may look at the file system.
    """

    name: str
    summary: str
    create: Callable[[Settings], Thing_co]
    argument: str | None = None
    dtypes: Sequence[Dtype] = ("float32",)
    details: Mapping[str, str] = field(default_factory=dict)
    weights_licence: str | None = None
    training_data: str | None = None
    fits: Callable[[Path], bool] | None = None

    @property
    def written(self) -> str:
        """The name as a user writes it, with the metavariable of its argument."""
        return self.name if self.argument is None else f"{self.name}:{self.argument}"
