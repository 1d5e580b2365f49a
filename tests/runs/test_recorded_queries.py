"""Recorded queries are used as they are, unless the user says otherwise."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fpbench import Dataset, FpbenchError, RecordedQuery, Track
from fpbench.audio.query_recipe import NAFP, Step
from fpbench.audio.survey import Surveys, survey_track
from fpbench.runs.config import RunConfig
from fpbench.runs.recorded_queries import recorded_config


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    for name in ("reference", "query"):
        soundfile.write(tmp_path / f"{name}.wav", np.tile([0.1, -0.1], 1_500), 1_000)
    return Dataset(
        name="a test",
        reference=[Track(name="reference", path=tmp_path / "reference.wav")],
        queries=[RecordedQuery(name="q", path=tmp_path / "query.wav", reference="reference")],
    )


def survey(dataset: Dataset) -> Surveys:
    tracks = [*dataset.reference, *(one.track for one in dataset.queries)]
    return {track: survey_track(track) for track in tracks}


def test_all_queries_are_used_without_degradation(dataset: Dataset) -> None:
    recipe = recorded_config(RunConfig(), dataset, survey(dataset)).recipe
    assert recipe == replace(NAFP, n_queries=5, max_offset_s=0.0, degradations=())


def test_what_the_user_gives_is_done(dataset: Dataset) -> None:
    chain = (Step(name="gain"),)
    config = RunConfig(
        recipe=replace(NAFP, n_queries=2, degradations=chain),
        recipe_given=frozenset({"n_queries", "degradations"}),
    )
    recipe = recorded_config(config, dataset, survey(dataset)).recipe
    assert (recipe.n_queries, recipe.degradations) == (2, chain)


def test_more_queries_than_there_are_is_said(
    dataset: Dataset, caplog: pytest.LogCaptureFixture
) -> None:
    config = RunConfig(recipe_given=frozenset({"n_queries"}))
    with caplog.at_level(logging.WARNING):
        assert recorded_config(config, dataset, survey(dataset)).recipe.n_queries == 5
    assert "1000 queries are wanted, but the recordings give 5" in caplog.text


def test_an_offset_is_refused(dataset: Dataset) -> None:
    config = RunConfig(recipe_given=frozenset({"max_offset_s"}))
    with pytest.raises(FpbenchError, match=r"max_offset_s=0\.25 has no effect"):
        recorded_config(config, dataset, survey(dataset))
