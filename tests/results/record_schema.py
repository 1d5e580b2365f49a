"""Records schemas/result-1.0.json, the contract for submissions, from the dataclasses of a result.

python tests/results/record_schema.py
"""

import json
from pathlib import Path

import fpbench
from fpbench.results.files import schema

PATH = Path(fpbench.__file__).parent / "schemas/result-1.0.json"


def text() -> str:
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
