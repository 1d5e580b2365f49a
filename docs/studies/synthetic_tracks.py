"""How far are runs of synthetic tracks from real ones? The whole study, from nothing.

python docs/studies/synthetic_tracks.py FOLDER [--system nafp] [--flow FILE] [--dataset demo]

With ``demo`` it composes tracks of the demo's library and keeps their fingerprints in FOLDER, or
takes those that a_million_real.py left there: a chunk is 100 tracks and takes a minute of a core.
The first chunks fit the generators of tracks, the others are real distractors. With another
dataset, such as ``open-music:DIR``, one half of its distractors by groups fits them, the other half
are real distractors, as in a run.

It prints the tables of synthetic-tracks.md and writes its numbers to
synthetic-tracks-SYSTEM-DATASET.json beside this file. Counts are kept in FOLDER: the same command
goes on where it was stopped.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from million_inputs import ROWS, TRACKS, finished_chunks, read_chunks, write_chunk
from tabulate import tabulate
from track_gaps import INDEPENDENT, REAL, Tracks, count_sets, measure_gaps

from fpbench import FingerprintGenerator, Settings, TrackGenerator
from fpbench.audio.query_recipe import NAFP
from fpbench.cache import Store
from fpbench.files import make_folder
from fpbench.generators.fitting import fit_method
from fpbench.generators.gap_errors import FEWEST_CLUSTERS
from fpbench.generators.lag_similarities import lag_similarities
from fpbench.plugin.catalog import Catalog
from fpbench.progress_display import hide_progress
from fpbench.runs.config import RunConfig
from fpbench.runs.fit_splits import split_tracks
from fpbench.runs.generator import match_queries
from fpbench.runs.prepare import prepare
from fpbench.search.inputs import Inputs

HERE = Path(__file__).parent
FLOW = (
    HERE.parents[1] / "plugins/fpbench_plugins/rectified_flow_turbo/weights/nafp-demo.safetensors"
)
FLOW_TRACKS = "rectified-flow-tracks"
NAMES = (FLOW_TRACKS, "gaussian-tracks", "resample-runs")
FIT_CHUNKS = 4
TOLERANCE_S = 0.25
SEED = 0
LAGS = (1, 2, 4, 10, 20, 40)  # rows: 0.5 to 20 s
MOST_TRACKS = 1_000  # for similarities


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One system on one dataset.

    Args:
        fit: Tracks that generators of tracks are fitted to.
        real: Tracks that nothing is fitted to.
    """

    folder: Path
    system: str
    dataset: str
    queries: int
    fit: Tracks
    real: Tracks


def main() -> None:
    """Measure one system, and print and write what was measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--system", default="nafp")
    parser.add_argument("--dataset", default="demo")
    parser.add_argument("--flow", type=Path, help="fitted flow; for nafp on the demo its own")
    parser.add_argument("--chunks", type=int, default=60, help="of the demo, those of the fit too")
    parser.add_argument("--queries", type=int, default=1_000)
    parser.add_argument("--lengths", type=int, nargs="+", default=[1, 3, 5], help="seconds")
    options = parser.parse_args()
    flow = FLOW if options.flow is None and options.system == "nafp" else options.flow
    catalog = Catalog.load()
    name = options.dataset.split(":")[0]
    make = demo_tracks if name == "demo" else dataset_tracks
    fit, real = make(options, catalog)
    study = Study(
        folder=make_folder(options.folder / "tracks" / f"{options.system}-{name}"),
        system=options.system,
        dataset=options.dataset,
        queries=options.queries,
        fit=fit,
        real=real,
    )
    document = measure(study, flow, options.lengths, catalog)
    print(summary_table(document))
    out = HERE / f"synthetic-tracks-{study.system}-{name}.json"
    out.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")


def measure(study: Study, flow: Path | None, lengths: Sequence[int], catalog: Catalog) -> dict:
    """All numbers of a study."""
    generators = fit_generators(study.fit, flow, catalog)
    similarities = measure_similarities(study.real, generators)
    print(similarity_table(similarities), flush=True)
    inputs = {length_s: ask(study, length_s, catalog) for length_s in lengths}
    queries = {}
    for one in inputs.values():
        matched = match_queries(one, TOLERANCE_S)
        assert matched is not None
        clusters = enough_clusters(matched.known_clusters(), one.query_tracks)
        queries[one.segments] = replace(matched, clusters=clusters)
    counts = count_sets(study.real, list_sets(study, generators), queries, study.folder)
    rates = {}
    for length_s, one in inputs.items():
        rates[f"{length_s} s"] = measure_gaps(
            counts[one.segments], queries[one.segments], len(one.queries)
        )
        print(gap_tables(f"{length_s} s", rates[f"{length_s} s"]), flush=True)
    return {
        "system": study.system,
        "dataset": study.dataset.split(":")[0],
        "fit_tracks": len(np.unique(study.fit.stretches)),
        "real_tracks": len(np.unique(study.real.stretches)),
        "real_clusters": len(np.unique(study.real.groups)),
        "queries": study.queries,
        "query_clusters": len(np.unique(queries[one.segments].known_clusters())),
        "similarities": similarities,
        "hit_rates": rates,
    }


def demo_tracks(options: argparse.Namespace, catalog: Catalog) -> tuple[Tracks, Tracks]:
    """Tracks of the demo's library: those of the fit, and real distractors."""
    there = finished_chunks(options.folder, range(10 * options.chunks))
    missing = [chunk for chunk in range(options.chunks) if chunk not in there]
    for chunk in missing[: max(0, options.chunks - len(there))]:
        write_chunk(options.folder, chunk, [options.system], catalog)
        there.append(chunk)
    used = sorted(there)[: options.chunks]
    rows = np.concatenate(list(read_chunks(options.folder, used, options.system)))
    return tuple(_equal_tracks(part) for part in np.split(rows, [FIT_CHUNKS * TRACKS]))


def _equal_tracks(rows: np.ndarray) -> Tracks:
    track = np.repeat(np.arange(len(rows)), ROWS)
    return Tracks(rows=rows.reshape(-1, rows.shape[-1]), stretches=track, groups=track)


def dataset_tracks(options: argparse.Namespace, catalog: Catalog) -> tuple[Tracks, Tracks]:
    """Two halves of the distractors of a dataset, divided by group as a run divides them."""
    config = RunConfig(
        fingerprinter=options.system, dataset=options.dataset, distractors="real", seed=SEED
    )
    store = Store.open()
    source = prepare(config, catalog, store, hide_progress).source
    split = split_tracks(config, source.build_inputs(store, hide_progress))
    judging = split.judging
    assert judging.groups is not None
    groups = enough_clusters(judging.groups, judging.tracks)
    return (
        Tracks(rows=split.fit, stretches=split.stretches, groups=split.stretches),
        Tracks(rows=judging.vectors, stretches=split.judging_stretches, groups=groups),
    )


def enough_clusters(groups: np.ndarray, tracks: np.ndarray) -> np.ndarray:
    """Groups, or tracks where groups are too few for an error, which is then too small."""
    return groups if len(np.unique(groups)) >= FEWEST_CLUSTERS else tracks


def fit_generators(
    tracks: Tracks, flow: Path | None, catalog: Catalog
) -> dict[str, FingerprintGenerator]:
    """Fit the generators of tracks to the same tracks; a flow is given, or fitted to them, too."""
    fitted = {}
    for name in NAMES:
        settings = {"flow": str(flow)} if name == FLOW_TRACKS and flow is not None else {}
        with tempfile.TemporaryDirectory() as folder:
            fitted[name] = fit_method(
                catalog.generator(name, Settings(options=settings)),
                name,
                tracks.rows,
                tracks.stretches,
                seed=SEED,
                work_dir=Path(folder),
                report=lambda _done, _words: None,
            )
    return fitted


def measure_similarities(
    real: Tracks, generators: Mapping[str, FingerprintGenerator]
) -> dict[str, list[float | None]]:
    """Mean similarity within a track by lag, of the held-out tracks and of as many drawn ones."""

    def means(rows: np.ndarray, stretches: np.ndarray) -> list[float | None]:
        by_lag = np.nanmean(lag_similarities(rows, stretches, max(LAGS)), axis=0)
        return [float(by_lag[lag - 1]) for lag in LAGS]

    _, first = np.unique(real.stretches, return_index=True)
    stop = first[MOST_TRACKS] if len(first) > MOST_TRACKS else len(real.rows)
    found = {REAL: means(real.rows[:stop], real.stretches[:stop])}
    for name, generator in generators.items():
        assert isinstance(generator, TrackGenerator)
        rng = np.random.default_rng(SEED)
        kinds = rng.integers(len(generator.track_lengths), size=min(len(first), MOST_TRACKS))
        stretches = np.repeat(np.arange(len(kinds)), generator.track_lengths[kinds])
        found[name] = means(generator.draw_tracks(kinds, rng), stretches)
    return found


def ask(study: Study, length_s: int, catalog: Catalog) -> Inputs:
    """Queries of a length and their reference."""
    without = {"distractors": "0", "train": "0"} if study.dataset == "demo" else {}
    config = RunConfig(
        fingerprinter=study.system,
        dataset=study.dataset,
        distractors="none",
        recipe=replace(NAFP, n_queries=study.queries, query_length_s=length_s),
        seed=SEED,
        dataset_options=without,
    )
    store = Store.open()
    return prepare(config, catalog, store, hide_progress).source.build_inputs(store, hide_progress)


def list_sets(
    study: Study, generators: Mapping[str, FingerprintGenerator]
) -> dict[str, Callable[[], Tracks]]:
    """About as many fingerprints of each generator as real ones; of the flow also single ones."""
    sets = {}
    for number, (name, generator) in enumerate(generators.items()):
        assert isinstance(generator, TrackGenerator)
        sets[name] = partial(draw_tracks, generator, len(study.real.rows), number)
        if name == FLOW_TRACKS:
            sets[INDEPENDENT] = partial(draw_single, generator, len(study.real.rows))
    return sets


def draw_tracks(generator: TrackGenerator, rows: int, number: int) -> Tracks:
    """Whole tracks with so many fingerprints, or a few more."""
    rng = np.random.default_rng([SEED, number])
    lengths = generator.track_lengths
    kinds = rng.integers(len(lengths), size=2 * rows // int(lengths.mean()) + 1)
    kinds = kinds[: np.searchsorted(np.cumsum(lengths[kinds]), rows) + 1]
    stretches = np.repeat(np.arange(len(kinds)), lengths[kinds])
    drawn = generator.draw_tracks(kinds, rng)
    return Tracks(rows=drawn, stretches=stretches, groups=stretches)


def draw_single(generator: FingerprintGenerator, rows: int) -> Tracks:
    """Independent fingerprints, in one long track."""
    one = np.zeros(rows, dtype=np.int64)
    drawn = generator.draw(rows, np.random.default_rng([SEED, len(NAMES)]))
    return Tracks(rows=drawn, stretches=one, groups=one)


def similarity_table(similarities: Mapping[str, Sequence[float | None]]) -> str:
    """Similarity by lag, as in synthetic-tracks.md."""
    headers = ["lag", *(f"{lag / 2:g} s" for lag in LAGS)]
    rows = [[name, *(f"{value:.3f}" for value in values)] for name, values in similarities.items()]
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True)


def summary_table(document: Mapping[str, Any]) -> str:
    """Gaps among all runs, for each length and tolerance, as in synthetic-tracks.md."""
    names = (FLOW_TRACKS, INDEPENDENT, "gaussian-tracks", "resample-runs")
    headers = ["queries", "runs", "real, HR@1", "floor", *names, "excess over a third"]
    rows = []
    for length, of_tolerances in document["hit_rates"].items():
        for tolerance, rates in of_tolerances.items():
            last = {
                value: {name: each[-1] for name, each in rates[value].items()}
                for value in ("hit_rate", "gap", "gap_error", "excess", "excess_error")
            }
            where = "in the track" if tolerance == "track" else f"within {tolerance}"
            numbers = [f"{100 * last['hit_rate'][REAL]:.1f}", f"{100 * rates['floor'][-1]:.1f}"]
            gaps = [_cell(last["gap"][name], last["gap_error"][name]) for name in names]
            excess = _cell(last["excess"][FLOW_TRACKS], last["excess_error"][FLOW_TRACKS])
            size = f"{rates['sizes'][-1]:,}"
            rows.append([f"{length}, {where}", size, *numbers, *gaps, excess])
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True)


def gap_tables(length: str, of_tolerances: Mapping[str, dict]) -> str:
    """Gaps in points at each size, with half of a 95 % interval, as in synthetic-tracks.md."""
    tables = []
    for tolerance, rates in of_tolerances.items():
        headers = [f"{length}, {tolerance}", *(f"{size:,}" for size in rates["sizes"])]
        rows = [["real, HR@1", *(f"{100 * value:.1f}" for value in rates["hit_rate"][REAL])]]
        rows.append(["floor", *(f"{100 * value:.1f}" for value in rates["floor"])])
        for label, value in (("{}", "gap"), ("{}, less a third of independent draws", "excess")):
            for name in rates["gap"]:
                if value == "gap" or name == FLOW_TRACKS:
                    cells = zip(rates[value][name], rates[f"{value}_error"][name], strict=True)
                    rows.append([label.format(name), *(_cell(*cell) for cell in cells)])
        tables.append(tabulate(rows, headers, tablefmt="github", disable_numparse=True))
    return "\n\n".join(tables) + "\n"


def _cell(value: float, error: float | None) -> str:
    return f"{100 * value:+.1f} ± {'?' if error is None else f'{196 * error:.1f}'}"


if __name__ == "__main__":
    main()
