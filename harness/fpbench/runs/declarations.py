"""What a file of weights declares for results."""

from pathlib import Path

from fpbench.errors import FpbenchError
from fpbench.json_documents import parse_json
from fpbench.tensor_files import read_tensors

_KEY = "fpbench"  # as in fpbench.encoders.weights


def read_licence(weights: Path) -> str | None:
    """Licence of weights according to their file; None if it has another format or does not say."""
    try:
        metadata = read_tensors(weights, advice="", values=False).metadata
        info = parse_json(metadata.get(_KEY, "null"))
    except (FpbenchError, ValueError):  # of a plugin's own format
        return None
    licence = info.get("licence") if isinstance(info, dict) else None
    return licence if isinstance(licence, str) else None
