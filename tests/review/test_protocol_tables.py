"""The tables of a protocol are the authors': a line for each metric, a column for each length."""

from fpbench.results.protocols import ProtocolRate
from fpbench.review.protocol_tables import rates_table


def rate(metric: str, segments: int, value: float, rules: str = "both") -> ProtocolRate:
    return ProtocolRate(
        index="l2",
        metric=metric,
        segments=segments,
        query_length_s=(segments + 1) / 2,
        n_distractors=10,
        value=value,
        rules=rules,  # type: ignore[arg-type]
    )


def test_rows_are_metrics_and_columns_are_lengths() -> None:
    rates = [rate("top1_exact", 1, 0.5), rate("top1_exact", 3, 0.75)]
    rates += [rate("top3_song", 1, 0.25, "official"), rate("top3_song", 3, 1.0, "official")]
    table = [line.split() for line in rates_table(rates).splitlines()]
    assert table[0] == ["metric", "1", "s", "2", "s"]
    assert table[2] == ["top1", "exact", "50.0", "75.0"]
    assert table[3] == ["top3", "song,", "as", "the", "script", "counts", "25.0", "100.0"]
