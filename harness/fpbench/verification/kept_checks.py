"""Notes of results whose numbers were found to follow from their evidence.

To compute them again takes seconds for each result, and a leaderboard has many. A note is of the
bytes of the result, which name the hashes of its evidence, and of the code of the checks. It says
nothing of other checks, and ``fpbench validate`` looks at none.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.hashing import code_key, content_key, file_sha256

KIND = "checked-results"


@dataclass(frozen=True, slots=True)
class KeptChecks:
    """The notes in a cache."""

    store: Store

    @classmethod
    def open(cls) -> "KeptChecks | None":
        """Those in the user's cache; None if there can be no cache."""
        try:
            return cls(Store.open())
        except FpbenchError:
            return None

    def holds(self, result: Path, sha256: str | None = None) -> bool:
        """Whether there is a note of a result file.

        Args:
            result: The file.
            sha256: Hash of the bytes that were read; there is no note of a file that has changed
                since. None means the file as it is.
        """
        try:
            key = self._key(result, sha256)
            return key is not None and self.store.read(KIND, key) is not None
        except FpbenchError:
            return False

    def add(self, result: Path, sha256: str | None = None) -> None:
        """Note that all numbers of a result follow from its evidence, which is all there.

        Args:
            result: The file.
            sha256: As for :meth:`holds`: a file that has changed since is not noted.
        """
        # A cache that cannot be used saves no time, and changes nothing else.
        with suppress(FpbenchError):
            key = self._key(result, sha256)
            if key is not None:
                self.store.write(KIND, key, {"agrees": np.ones(1, bool)}, durable=False)

    def _key(self, result: Path, sha256: str | None) -> str | None:
        """Key of the note; None if the file has other bytes than those that were read."""
        now = file_sha256(result)
        if sha256 not in (None, now):
            return None
        return content_key(code=code_key("fpbench.verification.checks"), result=now)
