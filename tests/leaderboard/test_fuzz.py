"""A result that can be read has a row on the board, whatever is in it."""

import json
from pathlib import Path

from mutations import Draw, for_examples, mutate_json, read_or_refuse

from fpbench.results.files import read_result
from fpbench_leaderboard.board import board_json
from fpbench_leaderboard.entries import Entry
from fpbench_leaderboard.flat import board_csv
from fpbench_leaderboard.html_page import board_html
from fpbench_leaderboard.markdown import board_markdown
from fpbench_leaderboard.sections import make_board

GOLDEN = Path(__file__).parents[1] / "golden" / "result_v1.json"


def test_a_changed_result_has_a_row_or_is_refused(examples: int, tmp_path: Path) -> None:
    document, path = json.loads(GOLDEN.read_text()), tmp_path / "changed.json"
    golden = read_result(GOLDEN)

    @for_examples(examples)
    def check(data: Draw) -> None:
        path.write_text(json.dumps(mutate_json(data, document)))
        result = read_or_refuse(read_result, path)
        if result is not None:
            board = make_board([Entry(result=golden), Entry(result=result, path=path)], "tests")
            for write in (board_markdown, board_json, board_csv, board_html):
                write(board).encode()
