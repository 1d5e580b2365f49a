"""An index with the names that errors, results and cache keys use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fpbench.errors import FpbenchError
from fpbench.plugin.indexes import Index


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedIndex:
    """An empty index, with the names that errors, results and cache keys use.

    Args:
        name: As in the run's config, such as ``faiss:HNSW32`` or ``ivfpq:nprobe=5``.
        plugin: Name of its plugin in errors.
        code: Hash of the plugin's files.
        index: The index itself.
        contents: As of :class:`fpbench.search.blocks.BlockSearch`.
    """

    name: str
    plugin: str
    code: str
    index: Index
    contents: str | None = None

    @property
    def parameters(self) -> Mapping[str, int | float | str]:
        """The settings of the index that decide its candidates."""
        return self.index.parameters

    def check(self) -> None:
        """Check, before any long work, that a run can use the index and a result can describe it.

        Raises:
            FpbenchError: Its kind is unknown, or a parameter is neither a number nor a string.
        """
        if self.index.kind not in ("block", "growing"):
            raise FpbenchError(
                f"plugin '{self.plugin}' breaks a rule: index '{self.name}' is of the kind "
                f"{self.index.kind!r}",
                hint="set kind to 'block' in a BlockIndex and to 'growing' in a GrowingIndex",
            )
        for name, value in self.index.parameters.items():
            if not isinstance(value, int | float | str):
                raise FpbenchError(
                    f"plugin '{self.plugin}' breaks a rule: parameter {name} of index "
                    f"'{self.name}' is {value!r}",
                    hint="use numbers and strings as parameters, because a result holds them",
                )


def names_that_fill(indexes: Sequence[NamedIndex]) -> list[str]:
    """Names of the indexes that are trained and filled; the others share the contents of these."""
    filling: dict[object, str] = {}
    for one in indexes:
        filling.setdefault(one.contents or id(one), one.name)
    return list(filling.values())
