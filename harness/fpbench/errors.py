"""The one exception that means: the user can fix this."""


class FpbenchError(Exception):
    """Something the user can put right, with the words to say so.

    Args:
        message: Names the offending file, field and value.
        hint: An instruction, printed on a line of its own.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
