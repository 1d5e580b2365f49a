"""The exception for everything that the user can fix."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class FpbenchError(Exception):
    """An error that the user can fix.

    Args:
        message: Names the file, the field and the value that are wrong.
        hint: Instruction, printed on a separate line.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if hint is not None:
            self.add_note(f"Hint: {hint}")  # tracebacks show it, as in a notebook


class ErrorCollector:
    """Collects the errors of several files, so that one file does not cost the others' answer."""

    def __init__(self) -> None:
        self._errors: list[FpbenchError] = []

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Keep an error for later; the rest of the block is skipped."""
        try:
            yield
        except FpbenchError as err:
            if err.message not in (known.message for known in self._errors):
                self._errors.append(err)

    def __len__(self) -> int:
        return len(self._errors)

    def raise_all(self) -> None:
        """Raise what was collected; nothing if there is nothing.

        Raises:
            FpbenchError: The only error, or one that lists all of them.
        """
        if len(self._errors) == 1:
            raise self._errors[0]
        if self._errors:
            raise FpbenchError(
                f"{len(self._errors)} files have errors:\n{_listing(self._errors)}",
                hint="; ".join(dict.fromkeys(err.hint for err in self._errors if err.hint)) or None,
            )


def _listing(errors: Sequence[FpbenchError]) -> str:
    return "\n".join(f"  {err.message}" for err in errors)
