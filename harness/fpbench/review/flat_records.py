"""Flat records as CSV."""

import csv
import io
from collections.abc import Mapping, Sequence

Value = str | int | float | bool | None


def records_csv(records: Sequence[Mapping[str, Value]], columns: Sequence[str] = ()) -> str:
    """Records as CSV without a newline at the end, with all keys of any record as columns.

    Args:
        records: Flat dictionaries.
        columns: Columns of a table without records.
    """
    text = io.StringIO()
    names = list(dict.fromkeys(name for record in records for name in record)) or list(columns)
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().rstrip("\n")
