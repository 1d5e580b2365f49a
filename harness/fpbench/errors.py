"""The exception for everything that the user can fix."""


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
