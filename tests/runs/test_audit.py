"""How likely a forgery slips through an audit."""

from dataclasses import replace

import numpy as np
import pytest

from fpbench.runs.audit import Audit, AuditedSearch, Sample

SEARCH = AuditedSearch(
    file="r.exact.synthetic.npz",
    blocks=100,
    drawn=[1, 2, 3],
    queries=1_000,
    asked=20,
    largest=1e-7,
    problems=[],
)


def test_chances_are_those_of_drawing_without_replacement() -> None:
    assert SEARCH.undetected(0.1) == pytest.approx(90 / 100 * 89 / 99 * 88 / 98)
    assert SEARCH.undetected(1.0) == 0
    assert SEARCH.undetected_queries(0.0) == 1
    everything = replace(SEARCH, drawn=range(100))
    assert everything.undetected(0.01) == 0


def test_nothing_made_again_is_not_passed() -> None:
    assert Audit(searches=[SEARCH]).passed
    assert not Audit(searches=[], skipped=["its evidence is missing"]).passed
    wrong = replace(SEARCH, problems=["block 1: scores differ"])
    assert not Audit(searches=[SEARCH, wrong]).passed
    assert "r.exact.synthetic.npz: block 1: scores differ" in Audit(searches=[wrong]).text()


def test_no_more_is_chosen_than_there_is() -> None:
    sample = Sample(rng=np.random.default_rng(0), blocks=3, queries=20)
    assert sample.choose(2, 3).tolist() == [0, 1]
    assert len(set(sample.choose(100, 20).tolist())) == 20
