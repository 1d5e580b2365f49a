"""A changed evidence file is read, or refused by name."""

from collections.abc import Callable
from pathlib import Path

from hypothesis import strategies as st
from mutations import Draw, for_examples, mutate_arrays, mutate_bytes, read_or_refuse

from fpbench.evidence.evidence import Evidence
from fpbench.evidence.files import read_evidence, write_evidence


def use(path: Path) -> None:
    """Read evidence and rank with it."""
    evidence = read_evidence(path)
    if isinstance(evidence, Evidence):
        evidence.ranks(range(len(evidence.blocks)), 0.25)
        evidence.best_distractors(range(len(evidence.blocks)))
    else:
        for size in evidence.sizes:
            evidence.ranks(size, None)


def test_changed_arrays_and_bytes_are_read_or_refused(
    examples: int,
    evidence_of: Callable[..., Evidence],
    tmp_path: Path,
) -> None:
    path = tmp_path / "changed.npz"
    write_evidence(path, evidence_of([[0, 1, None], [0, 4, None]], track=[0, 0, 1]))
    content = path.read_bytes()

    @for_examples(examples)
    def check(data: Draw) -> None:
        mutate = data.draw(st.sampled_from([mutate_arrays, mutate_bytes]))
        path.write_bytes(mutate(data, content))
        read_or_refuse(use, path)
