"""Notes in the cache say what something cost, on this machine only."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fpbench.results.costs import EncoderCost, Latency
from fpbench.runs.costs import kept_costs
from fpbench.runs.costs.kept_costs import WatchedStore, read_note, write_note

NOTE = EncoderCost(audio_s=3.0, wall_s=0.1, cached=False)


@pytest.fixture
def store(tmp_path: Path) -> WatchedStore:
    return WatchedStore(tmp_path)


def test_a_note_is_found_by_its_key(store: WatchedStore) -> None:
    write_note(store, {"of": 1}, NOTE)
    assert read_note(store, {"of": 1}, EncoderCost) == NOTE
    assert read_note(store, {"of": 2}, EncoderCost) is None


def test_a_later_note_replaces_it(store: WatchedStore) -> None:
    write_note(store, {"of": 1}, NOTE)
    write_note(store, {"of": 1}, replace(NOTE, wall_s=0.2))
    assert read_note(store, {"of": 1}, EncoderCost) == replace(NOTE, wall_s=0.2)


def test_another_machine_has_other_costs(
    store: WatchedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_note(store, {"of": 1}, NOTE)
    monkeypatch.setattr(kept_costs, "machine_key", lambda: {"cpu": "another"})
    assert read_note(store, {"of": 1}, EncoderCost) is None


def test_a_note_of_another_form_is_none(store: WatchedStore) -> None:
    write_note(store, {"of": 1}, NOTE)
    assert read_note(store, {"of": 1}, Latency) is None


def test_the_cache_counts_what_it_gives_and_takes(store: WatchedStore) -> None:
    assert store.read("evidence", "00") is None
    store.write("evidence", "00", {"a": np.zeros(3)})
    store.read("evidence", "00")
    use = store.use_of("evidence")
    assert (use.found, use.added) == (1, 1)


def test_audio_of_new_surveys_is_added_up(store: WatchedStore) -> None:
    arrays = {"frames": np.array([8_000, 4_000]), "sample_rate_hz": np.array([8_000, 8_000])}
    store.write("surveys/of-this-code", "00", arrays)
    assert store.use_of("surveys").audio_s == 1.5
