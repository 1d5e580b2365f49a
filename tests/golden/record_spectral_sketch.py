"""Records the sketch's fingerprints of a few segments: ``python record_spectral_sketch.py``."""

from pathlib import Path

import numpy as np

from fpbench import Settings
from fpbench_plugins.spectral_sketch import create

if __name__ == "__main__":
    rng = np.random.default_rng(0)
    sketch = create(Settings())
    noise = rng.uniform(-1, 1, sketch.spec.samples)
    t = np.arange(sketch.spec.samples) / sketch.spec.sample_rate_hz
    chord = sum(np.sin(2 * np.pi * pitch_hz * t) for pitch_hz in (220, 277, 330)) / 4
    segments = np.stack([noise, 0.01 * noise, chord, 0 * chord]).astype(np.float32)
    np.savez_compressed(
        Path(__file__).with_name("spectral_sketch.npz"),
        segments=segments,
        vectors=sketch.embed(segments),
    )
