"""Every search begins with indexes that hold nothing, and queries of other lengths are another."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from fpbench.progress_display import hide_progress
from fpbench.runs.empty_indexes import runs_by_length, with_empty_indexes
from fpbench.runs.prepare import PreparedRun

Prepare = Callable[..., PreparedRun]


def objects(run: PreparedRun) -> list[object]:
    return [named.index for indexes in run.indexes.values() for named in indexes]


def test_indexes_are_new_for_each_kind_of_distractors(prepared_vectors: Prepare) -> None:
    run = prepared_vectors(distractors="both", generator="gaussian", indexes=("hnsw", "exact"))
    again = with_empty_indexes(run, run.config.indexes)
    assert again.config == run.config
    assert set(again.indexes) == {"real", "synthetic"}
    assert [one.name for one in again.indexes["real"]] == ["hnsw", "exact"]
    assert len({id(index) for index in (*objects(run), *objects(again))}) == 8
    # All but the objects is as before, so that what is in the cache is found.
    for kind, indexes in run.indexes.items():
        for old, new in zip(indexes, again.indexes[kind], strict=True):
            assert replace(old, index=new.index) == new
            assert old.parameters == new.parameters


def test_a_new_index_does_not_hold_what_the_old_one_was_filled_with(
    prepared_vectors: Prepare,
) -> None:
    run = prepared_vectors(indexes=("hnsw",))
    rows = np.eye(8, dtype=np.float32)
    ((old,),) = run.indexes.values()
    ((new,),) = with_empty_indexes(run, ["hnsw"]).indexes.values()
    old.index.train(rows)
    old.index.add(rows)
    new.index.train(rows)
    new.index.add(rows[:1])
    assert set(new.index.search(rows, 2).ids.ravel().tolist()) <= {-1, 0}


def test_some_of_the_indexes_keep_their_options(prepared_vectors: Prepare) -> None:
    run = prepared_vectors(
        indexes=("exact", "ivf", "hnsw"), index_options={"ivf": {"nlist": "4", "nprobe": "3"}}
    )
    fewer = with_empty_indexes(run, ["ivf"])
    assert fewer.config.indexes == ("ivf",)
    ((ivf,),) = fewer.indexes.values()
    assert ivf.parameters == run.indexes["real"][1].parameters
    assert ivf.parameters["nprobe"] == 3


def test_a_run_of_one_length_is_itself(prepared_vectors: Prepare) -> None:
    run = prepared_vectors()
    inputs = run.source.build_inputs(run.store, hide_progress)
    ((same, same_inputs),) = runs_by_length(run, inputs)
    assert same is run
    assert same_inputs is inputs


def test_each_length_has_indexes_of_its_own(prepared_vectors: Prepare) -> None:
    run = prepared_vectors(query_lengths_s=(1.0, 2.0), indexes=("exact", "ivf"))
    inputs = run.source.build_inputs(run.store, hide_progress)
    runs = list(runs_by_length(run, inputs))
    assert [of_length.segments for _, of_length in runs] == [1, 3]
    assert all(of_length.shorter == () for _, of_length in runs)
    assert [one.config for one, _ in runs] == [run.config, run.config]
    assert len({id(index) for one in (run, *(r for r, _ in runs)) for index in objects(one)}) == 6
