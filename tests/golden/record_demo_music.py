"""Records ``demo_music.npz``: how loud each half second of the first demo tracks is."""

from pathlib import Path

import numpy as np

from fpbench_plugins.demo_music.library import make_sound

tracks = [make_sound("reference", i, 0) for i in range(3)]
levels = np.array([np.sqrt(np.mean(t.reshape(60, -1) ** 2, axis=1)) for t in tracks])
np.savez(Path(__file__).with_name("demo_music.npz"), levels=levels)
