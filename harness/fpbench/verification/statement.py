"""What a submitter states about a result, beyond what its run knows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fpbench.conversion import convert
from fpbench.errors import FpbenchError
from fpbench.folder_names import find_path
from fpbench.results.document import Result
from fpbench.results.files import identify, read_result
from fpbench.results.provenance import Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """The options of ``fpbench submit`` that become fields of the result.

    Args:
        submitter: A name; None leaves the provenance as it is.
        relation: ``author``, ``independent`` or ``maintainer``.
        supersedes: Files of earlier results, or the ``result_id`` of each.
        notes: What readers should know.
        weights_licence: Licence of the weights; None keeps what the plugin declares.
        training_data: What the weights were trained on; likewise.
    """

    submitter: str | None = None
    relation: str | None = None
    supersedes: Sequence[str] = ()
    notes: str = ""
    weights_licence: str | None = None
    training_data: str | None = None

    def apply_to(self, result: Result) -> Result:
        """The result with what is stated.

        Raises:
            FpbenchError: The provenance has no submitter or no relation, a field does not take its
                value, or a superseded result cannot be read.
        """
        declared: dict[str, Any] = {
            name: value
            for name in ("weights_licence", "training_data")
            if (value := getattr(self, name)) is not None
        }
        system = replace(result.fingerprinter, **declared)
        return replace(
            result,
            fingerprinter=system,
            provenance=self._provenance() or result.provenance,
        )

    def _provenance(self) -> Provenance | None:
        if self.submitter is None and self.relation is None:
            if self.supersedes or self.notes:
                raise FpbenchError(
                    "--supersedes and --notes need to know who says so",
                    hint="add --submitter NAME and --relation author, independent or maintainer",
                )
            return None
        if self.submitter is None or self.relation is None:
            raise FpbenchError(
                "--submitter and --relation go together",
                hint="give both: a name, and author, independent or maintainer",
            )
        document = {
            "submitter": self.submitter,
            "relation": self.relation,
            "supersedes": [find_result_id(text) for text in self.supersedes],
            "notes": self.notes,
        }
        for name in ("submitter", "notes"):
            found = find_path(str(document[name]))
            if found is not None:
                raise FpbenchError(
                    f"--{name} holds the path '{found}', which tells others about your machine",
                    hint="leave it out",
                )
        return convert(document, Provenance, "the command line", where="provenance")


def find_result_id(text: str) -> str:
    """The ``result_id`` that a text is, or that of the result in the file that it names.

    Raises:
        FpbenchError: It is neither.
    """
    if len(text) == 64 and set(text) <= set("0123456789abcdef"):
        return text
    return identify(read_result(Path(text)))
