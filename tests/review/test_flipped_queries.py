"""A flipped query is one that exactly one of two systems finds."""

import numpy as np

from fpbench.review.flipped_queries import PairedRanks, flipped_records

RANKS = PairedRanks(
    tolerance_s=None,
    n_distractors=(10, 10),
    first=np.array([0, 0, 3, 20]),
    second=np.array([0, 7, 0, 1]),
    shortlists=(20, 20),
)


def test_ranks_begin_at_1_and_end_at_the_shortlist() -> None:
    assert [RANKS.ranks_of(query) for query in range(4)] == [(1, 1), (1, 8), (4, 1), (None, 2)]


def test_a_query_that_both_miss_is_not_flipped() -> None:
    assert RANKS.flipped().tolist() == [1, 2]


def test_a_record_has_what_is_known_about_the_query() -> None:
    known, other = flipped_records([RANKS], {"track": ["a", "b", "c", "d"]})
    assert known == {
        "tolerance_s": None,
        "n_distractors_first": 10,
        "n_distractors_second": 10,
        "query": 1,
        "track": "b",
        "rank_first": 1,
        "rank_second": 8,
    }
    assert other["query"] == 2
    assert "track" not in next(flipped_records([RANKS], None))  # older evidence
