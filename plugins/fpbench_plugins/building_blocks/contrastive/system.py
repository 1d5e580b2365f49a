"""What contrastive training needs to know about a fingerprinter."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from torch import Tensor, nn

from fpbench import PcmAudio, TrainingAudio
from fpbench_plugins.building_blocks.contrastive.clips import Clips

Embeddings = Float32[Tensor, "batch dim"]

LongClips = Float32[Tensor, "batch longer"]

Degrade = Callable[[LongClips, TrainingAudio, float, np.random.Generator], Clips]
"""Makes positives from clean clips that start ``context_s`` early, and cuts this context off.

The number is the strength of the degradation, from 0 to 1.
"""

FrontEnd = Callable[[Clips, Clips, np.random.Generator], Tensor]
"""Makes the network's input from anchors (first half) and positives (second half), in float32."""

Embed = Callable[[Tensor], tuple[Embeddings, Embeddings]]
"""Fingerprints of both halves, computed in 16 bits if the user asks for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A fingerprinter as training sees it.

    Args:
        name: Of the fingerprinter.
        architecture: The settings of the network that its weights files contain.
        sample_rate_hz: Of all clips.
        segment_samples: Length of an anchor.
        network: With fresh weights, on the device.
        degrade: Takes all its random numbers from the given generator.
        front_end: Masks spectrograms only while the network is in training mode.
        level: The number by which all clips of a track are divided; None means 1.
        silence: Pairs are left out if a clip's peak, before this division, is lower.
    """

    name: str
    architecture: Mapping[str, object]
    sample_rate_hz: int
    segment_samples: int
    network: nn.Module
    degrade: Degrade
    front_end: FrontEnd
    embed: Embed
    level: Callable[[PcmAudio], float] | None = None
    silence: float = 0.0
