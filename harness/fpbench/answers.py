"""What an index answers, checked once where it comes in."""

from collections.abc import Callable

import numpy as np

from fpbench.catalog import blaming
from fpbench.errors import FpbenchError
from fpbench.interfaces import Candidates

_DTYPES = {"ids": np.int64, "keys": np.float32, "scores": np.float32}


def answered(
    ask: Callable[[], Candidates], plugin: str, *, shape: tuple[int, int], rows: int
) -> Candidates:
    """Ask an index, and refuse what no index may answer.

    Args:
        ask: Searches.
        plugin: What errors call the index's plugin.
        shape: Of each array of the answer: one row for each vector that was looked up.
        rows: In what was searched.

    Raises:
        FpbenchError: It failed, or answered in another shape or dtype, with rows that are not
            there, or with NaN.
    """
    with blaming(plugin, f"searching {rows} rows"):
        found: object = ask()
    if not isinstance(found, Candidates):
        raise _broken(plugin, f"answers are Candidates, not {type(found).__name__}")
    for name, dtype in _DTYPES.items():
        array: object = getattr(found, name)
        if not isinstance(array, np.ndarray):
            raise _broken(plugin, f"{name} are a NumPy array, not {type(array).__name__}")
        if (array.dtype, array.shape) != (dtype, shape):
            has = f"{array.dtype} {array.shape}"
            raise _broken(plugin, f"{name} are {np.dtype(dtype)} {shape}, not {has}")
    if found.ids.size and not -1 <= found.ids.min() <= found.ids.max() < rows:
        span = f"{found.ids.min()} to {found.ids.max()}"
        raise _broken(plugin, f"ids are rows searched, 0 to {rows - 1}, or -1, not {span}")
    if np.isnan(found.keys).any() or np.isnan(found.scores).any():
        raise _broken(plugin, "keys and scores are numbers, not NaN")
    return found


def _broken(plugin: str, rule: str) -> FpbenchError:
    return FpbenchError(f"plugin '{plugin}' breaks a rule: {rule}", hint="mend the index's search")
