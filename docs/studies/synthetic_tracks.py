"""How far are runs of synthetic tracks from real ones? The whole study, from nothing.

python docs/studies/synthetic_tracks.py FOLDER [--system nafp] [--flow FILE] [--chunks 19]
    [--lengths 1 3 5 10] [--queries 500]

It composes tracks of the demo's library and keeps their fingerprints in FOLDER, or takes those that
a_million_real.py left there: a chunk is 100 tracks and takes a minute of a core. The first four
chunks fit the generators, the others are real distractors. It then prints the tables of
synthetic-tracks.md and writes its numbers to synthetic-tracks-SYSTEM.json beside this file.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from million_inputs import ROWS, TRACKS, chunk_path, read_chunks, write_chunk
from tabulate import tabulate

from fpbench import FingerprintGenerator, Settings, TrackGenerator, Vectors
from fpbench.audio.query_recipe import NAFP
from fpbench.cache import Store
from fpbench.generators.expected_hit_rates import RealDistractors, expected_hit_rates
from fpbench.generators.fidelity_report import JudgingSet, judge_splits
from fpbench.generators.fitting import fit_method
from fpbench.generators.lag_similarities import lag_similarities
from fpbench.plugin.catalog import Catalog
from fpbench.progress_display import hide_progress
from fpbench.results.fidelity import HitRates
from fpbench.runs.config import RunConfig
from fpbench.runs.generator import match_queries
from fpbench.runs.prepare import prepare
from fpbench.search.inputs import Inputs
from fpbench.search.sequences import Runs, run_starts
from fpbench.search.track_distractors import draw_runs

HERE = Path(__file__).parent
FLOW = (
    HERE.parents[1] / "plugins/fpbench_plugins/rectified_flow_turbo/weights/nafp-demo.safetensors"
)
FIT_CHUNKS = 4
TOLERANCE_S = 0.25
SEED = 0
LAGS = (1, 2, 4, 10, 20, 40)  # rows: 0.5 to 20 s; tracks are of 30 s


def main() -> None:
    """Measure one system, and print and write what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--system", default="nafp")
    parser.add_argument("--flow", type=Path, help="fitted flow; that of the demo for nafp")
    parser.add_argument("--chunks", type=int, default=19)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--lengths", type=int, nargs="+", default=[1, 3, 5, 10], help="seconds")
    parser.add_argument("--most-mib", type=int, default=400, help="of the runs of a set in memory")
    parser.add_argument("--out", type=Path, help="file for the numbers")
    options = parser.parse_args()
    flow = FLOW if options.flow is None and options.system == "nafp" else options.flow
    catalog = Catalog.load()
    for chunk in range(options.chunks):
        if not chunk_path(options.folder, chunk).exists():
            write_chunk(options.folder, chunk, [options.system], catalog)
    read = read_chunks(options.folder, range(options.chunks), options.system)
    tracks = np.concatenate(list(read))
    fit, real = tracks[: FIT_CHUNKS * TRACKS], tracks[FIT_CHUNKS * TRACKS :]
    generators = fit_generators(fit, flow, catalog)
    similarities = measure_similarities(real, generators)
    print(similarity_table(similarities), flush=True)
    rates = {}
    for length_s in options.lengths:
        inputs = ask(options.system, length_s, options.queries, catalog)
        rates[length_s] = measure_gaps(inputs, real, generators, options.most_mib << 20)
        print(gap_table(length_s, rates[length_s]), flush=True)
    document = {
        "system": options.system,
        "fit_tracks": len(fit),
        "real_tracks": len(real),
        "queries": options.queries,
        "similarities": similarities,
        "hit_rates": {f"{length_s} s": asdict(one) for length_s, one in rates.items()},
    }
    out = options.out or HERE / f"synthetic-tracks-{options.system}.json"
    out.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")


def fit_generators(
    tracks: np.ndarray, flow: Path | None, catalog: Catalog
) -> dict[str, FingerprintGenerator]:
    """Fit the generators of tracks, and the Gaussian, to the same tracks."""
    names = {"gaussian": {}, "gaussian-tracks": {}, "resample-runs": {}}
    if flow is not None:
        names = {"rectified-flow-tracks": {"flow": str(flow)}, **names}
    rows, stretches = tracks.reshape(-1, tracks.shape[-1]), np.repeat(np.arange(len(tracks)), ROWS)
    fitted = {}
    for name, options in names.items():
        method = catalog.generator(name, Settings(options=options))
        with tempfile.TemporaryDirectory() as folder:
            fitted[name] = fit_method(
                method,
                name,
                rows,
                stretches,
                seed=SEED,
                work_dir=Path(folder),
                report=lambda _done, _words: None,
            )
    return fitted


def measure_similarities(
    real: np.ndarray, generators: Mapping[str, FingerprintGenerator]
) -> dict[str, list[float]]:
    """Mean similarity within a track by lag, of the held-out tracks and of as many drawn ones."""

    def means(rows: Vectors) -> list[float]:
        track = np.repeat(np.arange(len(rows) // ROWS), ROWS)
        by_lag = lag_similarities(rows, track, max(LAGS)).mean(axis=0)
        return [float(by_lag[lag - 1]) for lag in LAGS]

    count, dim = min(len(real), 1_000), real.shape[-1]
    found = {"real": means(real[:count].reshape(-1, dim))}
    for name, generator in generators.items():
        rng = np.random.default_rng(SEED)
        if isinstance(generator, TrackGenerator):
            kinds = rng.integers(len(generator.track_lengths), size=count)
            found[name] = means(generator.draw_tracks(kinds, rng))
        else:
            found[name] = means(generator.draw(count * ROWS, rng))
    return found


def ask(system: str, length_s: float, queries: int, catalog: Catalog) -> Inputs:
    """Queries of a length and their reference, both of the demo."""
    config = RunConfig(
        fingerprinter=system,
        distractors="none",
        recipe=replace(NAFP, n_queries=queries, query_length_s=length_s),
        seed=SEED,
        dataset_options={"distractors": "0", "train": "0"},
    )
    store = Store.open()
    return prepare(config, catalog, store, hide_progress).source.build_inputs(store, hide_progress)


def measure_gaps(
    inputs: Inputs,
    tracks: np.ndarray,
    generators: Mapping[str, FingerprintGenerator],
    most_bytes: int,
) -> HitRates:
    """HR@1 among runs of real tracks and of each generator, as many as fit in memory."""
    length, dim = inputs.segments, tracks.shape[-1]
    most = most_bytes // (4 * dim * length) // (ROWS - length + 1)
    used = tracks[:most]
    track = np.repeat(np.arange(len(used)), ROWS)
    starts = run_starts(track, np.ones(len(track), dtype=bool), length)
    real = Runs(used.reshape(-1, dim), starts, length)[:]
    of_run = track[starts]
    halves, _ = judge_splits(JudgingSet(vectors=real, tracks=of_run), seed=SEED)
    among = RealDistractors(vectors=real, tracks=of_run, clusters=of_run, halves=halves)
    queries = match_queries(inputs, TOLERANCE_S)
    assert queries is not None
    queries = replace(queries, matches={TOLERANCE_S: queries.matches[TOLERANCE_S]})
    tables = [
        expected_hit_rates(among, {name: runs}, queries, independent=False)[0]
        for name, runs in draw_sets(generators, len(real), length)
    ]
    merged = {
        field: {key: value for table in tables for key, value in getattr(table, field).items()}
        for field in ("hit_rate", "gap", "gap_error")
    }
    return replace(tables[0], **merged)


def draw_sets(generators: Mapping[str, FingerprintGenerator], count: int, length: int):
    """Runs of each generator; of the flow also those of independent draws."""
    for name, generator in generators.items():
        rng = np.random.default_rng(SEED)
        if isinstance(generator, TrackGenerator):
            yield name, draw_runs(generator, name, count, length, rng)[:]
        if name in ("rectified-flow-tracks", "gaussian"):
            rows = generator.draw(count + length - 1, rng)
            label = name if name == "gaussian" else "independent draws of the flow"
            yield label, Runs(rows, np.arange(count), length)[:]


def similarity_table(similarities: Mapping[str, Sequence[float]]) -> str:
    """Similarity by lag, as in synthetic-tracks.md."""
    headers = ["lag", *(f"{lag / 2:g} s" for lag in LAGS)]
    rows = [[name, *(f"{value:.3f}" for value in values)] for name, values in similarities.items()]
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True)


def gap_table(length_s: float, rates: HitRates) -> str:
    """Gaps in points at some sizes, with half of a 95 % interval, as in synthetic-tracks.md."""
    places = [place for place, size in enumerate(rates.sizes) if size >= 10_000]
    headers = [f"{length_s:g} s", *(f"{rates.sizes[place]:,}" for place in places)]
    rows = [["real, HR@1", *(f"{100 * rates.hit_rate['real'][place]:.1f}" for place in places)]]
    rows.append(["floor", *(f"{100 * rates.floor[place]:.1f}" for place in places)])
    for name, gaps in rates.gap.items():
        errors = rates.gap_error[name]
        cells = [
            f"{100 * gaps[place]:+.1f} ± {196 * (errors[place] or 0.0):.1f}" for place in places
        ]
        rows.append([name, *cells])
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True)


if __name__ == "__main__":
    main()
