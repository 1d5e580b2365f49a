"""Numbers of a protocol that do not follow from its evidence or config are found."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from fpbench.cli import main
from fpbench.files import write_arrays
from fpbench.hashing import file_sha256
from fpbench.verification.validation import check_result


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a result of 30 queries."""
    folder = tmp_path_factory.mktemp("protocol")
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((40, 4)).astype(np.float32)
    np.save(folder / "db.npy", rows)
    np.save(folder / "query.npy", rows + rng.standard_normal(rows.shape).astype(np.float32))
    np.save(folder / "dummy_db.npy", rng.standard_normal((20, 4)).astype(np.float32))
    command = ["run", "--dataset", f"embeddings:{folder}", "--protocol", "nafp", "--index", "l2"]
    command += ["--query-lengths", "1,5", "--test-ids", "30", "--cache", str(folder / "cache")]
    shown = CliRunner().invoke(main, [*command, "--out", str(folder / "r.json")])
    assert shown.exit_code == 0, shown.output
    return folder


def problems(folder: Path, into: Path, change: Callable[[dict[str, Any]], None]) -> list[str]:
    """What is found in a copy of the result with a change."""
    document = json.loads((folder / "r.json").read_text())
    (into / "r.l2.real.npz").write_bytes((folder / "r.l2.real.npz").read_bytes())
    change(document)
    (into / "r.json").write_text(json.dumps(document))
    return [str(one) for one in check_result(into / "r.json").problems]


@pytest.mark.slow
def test_an_honest_result_has_no_problems(folder: Path, tmp_path: Path) -> None:
    assert problems(folder, tmp_path, lambda _: None) == []


def raise_point(document: dict[str, Any]) -> None:
    point = document["curves"][3]["points"][0]
    point["value"] = point["ci"]["high"]


def raise_rate(document: dict[str, Any]) -> None:
    document["protocol"]["rates"][5]["value"] = 0.123


def drop_protocol(document: dict[str, Any]) -> None:
    del document["protocol"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        pytest.param(raise_point, "/curves/3/points/0/value", id="point"),
        pytest.param(raise_rate, "/protocol/rates/5/value", id="rate"),
        pytest.param(drop_protocol, "/protocol/name", id="no protocol"),
        pytest.param(lambda d: d["protocol"].update(version=2), "/protocol/version", id="version"),
        pytest.param(lambda d: d["protocol"].update(name="x"), "/protocol/name", id="name"),
        pytest.param(
            lambda d: d["protocol"].update(rules="official"), "/protocol/rules", id="rules"
        ),
        pytest.param(lambda d: d["evidence"].clear(), "/evidence", id="evidence"),
        pytest.param(lambda d: d["config"].update(indexes=["ivf"]), "/curves/0", id="index"),
        pytest.param(lambda d: d["queries"].update(n=31), "/queries/n", id="queries"),
    ],
)
def test_changed_numbers_are_found(
    folder: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None], pointer: str
) -> None:
    found = problems(folder, tmp_path, change)
    assert any(one.startswith(f"{pointer} ") for one in found), found


@pytest.mark.slow
def test_hits_that_their_starts_do_not_give_are_found(folder: Path, tmp_path: Path) -> None:
    def invent(document: dict[str, Any]) -> None:
        path = tmp_path / "r.l2.real.npz"
        with np.load(path) as file:
            arrays = dict(file)
        arrays["hits.both.top1_exact"][:] = True
        with path.open("wb") as changed:
            write_arrays(changed, arrays)
        document["evidence"][0]["sha256"] = file_sha256(path)

    found = problems(folder, tmp_path, invent)
    assert any("hits of top1_exact by both rules" in one for one in found), found
