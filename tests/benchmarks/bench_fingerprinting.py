"""How fast audio becomes fingerprints, and what bounds it. Run as a script, or with pytest.

Real ogg files from ../shared; the figures are seconds of audio per second.
"""

import csv
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fpbench import Settings, Track
from fpbench.audio.reading import read_ahead
from fpbench.audio.survey import survey_recordings
from fpbench.cache import Store
from fpbench.fingerprints.track_sets import build_fingerprint_set
from fpbench.plugin.catalog import Catalog

DATA = Path(__file__).parents[3] / "shared" / "data"


def music(kind: str = "music", split: str = "test") -> tuple[list[Track], float]:
    """Tracks of the manifest and their duration in seconds."""
    with (DATA / "manifest.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if (row["kind"], row["split"]) == (kind, split)]
    tracks = [Track(name=row["path"], path=DATA / row["path"]) for row in rows]
    return tracks, sum(float(row["duration_s"]) for row in rows)


def read(tracks: list[Track], workers: int | None = None) -> None:
    for _ in read_ahead(tracks, 8_000, workers=workers):
        pass


def fingerprint(tracks: list[Track], name: str) -> None:
    plugin = Catalog.load().fingerprinter(name, Settings())
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder))
        surveys = survey_recordings(store, tracks, lambda *_: None)
        build_fingerprint_set(
            store, plugin, name, {}, tracks, surveys=surveys, report=lambda *_: None
        )


TASKS: dict[str, Callable[[list[Track]], None]] = {
    "read, one thread": lambda tracks: read(tracks, workers=1),
    "read, a thread per core": read,
    "read and fingerprint, spectral-sketch": lambda tracks: fingerprint(tracks, "spectral-sketch"),
    "read and fingerprint, random": lambda tracks: fingerprint(tracks, "random"),
}


@pytest.mark.parametrize("task", TASKS)
def test_speed(benchmark: Callable[..., object], task: str) -> None:
    if not DATA.is_dir():
        pytest.skip("no ../shared beside this checkout")
    tracks, _ = music()
    benchmark(TASKS[task], tracks)


if __name__ == "__main__":
    tracks, duration_s = music()
    print(f"{len(tracks)} ogg files, {duration_s / 3600:.2f} h")
    for label, task in TASKS.items():
        task(tracks[:4])
        rates = []
        for _ in range(3):
            start = time.perf_counter()
            task(tracks)
            rates.append(duration_s / (time.perf_counter() - start))
        print(f"{label:40} " + "  ".join(f"{rate:6.0f} x" for rate in rates))
