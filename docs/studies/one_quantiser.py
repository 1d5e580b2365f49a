"""Does one pass with one trained quantiser give the rates of a training at each size?

python docs/studies/one_quantiser.py SET GENERATOR FOLDER

SET is a folder of a-million-real (``sets/...``), GENERATOR a generator that was fitted to other
tracks. The protocol ``paper`` runs on real and on synthetic distractors, with a training at each
size of each repeat and with one for all. Prints the rates of both, and writes one-quantiser.json
beside this file. What is done is kept in FOLDER; the same call continues.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from tabulate import tabulate

import fpbench
from fpbench.files import make_folder
from fpbench.units import short_size

HERE = Path(__file__).parent
SIZES = {"real": (10_000, 100_000, 300_000), "synthetic": (10_000, 100_000, 1_000_000)}
JUDGES = 200_000  # real distractors beside synthetic ones, which judge the generator


def write_aligned(given: Path, folder: Path, real: int | None) -> None:
    """Write the queries, the row of the reference that each is of, and some real distractors."""
    if (folder / "dummy_db.npy").exists():
        return
    parts = {name: np.load(given / f"{name}.npz") for name in ("query", "db", "dummy_db")}
    query, db = parts["query"], parts["db"]
    rows = []
    for track, start_s in zip(query["tracks"][query["track"]], query["start_s"], strict=True):
        own = np.flatnonzero(db["tracks"][db["track"]] == track)
        rows.append(own[np.abs(db["start_s"][own] - start_s).argmin()])
    make_folder(folder)
    np.save(folder / "query.npy", query["vectors"])
    np.save(folder / "db.npy", db["vectors"][rows])
    np.save(folder / "dummy_db.npy", parts["dummy_db"]["vectors"][:real])


def measure(folder: Path, kind: str, generator: Path, retrain: str) -> list[dict]:
    """Rate and standard deviation over the repeats, at each size."""
    synthetic = {"generator": "rectified-flow-turbo", "generator_weights": generator}
    result = fpbench.run(
        dataset=f"embeddings:{folder / kind}",
        protocol="paper",
        distractors=kind,  # type: ignore[arg-type]
        sizes=SIZES[kind],
        protocol_options={"retrain": retrain},
        dtype="bfloat16" if kind == "synthetic" else None,
        cache=folder / "cache",
        out=folder / f"{kind}-{retrain}.json",
        **(synthetic if kind == "synthetic" else {}),  # type: ignore[arg-type]
    )
    (curve,) = result.curves
    return [
        {"kind": kind, "size": one.n_distractors, "rate": one.value, "std": one.std}
        for one in curve.points
    ]


def table(points: list[dict]) -> str:
    """Rates in percent: with a training at each size, with one for all, and how far apart."""
    rows = []
    for one in points:
        apart = 100 * (one["once"]["rate"] - one["rate"])
        stds = (100 * one["std"], 100 * one["once"]["std"])
        rates = [
            f"{100 * each['rate']:.2f} ± {100 * each['std']:.2f}" for each in (one, one["once"])
        ]
        within = "yes" if abs(apart) <= max(stds) else "no"
        rows.append((one["kind"], short_size(one["size"]), *rates, f"{apart:+.2f}", within))
    headers = ("distractors", "size", "at each size", "once", "apart", "within the spread")
    return tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("given", type=Path)
    parser.add_argument("generator", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    folder, points = arguments.folder, []
    for kind, real in (("real", None), ("synthetic", JUDGES)):
        write_aligned(arguments.given, folder / kind, real)
        anew, once = (
            measure(folder, kind, arguments.generator, retrain) for retrain in ("yes", "no")
        )
        points += [{**one, "once": other} for one, other in zip(anew, once, strict=True)]
        print(table(points), flush=True)
    (HERE / "one-quantiser.json").write_text(json.dumps(points, indent=1) + "\n")


if __name__ == "__main__":
    main()
