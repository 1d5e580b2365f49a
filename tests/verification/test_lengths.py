"""Each length of a result with several is checked as a result of that length, and none is lost."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fpbench
from fpbench.verification.validation import check_result

Document = dict[str, Any]


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("several")
    rng = np.random.default_rng(0)
    for name, count in (("query", 30), ("db", 30), ("dummy_db", 60)):
        rows = rng.normal(size=(count, 8))
        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        np.save(folder / f"{name}.npy", unit.astype(np.float32))
    fpbench.run(
        dataset=f"embeddings:{folder}",
        distractors="real",
        sizes=[20, 40],
        query_lengths_s=[1, 2],
        cache=folder / "cache",
        out=folder / "r.json",
        progress=False,
    )
    return folder / "r.json"


def test_the_result_of_a_run_has_no_problems(several: Path) -> None:
    assert not check_result(several).problems


def raise_rate(document: Document) -> None:
    document["curves"][0]["points"][0]["value"] = 0.99


def lose_length(document: Document) -> None:
    document["curves"] = [c for c in document["curves"] if c["query_length_s"] == 2.0]


def name_other_length(document: Document) -> None:
    document["evidence"][0]["query_length_s"] = 1.5


def exchange_evidence(document: Document) -> None:
    del document["evidence"][0]["query_length_s"]
    document["evidence"][1]["query_length_s"] = 1.0


def promise_more(document: Document) -> None:
    document["config"]["query_lengths_s"] = [1.0, 2.0, 3.0]


def ask_shorter(document: Document) -> None:
    document["config"]["recipe"]["query_length_s"] = 1.0


LIES = {
    raise_rate: "/curves/0/points/0/value is 0.99: the evidence gives",
    lose_length: "/curves is [2.0]: the config, as lengths of queries, gives [1.0, 2.0]",
    name_other_length: "/evidence/0/query_length_s is 1.5: lengths of shorter queries are [1.0]",
    exchange_evidence: "/curves/0/points",
    ask_shorter: "/config/recipe/query_length_s is 1.0: config.query_lengths_s gives 2.0",
    promise_more: "/queries/length_s is 2.0: the config gives 3.0",
}


@pytest.mark.parametrize(("lie", "text"), LIES.items(), ids=[lie.__name__ for lie in LIES])
def test_a_lie_about_one_length_is_found(
    several: Path, tmp_path: Path, lie: Callable[[Document], None], text: str
) -> None:
    document = json.loads(several.read_text())
    lie(document)
    for file in several.parent.glob("*.npz"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "r.json").write_text(json.dumps(document))
    assert text in "\n".join(map(str, check_result(tmp_path / "r.json").problems))
