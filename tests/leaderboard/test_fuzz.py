"""A result that can be read has a row in the tables, whatever is in it."""

import json
from pathlib import Path

from mutations import Draw, for_examples, mutate_json, read_or_refuse

from fpbench.results.files import read_result
from fpbench_leaderboard.tables import leaderboard

GOLDEN = Path(__file__).parents[1] / "golden" / "result_v1.json"


def test_a_changed_result_has_a_row_or_is_refused(examples: int, tmp_path: Path) -> None:
    document, path = json.loads(GOLDEN.read_text()), tmp_path / "changed.json"
    golden = read_result(GOLDEN)

    @for_examples(examples)
    def check(data: Draw) -> None:
        path.write_text(json.dumps(mutate_json(data, document)))
        result = read_or_refuse(read_result, path)
        if result is not None:
            leaderboard([golden, result]).encode()
