"""Results with the path of their file, beside which the evidence is."""

from dataclasses import fields
from pathlib import Path

from fpbench.results.document import Result
from fpbench.results.files import read_result
from fpbench.units import count_label


class LoadedResult(Result):
    """A result with the path of its file.

    The path is not a field: it is not in the JSON document, and results with different paths can be
    equal. A copy by :func:`dataclasses.replace` has no path.
    """

    path: Path | None = None

    @classmethod
    def read(cls, path: Path) -> "LoadedResult":
        """Read and check a result.

        Raises:
            FpbenchError: See :func:`read_result`.
        """
        result = read_result(path)
        loaded = cls(**{field.name: getattr(result, field.name) for field in fields(Result)})
        object.__setattr__(loaded, "path", path)  # results are frozen
        return loaded

    def __getstate__(self) -> dict[str, object]:
        """For copies and for other processes, which know the file, too."""
        return {field.name: getattr(self, field.name) for field in fields(Result)} | {
            "path": self.path
        }

    def __setstate__(self, state: dict[str, object]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return (
            f"<result of {self.fingerprinter.name} on {self.data.name}: "
            f"{count_label(self.queries.n, 'query', 'queries')}, "
            f"{count_label(len(self.curves), 'curve')}, {self.path or 'no file'}>"
        )
