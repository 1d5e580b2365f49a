"""What a generator draws, checked once where it comes in."""

import numpy as np
from jaxtyping import Float32

from fpbench.catalog import translating
from fpbench.errors import FpbenchError
from fpbench.interfaces import FingerprintGenerator


def drawn(
    generator: FingerprintGenerator, name: str, rows: int, rng: np.random.Generator
) -> Float32[np.ndarray, "{rows} dim"]:
    """Draw fingerprints, and refuse what no generator may draw.

    May be called from any thread: what the generator prints is not caught.

    Args:
        generator: Any.
        name: What errors call it: its entry or its file.
        rows: How many.
        rng: What they depend on.

    Raises:
        FpbenchError: It failed, or drew another number of rows, another dimension than it says,
            anything but float32, NaN or infinity.
    """
    with translating(f"generator '{name}'", f"drawing {rows} fingerprints"):
        vectors: object = generator.draw(rows, rng)
    if not isinstance(vectors, np.ndarray):
        raise _broken(name, f"draws are a NumPy array, not {type(vectors).__name__}")
    if vectors.dtype != np.float32:
        raise _broken(name, f"draws are float32, not {vectors.dtype}")
    if vectors.shape != (rows, generator.dim):
        raise _broken(name, f"draws have the shape ({rows}, {generator.dim}), not {vectors.shape}")
    if not np.isfinite(vectors).all():
        wrong = int(np.count_nonzero(~np.isfinite(vectors).all(axis=1)))
        raise _broken(name, f"draws are finite, but {wrong} of {rows} rows are not")
    return vectors


def _broken(name: str, rule: str) -> FpbenchError:
    return FpbenchError(
        f"generator '{name}' breaks a rule: {rule}",
        hint="fit it again to finite fingerprints, or mend the plugin's draw",
    )
