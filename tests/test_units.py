"""Sizes and durations are parsed and formatted as people write them."""

import pytest

from fpbench import FpbenchError
from fpbench.units import (
    count_label,
    parse_age,
    parse_bytes,
    parse_sizes,
    parse_whole,
    short_bytes,
    short_hours,
    short_size,
    short_time,
)


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        pytest.param("1e4,1e5", (10_000, 100_000), id="powers"),
        pytest.param("10k,2.5M,1B", (10_000, 2_500_000, 1_000_000_000), id="suffixes"),
        pytest.param("1T,21.24 k", (21_240, 10**12), id="as tables show them"),
        pytest.param("2.3M,1.1k", (1_100, 2_300_000), id="no whole numbers in floating point"),
        pytest.param("300, 100,300", (100, 300), id="sorted-and-distinct"),
    ],
)
def test_parses_sizes(text: str, sizes: tuple[int, ...]) -> None:
    assert parse_sizes(text) == sizes


@pytest.mark.parametrize("text", ["", "ten", "0", "-5", "1.5", "1e16", "nan", "k"])
def test_refuses_what_is_no_size(text: str) -> None:
    with pytest.raises(FpbenchError):
        parse_sizes(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        pytest.param("12345678901234567890", 12345678901234567890, id="exact beyond a float"),
        pytest.param("-3", -3, id="negative"),
        pytest.param("1_000", 1_000, id="underscore"),
        pytest.param("1e3", 1_000, id="power"),
        pytest.param("1000.0", 1_000, id="float"),
        pytest.param("1.5k", 1_500, id="suffix"),
    ],
)
def test_parses_whole_numbers(text: str, number: int) -> None:
    assert parse_whole(text) == number


@pytest.mark.parametrize("text", ["", "k", "1.5", "nan", "inf", "1e999999999", "0.0001k", "1 k x"])
def test_refuses_what_is_no_whole_number(text: str) -> None:
    with pytest.raises(ValueError, match="whole number"):
        parse_whole(text)


def test_formats_sizes_and_hours() -> None:
    assert [short_size(n) for n in (950, 10_000, 1_500_000, 10**9)] == [
        "950",
        "10 k",
        "1.5 M",
        "1 B",
    ]
    assert [short_hours(h) for h in (0.5, 13.88, 13_888.0)] == ["30 min", "13.9 h", "13 888 h"]


def test_formats_times() -> None:
    assert [short_time(s) for s in (0.0, 89.0, 90.0, 5_399.0, 5_400.0)] == [
        *("0 s", "89 s", "2 min", "90 min"),
        "1.5 h",
    ]


def test_a_count_is_singular_or_plural() -> None:
    assert count_label(1, "query", "queries") == "1 query"
    assert [count_label(n, "track") for n in (0, 1, 2)] == ["0 tracks", "1 track", "2 tracks"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("12h", 43_200.0), ("30d", 2_592_000.0), ("1.5 W", 907_200.0)]
)
def test_an_age_is_parsed(text: str, seconds: float) -> None:
    assert parse_age(text) == seconds


@pytest.mark.parametrize(
    ("text", "size_bytes"), [("500MB", 500_000_000), ("1.5tb", 1_500_000_000_000), ("0 kB", 0)]
)
def test_a_size_in_bytes_is_parsed(text: str, size_bytes: int) -> None:
    assert parse_bytes(text) == size_bytes


@pytest.mark.parametrize("text", ["", "30", "d", "3 months", "-1d", "1e3d", "٣d"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(FpbenchError, match="is not an age"):
        parse_age(text)


def test_sizes_in_bytes_are_short() -> None:
    assert short_bytes(0) == "0 MB"
    assert short_bytes(40_000) == "40 kB"
    assert short_bytes(400_000) == "0.4 MB"
    assert short_bytes(12_345_678_901) == "12.3 GB"
