"""Draws fingerprints from a fitted flow, and reads and writes its file."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from safetensors.torch import save
from torch import Tensor

from fpbench import FpbenchError, Noise, NoiseGenerator, Vectors
from fpbench.conversion import convert
from fpbench.files import atomic_file
from fpbench.json_documents import parse_json
from fpbench.search.distractors import CHUNK
from fpbench.tensor_files import read_tensors
from fpbench_plugins.building_blocks.compute.cuda_graphs import CudaGraphs
from fpbench_plugins.building_blocks.compute.parallel_parts import ParallelParts
from fpbench_plugins.building_blocks.flow.integration import Solver, integrate, velocity_function
from fpbench_plugins.building_blocks.flow.network import NetworkShape, VelocityNetwork
from fpbench_plugins.building_blocks.flow.normalisation import Normalisation

RECORD = "fpbench"
"""The only metadata key that this plugin writes: safetensors orders several at random.

Its JSON has sorted keys, so that equal fits give equal bytes.
"""

MOST_PART_ENTRIES, MOST_PART_ROWS = 400_000, CHUNK // 8
"""Limits of the part of a chunk that a core takes at a time.

Its activations should fit in the core's cache. In small parts, the network's weights would be read
more often, and each of some hundred operations takes 0.1 to 0.3 milliseconds however few its rows
are: the operation before has taken the cache, so that code and settings come from outside. Eight
equal parts divide among 2, 4 or 8 cores.
"""

TINY = 1e-12
"""Shortest length that a draw is divided by, as in torch's ``normalize``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How noise becomes fingerprints.

    Args:
        solver: See :func:`fpbench_plugins.building_blocks.flow.integration.integrate`.
        steps: Of the solver.
        project: Whether results are scaled to length 1, like real fingerprints. The authors' code
            does not scale them.
    """

    solver: Solver = "euler"
    steps: int = 32
    project: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedFlow:
    """The content of a generator's file.

    Args:
        generator: Name of the generator that made it.
        shape: Of the network.
        weights: By name, in the precision in which they are stored.
        normalisation: Of the fingerprints that the flow was fitted to.
        sampling: How to draw by default.
        record: How the fit was made: settings, training set, steps, fidelity. JSON.
    """

    generator: str
    shape: NetworkShape
    weights: Mapping[str, Tensor]
    normalisation: Normalisation
    sampling: Sampling
    record: Mapping[str, Any]


class FlowGenerator(NoiseGenerator):
    """Implements :class:`fpbench.NoiseGenerator`. Several threads may draw at once."""

    def __init__(self, fitted: FittedFlow, *, device: str, dtype: str) -> None:
        self.fitted = fitted
        self._device = torch.device(device)
        self._velocity = velocity_function(
            build_network(fitted, self._device, getattr(torch, dtype))
        )
        self._threads = ParallelParts()
        self._part_rows = part_rows(fitted.shape)
        on_gpu = self._device.type == "cuda"
        self._graphs = CudaGraphs(self._follow_flow, CHUNK, self.dim) if on_gpu else None

    @property
    def dim(self) -> int:
        return self.fitted.shape.dim

    @property
    def parameters(self) -> Mapping[str, int | float | str]:
        """The settings of draws, for results."""
        return dataclasses.asdict(self.fitted.sampling)

    @property
    def noise_dim(self) -> int:
        return self.dim

    def draw(self, n: int, rng: np.random.Generator, /) -> Vectors:
        if self._graphs is not None:
            return super().draw(n, rng)
        drawn = torch.empty((n, self.dim))
        for chunk in torch.split(drawn, CHUNK):
            # Cores compute the first parts while this thread makes the noise of the others. The
            # numbers are those of the whole chunk, drawn at once.
            noise = (draw_into(torch.empty_like(part), rng) for part in self._parts(chunk))
            self._threads.map_into(self._follow_flow, noise, self._parts(chunk))
        return drawn.numpy()

    def decode(self, noise: Noise, /) -> Vectors:
        vectors = np.empty_like(noise)
        for start in range(0, len(noise), CHUNK):
            rows = slice(start, start + CHUNK)
            self._carry_into(torch.from_numpy(noise[rows]), torch.from_numpy(vectors[rows]))
        return vectors

    def carry(self, noise: Float32[Tensor, "batch dim"]) -> Float32[Tensor, "batch dim"]:
        """Turn noise into fingerprints by following the flow; at most ``CHUNK`` rows."""
        vectors = torch.empty_like(noise)
        self._carry_into(noise, vectors)
        return vectors

    def _carry_into(
        self, noise: Float32[Tensor, "batch dim"], vectors: Float32[Tensor, "batch dim"]
    ) -> None:
        if self._graphs is not None:
            vectors.copy_(self._graphs.run(noise))
            return
        # Copied, because torch aligns its own memory, as in build_network.
        noises = (part.clone() for part in self._parts(noise))
        self._threads.map_into(self._follow_flow, noises, self._parts(vectors))

    def _parts(self, chunk: Float32[Tensor, "batch dim"]) -> Sequence[Tensor]:
        # Few rows are split into smaller parts, so that a trial with few rows uses all cores, too.
        return torch.split(chunk, min(self._part_rows, max(32, len(chunk) // 8)))

    def _follow_flow(self, noise: Float32[Tensor, "batch dim"]) -> Float32[Tensor, "batch dim"]:
        sampling, units = self.fitted.sampling, self.fitted.normalisation
        x = integrate(self._velocity, noise, sampling.steps, sampling.solver)
        x = (x * units.std).add_(units.mean)
        if not sampling.project:
            return x
        return x.div_(torch.linalg.vector_norm(x, dim=1, keepdim=True).clamp_min_(TINY))

    def save(self, path: Path, /) -> None:
        write_flow(self.fitted, path)


def draw_into(
    noise: Float32[Tensor, "rows dim"], rng: np.random.Generator
) -> Float32[Tensor, "rows dim"]:
    """Fill a tensor with the numbers that :func:`fpbench.plugin.generators.draw_noise` draws."""
    rng.standard_normal(dtype=np.float32, out=noise.numpy())
    return noise


def part_rows(shape: NetworkShape) -> int:
    """Rows of a part of a chunk: an eighth, or a multiple of 256, or fewer for wide networks."""
    rows = MOST_PART_ENTRIES // shape.width
    return min(MOST_PART_ROWS, max(32, rows // 256 * 256 or rows))


def build_network(fitted: FittedFlow, device: torch.device, dtype: torch.dtype) -> VelocityNetwork:
    """Build the network with its weights, for inference only."""
    with torch.device("meta"):
        network = VelocityNetwork(fitted.shape)
    # Copied, because torch aligns its own memory. In a mapped file weights can start anywhere, and
    # then a matrix product may sum in another order and differ in the last bit.
    weights = {name: tensor.clone() for name, tensor in fitted.weights.items()}
    network.load_state_dict(weights, assign=True)
    network = network.to(device=device, dtype=dtype).eval().requires_grad_(False)
    return network.freeze(part_rows(fitted.shape))


def write_flow(fitted: FittedFlow, path: Path) -> None:
    """Write one safetensors file, completely or not at all. Equal fits give equal bytes."""
    record = {
        "generator": fitted.generator,
        "shape": dataclasses.asdict(fitted.shape),
        "normalisation": dataclasses.asdict(fitted.normalisation),
        "sampling": dataclasses.asdict(fitted.sampling),
        "record": dict(fitted.record),
    }
    weights = {name: tensor.contiguous() for name, tensor in fitted.weights.items()}
    payload = save(weights, metadata={RECORD: json.dumps(record, sort_keys=True)})
    with atomic_file(path) as file:
        file.write(payload)


def read_flow(path: Path, generator: str) -> FittedFlow:
    """Read what :func:`write_flow` wrote.

    Args:
        path: A safetensors file.
        generator: Name of the generator that must have made it.

    Raises:
        FpbenchError: It is no such file, or another generator made it.
    """
    advice = "make one with `fpbench fit`"
    file = read_tensors(path, advice=advice)
    try:
        record: Any = parse_json(file.metadata.get(RECORD, "{}"))
    except ValueError as err:
        raise FpbenchError(f"cannot read generator '{path}': {err}", hint=advice) from err
    weights = {
        name: torch.from_numpy(array).to(torch.float32) for name, array in file.tensors.items()
    }
    found = record.get("generator", "unknown") if isinstance(record, dict) else "unknown"
    if found != generator:
        raise FpbenchError(
            f"'{path}' holds generator '{found}', not '{generator}'",
            hint="choose the generator that made this file",
        )

    def field(name: str, kind: Any) -> Any:
        advice = "make the file again with `fpbench fit`"
        return convert(record.get(name), kind, str(path), where=name, advice=advice)

    shape: NetworkShape = field("shape", NetworkShape)
    if not 0 <= shape.depth <= len(weights):
        raise FpbenchError(
            f"'{path}' holds {len(weights)} weights, but shape.depth is {shape.depth}",
            hint="make the file again with `fpbench fit`",
        )
    return FittedFlow(
        generator=generator,
        shape=shape,
        weights=weights,
        normalisation=field("normalisation", Normalisation),
        sampling=field("sampling", Sampling),
        record=field("record", dict[str, Any]),
    )
