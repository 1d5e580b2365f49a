"""A named offer of a plugin, and the settings that it is created with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Literal, TypeVar

from fpbench.plugin.datasets import Dataset

Dtype = Literal["float32", "bfloat16"]
"""Of a network's arithmetic."""


Thing_co = TypeVar("Thing_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the user asked of one plugin part; each part takes what concerns it.

    Args:
        device: ``cpu`` or ``cuda``.
        dtype: The network's arithmetic, ``float32`` or ``bfloat16``; vectors are float32 always.
        weights: A safetensors file; None means the plugin's own default.
        argument: What followed the colon in ``folder:DIR`` or ``faiss:FACTORY``.
        options: ``--set KEY=VALUE`` pairs, as typed.
        seed: For what is drawn once, such as fresh weights.
        cache_dir: Where a part may keep files that it can make again.
        dataset: The one at hand, for parts that borrow recordings from it, such as its noise.
    """

    device: str = "cpu"
    dtype: Dtype = "float32"
    weights: Path | None = None
    argument: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    cache_dir: Path | None = None
    dataset: "Dataset | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Generic[Thing_co]):
    """A named offer: cheap to list, loaded by ``create``.

    Args:
        name: Kebab case, unique among the entries of its kind.
        summary: One line for ``fpbench plugins``.
        create: Does the loading; the only place where torch or files may be touched.
        argument: Metavariable of what must follow the name and a colon, such as ``DIR``.
        details: Label and value pairs for ``fpbench plugins --details``: paper, source, licence.
    """

    name: str
    summary: str
    create: Callable[[Settings], Thing_co]
    argument: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)
