"""The rows at which the queries of a protocol begin."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from fpbench.array_files import DAMAGE, read_array_file
from fpbench.errors import FpbenchError
from fpbench.hashing import rows_digest
from fpbench.randomness import Stream, rng_at
from fpbench.runs.protocols.definitions import ALL, ICASSP
from fpbench.user_paths import expand_path

ICASSP_FILE = "test_ids_icassp2021.npy"


@dataclass(frozen=True, slots=True)
class TestIds:
    """Start rows of queries.

    Args:
        choice: How they were chosen, for the result.
        rows: The rows, in the order of the queries.
    """

    __test__ = False  # nothing for pytest

    choice: str
    rows: Int64[np.ndarray, " queries"] = field(repr=False)

    @property
    def digest(self) -> str:
        """Hash of the rows."""
        return rows_digest(self.rows)


def choose_test_ids(
    wanted: str | None,
    *,
    default: str,
    rows: int,
    longest: int,
    folder: Path | None,
    seed: int,
    official_seed: int | None,
) -> TestIds:
    """The start rows of a protocol.

    Args:
        wanted: ``icassp``, ``all``, a number, or a ``.npy`` file; None means the default: the file
            of ``icassp`` where there is one, else ``all``.
        default: The authors' own choice.
        rows: Rows of the queries' matrix.
        longest: Fingerprints in the longest query.
        folder: Folder of the dataset, in which the file of ``icassp`` is looked for first.
        seed: Seed of the run.
        official_seed: As of :class:`fpbench.runs.protocols.definitions.Protocol`.

    Raises:
        FpbenchError: There is no such file; it holds something else; or there are fewer rows.
    """
    # The scripts leave out the last row at which a query of the longest length could begin.
    possible = max(0, rows - longest)
    if wanted is None:
        found = _find_icassp(folder) if default == ICASSP else None
        wanted = ALL if found is None else ICASSP
    if wanted == ALL:
        chosen = TestIds(ALL, np.arange(possible))
    elif wanted == ICASSP:
        path = _find_icassp(folder)
        if path is None:
            raise FpbenchError(
                f"there is no {ICASSP_FILE} in the dataset's folder or below the current one",
                hint="put that file of the authors there, or choose --test-ids all, a number or a "
                "file",
            )
        chosen = TestIds(ICASSP, read_test_ids(path, rows))
    elif wanted.isdigit():
        count = int(wanted)
        if not 1 <= count <= possible:
            raise FpbenchError(
                f"--test-ids {wanted} asks for {count} of {possible} possible start rows",
                hint="choose a smaller number, or all",
            )
        if official_seed is not None:
            # The script's own draw, which another generator would not give.
            order = np.random.RandomState(official_seed).permutation(possible)
        else:
            order = rng_at(seed, Stream.QUERY_POSITION).permutation(possible)
        chosen = TestIds(wanted, order[:count].astype(np.int64))
    else:
        path = expand_path(wanted)
        chosen = TestIds(path.name, read_test_ids(path, rows))
    if len(chosen.rows) == 0:
        raise FpbenchError(
            f"{rows} rows of queries are too few for queries of {longest} fingerprints",
            hint="use shorter --query-lengths, or more queries",
        )
    return chosen


def read_test_ids(path: Path, rows: int) -> Int64[np.ndarray, " queries"]:
    """Start rows from a ``.npy`` file.

    Raises:
        FpbenchError: It cannot be read, or does not hold rows of the queries.
    """
    try:
        found = read_array_file(path)
    except DAMAGE as err:
        raise FpbenchError(
            f"cannot read test ids from '{path}': {err}",
            hint="give icassp, all, a number, or a .npy file of row numbers",
        ) from err
    if found.ndim != 1 or found.dtype.kind not in "iu" or len(found) == 0:
        raise FpbenchError(
            f"'{path}' holds {found.dtype} of shape {found.shape}, not a list of row numbers",
            hint="write it with numpy.save, as int64",
        )
    wrong = (found < 0) | (found >= rows)
    if wrong.any():
        raise FpbenchError(
            f"'{path}': test id {found[wrong][0]} is no row of the {rows} queries",
            hint="count rows from 0, and use the test ids of these queries",
        )
    return found.astype(np.int64)


def _find_icassp(folder: Path | None) -> Path | None:
    """The authors' file: in the folder of the dataset, else the first below the current one."""
    if folder is not None and (folder / ICASSP_FILE).is_file():
        return folder / ICASSP_FILE
    return min(Path().rglob(ICASSP_FILE), default=None)
