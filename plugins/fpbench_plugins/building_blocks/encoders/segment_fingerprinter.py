"""Joins a front end and a network into a fingerprinter."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from fpbench import FingerprintSpec, Segments, Vectors
from fpbench_plugins.building_blocks.compute.parallel_rows import ParallelRows


class SegmentFingerprinter:
    """Implements :class:`fpbench.Fingerprinter`.

    Args:
        front_end: Turns segments into patches, row by row unless the spec has batches.
        network: Turns patches into vectors, row by row.
        device: On which both run.
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
        self._parallel = ParallelRows(device)

    def embed(self, segments: Segments, /) -> Vectors:
        x = torch.tensor(segments, device=self._device)
        if len(x) == 0:
            return x.new_empty(0, self.spec.dim).cpu().numpy()
        if self.spec.batch_segments is None:
            vectors = self._parallel.map(self._embed, x)
        else:
            patches = self._parallel.map(self._front_end, x, rows=len(x))
            vectors = self._parallel.map(self._network, patches)
        return vectors.cpu().numpy()

    def _embed(self, segments: Tensor) -> Tensor:
        vectors: Tensor = self._network(self._front_end(segments))
        return vectors
