"""What a plan says grows with the work."""

import pytest

from fpbench.plan import Need, search_need


def need(*, segments: int, exact: bool) -> Need:
    return search_need("search", 100, 10_000, 8, segments=segments, exact=exact, grown=False)


def test_each_fingerprint_of_a_query_is_looked_up_in_codes() -> None:
    one, three = need(segments=1, exact=False), need(segments=3, exact=False)
    assert three.seconds == pytest.approx(3 * one.seconds)
    # 20 candidates of an id, a key and a score: 24 bytes each.
    assert (one.disk_bytes, three.disk_bytes) == (100 * 20 * 24, 3 * 100 * 20 * 24)


def test_exact_search_takes_a_query_as_one() -> None:
    assert need(segments=3, exact=True).disk_bytes == need(segments=1, exact=True).disk_bytes
