"""The set of the maintainers, which the task is measured on.

Run as a program, this file prints the hash of the queries: ``python FILE FOLDER_OF_THE_SET``.
"""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import soundfile

import fpbench
from fpbench import FpbenchError, Result, Settings
from fpbench.plugin.catalog import Catalog
from fpbench_plugins.open_music import create_dataset
from fpbench_plugins.open_music.listing import read_list
from fpbench_plugins.open_music.signatures import distance_db, measure_signature

OTHER_PROCESSORS = {
    "SSE": {"ATEN_CPU_CAPABILITY": "default", "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA"},
    "AVX2": {"ATEN_CPU_CAPABILITY": "avx2", "OPENBLAS_CORETYPE": "Haswell"},
}


def measure(folder: Path, distractors: str) -> Result:
    """A run with the data and the queries of the task, but without synthetic distractors."""
    settings = dict(Catalog.load().task("open-music-v1").settings)
    own = {"distractors": distractors, "sizes": [1000] if distractors == "real" else None}
    del settings["beyond"], settings["generator"]
    with TemporaryDirectory() as cache:
        return fpbench.run(
            **settings | own | {"dataset": f"open-music:{folder}"},
            fingerprinter="random",
            cache=cache,
            progress=False,
        )


def test_the_list_has_every_role() -> None:
    files = read_list().values()
    assert len(files) == 865
    assert Counter((file.kind, file.split) for file in files) == {
        ("music", "test"): 46,
        ("music", "generator"): 85,
        ("music", "train"): 129,
        ("noise", "test"): 243,
        ("noise", "train"): 326,
        ("ir", "test"): 14,
        ("ir", "train"): 22,
    }
    assert all(file.licence and file.attribution and len(file.commit) >= 10 for file in files)
    assert len({file.content for file in files}) == 865


def test_music_is_told_apart_by_its_levels() -> None:
    music = [file.levels for file in read_list().values() if file.kind == "music"][::4]
    nearest = min(distance_db(a, b) for i, a in enumerate(music) for b in music[:i])
    assert nearest > 3.5


def test_a_folder_without_the_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="lacks 865 of the 865 files"):
        create_dataset(Settings(argument=str(tmp_path)))


def test_the_set_has_the_listed_levels(shared: Path) -> None:
    for file in list(read_list().values())[::97]:
        samples, _ = soundfile.read(shared / "data" / file.path, dtype="float32")
        assert len(samples) == file.samples
        assert distance_db(measure_signature(samples), file.levels) < 0.5


@pytest.mark.slow
def test_the_set_is_that_of_the_task(shared: Path) -> None:
    result = measure(shared / "data", "real")
    task = Catalog.load().task("open-music-v1")
    assert (result.data.content, result.queries.content) == (task.data, task.queries)
    assert not result.data.skipped
    assert not result.data.near_copies


@pytest.mark.slow
@pytest.mark.parametrize("processor", OTHER_PROCESSORS)
def test_other_processors_ask_the_same(processor: str, shared: Path) -> None:
    environment = os.environ | OTHER_PROCESSORS[processor]
    command = [sys.executable, __file__, shared / "data"]
    shown = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert shown.stdout.strip() == Catalog.load().task("open-music-v1").queries


if __name__ == "__main__":
    print(measure(Path(sys.argv[1]), "none").queries.content)
