"""Arrays of evidence files are refused if their types, shapes or values are impossible."""

import numpy as np
import pytest

from fpbench.evidence.typed_arrays import Layout, require_shape, typed_arrays

LAYOUT: Layout = {
    "query_track": (np.dtype(np.int64), 1),
    "match_score": (np.dtype(np.float32), 2),
}
ARRAYS = {
    "query_track": np.arange(3),
    "match_score": np.ones((3, 2), np.float32),
    "of_another_layout": np.zeros(1),
}


def test_arrays_of_the_layout_are_returned_in_native_byte_order() -> None:
    swapped = ARRAYS["match_score"].astype(">f4")

    typed = typed_arrays({**ARRAYS, "match_score": swapped}, LAYOUT)

    assert set(typed) == set(LAYOUT)
    assert typed["match_score"].dtype.isnative
    np.testing.assert_array_equal(typed["match_score"], ARRAYS["match_score"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"query_track": np.arange(3.0)}, "query_track is float64 with 1 axes"),
        ({"match_score": np.ones(3, np.float32)}, "match_score is float32 with 1 axes"),
        ({"match_score": np.full((3, 2), np.nan, np.float32)}, "match_score has NaN"),
        ({"query_track": np.arange(0)}, "it has no queries"),
    ],
)
def test_impossible_arrays_are_refused(changes: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        typed_arrays({**ARRAYS, **changes}, LAYOUT)


def test_another_shape_is_refused() -> None:
    require_shape("match_score", ARRAYS["match_score"], (3, 2))
    with pytest.raises(ValueError, match=r"match_score has the shape \(3, 2\), not \(2, 3\)"):
        require_shape("match_score", ARRAYS["match_score"], (2, 3))
