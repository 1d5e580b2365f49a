"""Does the method hold at a million real distractors? The whole study, from nothing.

python docs/studies/a_million_real.py compose FOLDER [--first 0] [--stop 187]
python docs/studies/a_million_real.py measure FOLDER [--only 'nafp-turbo-*']
python docs/studies/a_million_real.py simulate FOLDER [--only 'nafp-turbo-*']
python docs/studies/a_million_real.py report FOLDER

``compose`` makes the tracks and keeps their fingerprints: three hours of a core, which several
processes can share. ``measure`` fits generators and searches with whatever tracks are there.
``simulate`` also simulates the largest searched size, which takes several times as long.
``report`` writes the numbers, the figure and the tables of a-million-real.md beside this file. All
steps continue where they were stopped. Settings are in a-million-real.toml.
"""

import argparse
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from million_inputs import (
    ROWS,
    TRACKS,
    LearntRows,
    chunk_path,
    finished_chunks,
    write_chunk,
    write_dataset,
    write_learnt_rows,
)
from million_report import simulated_path, write_report

import fpbench
from fpbench.files import make_folder
from fpbench.plugin.catalog import Catalog

HERE = Path(__file__).parent
STEP = 10  # from the largest search that a simulation starts from to its size, at least
SMALLEST = 1_000  # which divides its evidence into many blocks


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """A generator of the study.

    Args:
        name: As ``fpbench plugins`` has it.
        options: For its fit.
        dtype: Of its fit.
        systems: Those that it is for; all if there are none.
        weights: A fitted one, from the root of the repository; None fits one to each set of rows.
        largest: Largest size, if drawing is slow.
        simulate: Whether to simulate the largest size, too.
    """

    name: str
    options: Mapping[str, str] = field(default_factory=dict)
    dtype: str = "float32"
    systems: tuple[str, ...] = ()
    weights: str | None = None
    largest: int = 1_000_000
    simulate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """The settings, see a-million-real.toml, and the folder of everything that is made.

    Args:
        real_chunks: Chunks of real distractors to use, of those that were there at the start.
    """

    folder: Path
    real_chunks: Sequence[int]
    systems: tuple[str, ...]
    sizes: tuple[int, ...]
    queries: int
    seed: int
    chunks: int
    learnt_chunks: int
    rows: Mapping[str, LearntRows]
    generators: Mapping[str, Generator]

    @classmethod
    def read(cls, folder: Path, most_chunks: int | None = None) -> "Study":
        """Read the settings, and see which chunks are there.

        Args:
            most_chunks: Chunks of real distractors to use; None means all that are there.
        """
        table = tomllib.loads((HERE / "a-million-real.toml").read_text(encoding="utf-8"))
        return cls(
            folder=folder,
            real_chunks=finished_chunks(folder, range(table["chunks"]))[:most_chunks],
            **table
            | {
                "rows": {name: LearntRows(**one) for name, one in table["rows"].items()},
                "generators": {name: Generator(**one) for name, one in table["generators"].items()},
            },
        )

    @property
    def state(self) -> str:
        """How far the study is; sets and results of another state are kept apart."""
        return f"{len(self.real_chunks)}-chunks-{self.queries}-queries"

    def measured_sizes(self, largest: int) -> list[int]:
        """Sizes up to all real distractors that are there, and all of them if they are fewer."""
        available = len(self.real_chunks) * TRACKS * ROWS
        below = [size for size in self.sizes if size <= min(available, largest)]
        return below if self.sizes[-1] <= available else sorted({*below, min(available, largest)})

    def learnt(self) -> list[int]:
        """Chunks to learn from that are there."""
        return finished_chunks(self.folder, range(self.chunks, self.chunks + self.learnt_chunks))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A system, a generator, and the rows that it is fitted to."""

    study: Study
    system: str
    generator: str
    rows: str

    @property
    def name(self) -> str:
        return f"{self.system}-{self.generator}-{self.rows}"

    @property
    def weights(self) -> Path:
        """The fitted generator."""
        shipped = self.study.generators[self.generator].weights
        if shipped is not None:
            return HERE.parents[1] / shipped
        return make_folder(self.study.folder / "fits") / f"{self.name}.safetensors"

    @property
    def dataset(self) -> Path:
        """Queries, reference and real distractors."""
        return self.study.folder / "sets" / f"{self.system}-{self.study.state}"

    @property
    def result(self) -> Path:
        """The result of the search."""
        return self.study.folder / "runs" / self.study.state / f"{self.name}.json"

    def sizes(self) -> list[int]:
        """Numbers of distractors."""
        return self.study.measured_sizes(self.study.generators[self.generator].largest)

    def search(self) -> Mapping[str, Any]:
        """Arguments of :func:`fpbench.run`."""
        return {
            "dataset": f"embeddings:{self.dataset}",
            "name": self.system,
            "generator": self.study.generators[self.generator].name,
            "generator_weights": self.weights,
            "queries": self.study.queries,
            "seed": self.study.seed,
        }


def list_measurements(study: Study) -> Iterator[Measurement]:
    """All combinations, the shipped generator once."""
    for system in study.systems:
        for name, generator in study.generators.items():
            if generator.systems and system not in generator.systems:
                continue
            for rows in ("shipped",) if generator.weights else study.rows:
                yield Measurement(study=study, system=system, generator=name, rows=rows)


def fit(one: Measurement) -> bool:
    """Fit the generator unless it is there. False if tracks to learn from are missing."""
    if one.weights.exists():
        return True
    study, learnt = one.study, one.study.rows[one.rows]
    if len(study.learnt()) * TRACKS < learnt.tracks:
        print(f"{one.name}: tracks to learn from are missing")
        return False
    fingerprints = one.weights.with_name(f"{one.system}-{one.rows}.npz")
    if not fingerprints.exists():
        write_learnt_rows(fingerprints, study.folder, study.learnt(), one.system, learnt)
    generator = study.generators[one.generator]
    command = [sys.executable, "-m", "fpbench", "fit", "--generator", generator.name]
    command += ["--fingerprints", str(fingerprints), "--out", str(one.weights)]
    command += ["--dtype", generator.dtype]
    for key, value in generator.options.items():
        command += ["--set", f"{key}={value}"]
    subprocess.run(command, check=True)
    return True


def measure(one: Measurement) -> None:
    """Search real distractors and draws."""
    if not one.result.exists():
        if not one.dataset.exists():
            write_dataset(
                one.dataset,
                one.study.folder,
                one.study.real_chunks,
                one.system,
                queries=one.study.queries,
                seed=one.study.seed,
            )
        fpbench.run(**one.search(), sizes=one.sizes(), out=one.result)


def simulate(one: Measurement) -> None:
    """Simulate the largest size from fewer draws, for a comparison with their search."""
    out = simulated_path(one.result)
    largest = one.sizes()[-1]
    if one.study.generators[one.generator].simulate and not out.exists():
        sizes = [SMALLEST, *(size for size in one.sizes() if size <= largest / STEP)]
        fpbench.run(**one.search(), distractors="synthetic", sizes=sizes, beyond=[largest], out=out)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("step", choices=("compose", "measure", "simulate", "report"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--first", type=int, default=0, help="chunk to compose first")
    parser.add_argument("--stop", type=int, help="chunk to stop before")
    parser.add_argument("--only", default="*", help="names of the measurements to make")
    parser.add_argument("--chunks", type=int, help="use at most so many of real distractors")
    arguments = parser.parse_args()
    study = Study.read(arguments.folder, arguments.chunks)
    if arguments.step == "compose":
        catalog = Catalog.load()
        stop = arguments.stop or study.chunks + study.learnt_chunks
        for chunk in range(arguments.first, stop):
            if not chunk_path(study.folder, chunk).exists():
                write_chunk(study.folder, chunk, study.systems, catalog)
                print(f"chunk {chunk}", flush=True)
    elif arguments.step == "report":
        write_report(study.folder, HERE)
    else:
        for one in list_measurements(study):
            if fnmatch(one.name, arguments.only) and fit(one):
                measure(one)
                if arguments.step == "simulate":
                    simulate(one)


if __name__ == "__main__":
    main()
