"""A front end and a network, as the harness calls them."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from fpbench import FingerprintSpec, Segments, Vectors

PART_SEGMENTS = 128
"""Segments that go through the network at once; bounds memory, whatever the batch."""


class SegmentFingerprinter:
    """Implements :class:`fpbench.Fingerprinter`.

    Args:
        front_end: Sees the whole batch, because some normalise over it.
        network: Patches to vectors, each row on its own.
        device: Where both compute.
    """

    def __init__(
        self,
        spec: FingerprintSpec,
        front_end: Callable[[Tensor], Tensor],
        network: nn.Module,
        device: str,
    ) -> None:
        self.spec = spec
        self._front_end = front_end
        self._network = network.to(device).eval()
        self._device = device

    @torch.inference_mode()
    def embed(self, segments: Segments, /) -> Vectors:
        if len(segments) == 0:
            return torch.empty(0, self.spec.dim).numpy()
        patches = self._front_end(torch.tensor(segments, device=self._device))
        parts = [self._network(part) for part in patches.split(PART_SEGMENTS)]
        return torch.cat(parts).cpu().numpy()
