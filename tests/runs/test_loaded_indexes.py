"""Several settings of one index are loaded, searched together, and told apart everywhere."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import faiss
import numpy as np
import pytest

from fpbench import FpbenchError, Settings
from fpbench.cache import Store
from fpbench.plugin.catalog import Catalog
from fpbench.progress import Report
from fpbench.results.document import Result
from fpbench.runs.arguments import config_from_arguments
from fpbench.runs.config import RunConfig
from fpbench.runs.loaded_indexes import load_indexes
from fpbench.runs.prepare import prepare
from fpbench.runs.run import run_prepared
from fpbench.verification.validation import validate_result


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load()


def config_of(catalog: Catalog, *indexes: str, **changes: object) -> RunConfig:
    given = {"distractors": "real", "sizes": [100, 500], "indexes": list(indexes), **changes}
    return config_from_arguments(None, given, "the command line", catalog)


def silent(_title: str) -> AbstractContextManager[Report]:
    return nullcontext(lambda _done, _words: None)


@pytest.fixture
def search(thousand_embeddings: Path, tmp_path: Path, catalog: Catalog) -> Callable[..., Result]:
    """Runs with some indexes, in a cache of its own, and writes ``run.json``."""

    def run(*indexes: str) -> Result:
        config = config_of(catalog, *indexes, dataset=f"embeddings:{thousand_embeddings}")
        store = Store(tmp_path / f"cache {len(list(tmp_path.iterdir()))}")
        return run_prepared(
            prepare(config, catalog, store, silent), tmp_path / "run.json", "run", silent
        )

    return run


def record_rows(method: Callable[..., None], rows: list[int]) -> Callable[..., None]:
    """The method of an index, with the number of rows of each call noted."""

    def recorded(index: object, vectors: np.ndarray) -> None:
        rows.append(len(vectors))
        method(index, vectors)

    return recorded


def test_settings_that_are_equal_are_one_index(
    catalog: Catalog, caplog: pytest.LogCaptureFixture
) -> None:
    config = config_of(catalog, "ivfpq", "ivfpq:nprobe=5,20", "exact")
    with caplog.at_level(logging.WARNING):
        config, indexes = load_indexes(config, ("real",), catalog, Settings())
    assert config.indexes == ("ivfpq", "ivfpq:nprobe=5", "exact")
    assert [named.name for named in indexes["real"]] == list(config.indexes)
    assert caplog.messages == ["index 'ivfpq:nprobe=20' is left out: it equals 'ivfpq'"]


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        pytest.param(
            "ivf:nprobes=5",
            "index 'ivf:nprobes=5': no setting is called 'nprobes'",
            "did you mean 'nprobe'? settings: nlist=400, nprobe=40",
            id="key",
        ),
        pytest.param(
            "ivf:nprobe=many",
            "index 'ivf:nprobe=many': setting 'nprobe' cannot be 'many'",
            "it takes a whole number",
            id="value",
        ),
        pytest.param(
            "faiss:HNSW4:nprobe=2",
            "index 'faiss:HNSW4:nprobe=2': 'faiss:HNSW4' has no parameter called 'nprobe'",
            "parameters: efSearch",
            id="parameter of FAISS",
        ),
    ],
)
def test_an_unknown_setting_is_named_with_the_valid_ones(
    catalog: Catalog, name: str, message: str, hint: str
) -> None:
    with pytest.raises(FpbenchError) as caught:
        load_indexes(config_of(catalog, name), ("real",), catalog, Settings())
    assert caught.value.message == message
    assert (caught.value.hint or "").startswith(hint)


def test_names_of_evidence_files_must_differ() -> None:
    with pytest.raises(ValueError, match="have one name of evidence files"):
        replace(RunConfig(), indexes=("faiss:IVF4,Flat", "faiss:IVF4_Flat"))


@pytest.mark.slow
def test_settings_are_trained_and_filled_once(
    search: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: dict[str, list[int]] = {"train": [], "add": []}
    for name, rows in calls.items():
        monkeypatch.setattr(
            faiss.IndexIVFFlat, name, record_rows(getattr(faiss.IndexIVFFlat, name), rows)
        )
    result = search("exact", "ivf:nlist=4,nprobe=1,2,4", "hnsw:ef_search=4,40")
    assert len(calls["train"]) == 1
    assert sum(calls["add"]) == 2 * (60 + 500)  # once for the search, once to be timed
    assert result.costs is not None
    trainings = [one.of for one in result.costs.stages if one.stage == "training"]
    assert trainings == ["ivf:nlist=4,nprobe=1, real"]
    searched = {one.of: one.amount for one in result.costs.stages if one.stage == "searching"}
    assert set(searched.values()) == {560}
    names = list(dict.fromkeys(curve.index for curve in result.curves))
    assert [one.name for one in result.indexes] == names
    assert [one.index for one in result.costs.indexes] == names
    assert {loss.index for loss in result.index_losses} == set(names) - {"exact"}
    assert all(one.latency(100) for one in result.costs.indexes)
    assert (tmp_path / "run.frontier.png").exists()
    assert validate_result(tmp_path / "run.json") == []

    for name in ("ivf:nlist=4,nprobe=2", "hnsw:ef_search=40"):
        alone = search("exact", name)
        of_both = [[c.points for c in r.curves if c.index == name] for r in (result, alone)]
        assert of_both[0] == of_both[1]


def test_options_of_the_index_hold_for_all_its_settings(catalog: Catalog) -> None:
    options = {"ivf": {"nlist": 4, "nprobe": 3}}
    config = config_of(catalog, "ivf:nprobe=1,2", index_options=options)
    _, indexes = load_indexes(config, ("real",), catalog, Settings())
    found = [(one.parameters["nlist"], one.parameters["nprobe"]) for one in indexes["real"]]
    np.testing.assert_array_equal(found, [(4, 1), (4, 2)])
