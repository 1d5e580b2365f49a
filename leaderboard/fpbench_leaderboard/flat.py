"""The leaderboard as flat records, for spreadsheets and pandas: one for each rate of a ranking."""

from collections.abc import Iterator

from fpbench.review.flat_records import Value, records_csv
from fpbench_leaderboard.board import Board, Ranking, Rate, Row, Section

COLUMNS = (
    *("task", "data", "queries", "query_length_s", "metric", "tolerance_s", "index"),
    *(
        "distractors",
        "generator",
        "ranked_at",
        "rank",
        "system",
        "configuration",
        "n_distractors",
        "hours",
        "value",
        "low",
    ),
    *("high", "found", "rank_at_size", "equal_error", "false_rejects_at_1_percent"),
    *("loss_1m_to_100m", "half_size", "times_real_time", "bytes_per_hour", "tier", "licence"),
    *("marks", "result"),
)


def board_records(board: Board) -> Iterator[dict[str, Value]]:
    """One flat record for each system and size of each ranking, in their order."""
    for section in board.sections:
        for ranking in section.rankings:
            for row in ranking.rows:
                yield from row_records(section, ranking, row)


def row_records(section: Section, ranking: Ranking, row: Row) -> Iterator[dict[str, Value]]:
    """One flat record for each size of a row."""
    for rate in row.rates:
        yield dict(zip(COLUMNS, _record(section, ranking, row, rate), strict=True))


def board_csv(board: Board) -> str:
    """The records as CSV, with a line break at its end."""
    return records_csv(list(board_records(board)), COLUMNS) + "\n"


def _record(section: Section, ranking: Ranking, row: Row, rate: Rate) -> tuple[Value, ...]:
    search = ranking.search
    at = next((one for one in row.decisions if one.n_distractors == rate.n_distractors), None)
    return (
        *(section.task, section.data, section.queries, section.query_length_s),
        *(ranking.metric, ranking.tolerance_s, search.index),
        *(search.distractors, search.generator, ranking.n_distractors, row.rank),
        *(row.system, row.configuration, rate.n_distractors, rate.hours, rate.value, rate.low),
        *(rate.high, rate.found, rate.rank),
        *((None, None) if at is None else (at.equal_error, at.false_rejects)),
        *(row.loss, None if row.half is None else row.half.size, row.times_real_time),
        *(row.bytes_per_hour, row.tier, row.licence, "; ".join(row.marks), row.links.result),
    )
