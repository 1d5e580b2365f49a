"""What contrastive training must know about one fingerprinter."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from torch import Tensor, nn

from fpbench import PcmAudio, TrainingAudio
from fpbench_plugins.building_blocks.contrastive.clips import Clips

Embeddings = Float32[Tensor, "batch dim"]

Longer = Float32[Tensor, "batch longer"]

Degrade = Callable[[Longer, TrainingAudio, float, np.random.Generator], Clips]
"""Positives from clean clips that start ``context_s`` early, which are without that afterwards.

The number is the strength of the degradation, from 0 to 1.
"""

FrontEnd = Callable[[Clips, Clips, np.random.Generator], Tensor]
"""What the network sees of anchors and, in its second half, of positives; always exact."""

Embed = Callable[[Tensor], tuple[Embeddings, Embeddings]]
"""Fingerprints of both halves, computed in 16 bits where the user asks for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What one fingerprinter is, for training.

    Args:
        name: Of the fingerprinter.
        architecture: What its weights files say about the network.
        sample_rate_hz: Of all clips.
        segment_samples: Length of an anchor.
        network: With fresh weights, on the device.
        degrade: Draws from the generator whatever it needs.
        front_end: Masks spectrograms only while the network is in training mode.
        level: Divides a track's clips; 1 if levels are left as they are.
        silence: Pairs with an end that never exceeds this, before division, are left out.
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
