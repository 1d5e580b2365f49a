"""Projects the log spectrum of a segment with a fixed matrix of random signs."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float32
from torch import Tensor
from torch.nn.functional import normalize

from fpbench import FingerprintSpec, Segments, Vectors

SILENCE = 1e-10  # bin power, of an unscaled FFT, far below 16-bit rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class SketchConfig:
    """All settings of a fingerprint. Equal configs give equal fingerprints."""

    spec: FingerprintSpec
    signs_seed: int


DEFAULTS = SketchConfig(
    spec=FingerprintSpec(sample_rate_hz=8_000, segment_s=1.0, dim=128), signs_seed=0
)


class SpectralSketch:
    """Implements :class:`fpbench.Fingerprinter`."""

    def __init__(self, config: SketchConfig, device: str) -> None:
        self.spec = config.spec
        # Drawn on the CPU so that every device gets the same signs.
        rng = torch.Generator().manual_seed(config.signs_seed)
        self._signs = random_signs(self.spec.samples // 2 + 1, self.spec.dim, rng).to(device)

    @torch.inference_mode()
    def embed(self, segments: Segments, /) -> Vectors:
        x = torch.from_numpy(segments).to(self._signs.device)
        with one_thread():
            return normalize(levelled_log_power(x) @ self._signs).cpu().numpy()


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one core.

    Ten short operations are too little work to divide. While all cores decoded audio, threads that
    waited for each other made this 15 times slower. And with one thread, bytes do not depend on
    the number of cores.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def levelled_log_power(x: Float32[Tensor, "batch samples"]) -> Float32[Tensor, "batch bins"]:
    """Natural log of the power spectrum, each row shifted to mean 0.

    A gain ``g`` adds ``2 log g`` to all bins of a row, so the shift removes it.
    """
    # In float64: in empty bins beside a loud tone, the rounding of a float32 FFT is about 1e-8.
    # This is far above SILENCE, and differs between processors. That of a float64 FFT, 1e-24, is
    # far below SILENCE.
    spectrum = torch.fft.rfft(x.double())
    power = spectrum.real.square() + spectrum.imag.square()
    # log1p, not log(power + SILENCE): a silent row must come out as exact zeros, because
    # rounding noise around a large constant would be normalised into a random unit vector.
    log_power = torch.log1p(power / SILENCE)
    return (log_power - log_power.mean(dim=1, keepdim=True)).float()


def random_signs(rows: int, cols: int, rng: torch.Generator) -> Float32[Tensor, "{rows} {cols}"]:
    """A random matrix of +-1 / sqrt(cols), which keeps squared lengths on average.

    Source: Achlioptas 2003, "Database-friendly random projections".
    """
    coins = torch.randint(0, 2, (rows, cols), generator=rng, dtype=torch.float32)
    return (2 * coins - 1) / math.sqrt(cols)
