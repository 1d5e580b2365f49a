"""Results that know their file: the evidence lies beside it."""

from dataclasses import fields
from pathlib import Path

from fpbench.results.document import Result
from fpbench.results.files import read_result


class LoadedResult(Result):
    """A result, and the file that it is in.

    The path is no field: it is not in the JSON document, and two results are equal whatever their
    files are called. What :func:`dataclasses.replace` makes of it is in no file.
    """

    path: Path | None = None

    @classmethod
    def read(cls, path: Path) -> "LoadedResult":
        """Read and check a result.

        Raises:
            FpbenchError: As :func:`read_result`.
        """
        result = read_result(path)
        loaded = cls(**{field.name: getattr(result, field.name) for field in fields(Result)})
        object.__setattr__(loaded, "path", path)  # results are frozen
        return loaded

    def __repr__(self) -> str:
        return (
            f"<result of {self.fingerprinter.name} on {self.data.name}: {self.queries.n} queries, "
            f"{len(self.curves)} curves, {self.path or 'in no file'}>"
        )
