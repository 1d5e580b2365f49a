"""The same numbers on every processor: libraries are told to use older instructions.

Run as a program, this file measures once and writes what came out: ``python FILE OUT.npz``.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import soundfile
import soxr

import fpbench
from fpbench import Settings, TrackFingerprinter, Vectors
from fpbench.fingerprints.embedding import segments_of
from fpbench.plugin.catalog import Catalog

SYSTEMS = ("nafp", "nmfp", "grafprint", "peaknetfp", "spectral-sketch")
LIBRARY = {"reference": "2", "distractors": "4", "train": "0", "noises": "2", "rooms": "2"}

# NumPy refuses to disable what it was not built to choose at run time.
_CHOSEN = np._core._multiarray_umath.__cpu_dispatch__  # type: ignore[attr-defined]
_PRESENT = np._core._multiarray_umath.__cpu_features__  # type: ignore[attr-defined]
OLDER_NUMPY = " ".join(name for name in _CHOSEN if _PRESENT[name])
PROCESSORS = {
    "as plain as can be": {
        "NPY_DISABLE_CPU_FEATURES": OLDER_NUMPY,
        "ATEN_CPU_CAPABILITY": "default",
        "MKL_CBWR": "COMPATIBLE",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "OPENBLAS_CORETYPE": "Nehalem",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F",
    },
    "AVX2": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_CBWR": "AVX2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
    },
}


def measure(out: Path) -> None:
    """Make music, fingerprint two tracks with every system, and run a small benchmark."""
    with TemporaryDirectory() as cache:
        result = fpbench.run(
            fingerprinter="nafp",
            dataset="demo",
            dataset_options=LIBRARY,
            distractors="real",
            sizes=[50, 150],
            queries=30,
            cache=cache,
            progress=False,
        )
        files = sorted(Path(cache).glob("demo-*/*/*.flac"))
        heard = [soundfile.read(file, dtype="int16")[0] for file in files]
        encoded = [file.read_bytes() for file in files]
    catalog = Catalog.load()
    tracks = [heard[i] / np.float32(32_768) for i in (-1, -2)]
    np.savez(
        out,
        music=hashlib.sha256(b"".join(samples.tobytes() for samples in heard)).hexdigest(),
        files=hashlib.sha256(b"".join(encoded)).hexdigest(),
        records=json.dumps(result.records()),
        **{f"{s} {i}": embed(catalog, s, track) for s in SYSTEMS for i, track in enumerate(tracks)},
    )


def embed(catalog: Catalog, system: str, track: np.ndarray) -> Vectors:
    fingerprinter = catalog.fingerprinter(system, Settings())
    spec = fingerprinter.spec
    samples = soxr.resample(track[: 10 * 16_000], 16_000, spec.sample_rate_hz)
    if isinstance(fingerprinter, TrackFingerprinter):
        return fingerprinter.fingerprint(samples).vectors
    return fingerprinter.embed(segments_of(samples, spec))


def measured(folder: Path, variables: dict[str, str]) -> dict[str, np.ndarray]:
    out = folder / "out.npz"
    subprocess.run(
        [sys.executable, __file__, out], env={**os.environ, **variables}, check=True, timeout=600
    )
    return dict(np.load(out))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    return measured(tmp_path_factory.mktemp("here"), {})


@pytest.mark.slow
@pytest.mark.xdist_group("processors")
@pytest.mark.parametrize("processor", PROCESSORS)
def test_an_older_processor_gives_the_same(
    processor: str, here: dict[str, np.ndarray], tmp_path: Path
) -> None:
    there = measured(tmp_path, PROCESSORS[processor])
    assert there["music"] == here["music"]
    assert there["files"] == here["files"]
    assert json.loads(str(there["records"])) == json.loads(str(here["records"]))
    for system in SYSTEMS:
        rows = [np.concatenate([run[f"{system} 0"], run[f"{system} 1"]]) for run in (here, there)]
        change = np.max(np.abs(rows[0] - rows[1]), axis=1)
        if system == "grafprint":
            # Its graph joins each point to its nearest ones, and a tie goes either way.
            assert np.mean(change > 1e-5) < 0.1
            assert np.max(change) < 1e-2
        else:
            assert np.max(change) < 1e-5


if __name__ == "__main__":
    measure(Path(sys.argv[1]))
