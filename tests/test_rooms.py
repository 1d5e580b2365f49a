"""Tests mirror the harness: a file for each module, in the folder of its room."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import fpbench

PACKAGE = Path(fpbench.__file__).parent
TESTS = Path(__file__).parent

ELSEWHERE = {"cli", "scaffold"}
"""Folders whose tests have other names: commands are tested by what they do."""

ROOMS = [
    path.parent
    for path in sorted(PACKAGE.glob("*/**/__init__.py"))
    if path.parent.name not in ELSEWHERE
]


def modules() -> Iterator[Path]:
    """All modules of the harness that have a test of their own, without the folder above."""
    for path in sorted(PACKAGE.rglob("*.py")):
        module = path.relative_to(PACKAGE)
        if module.parts[0] not in ELSEWHERE and not module.name.startswith("__"):
            yield module


def only_declares(module: Path) -> bool:
    """Whether no function in it does anything: protocols, hooks, and dataclasses without code."""
    functions = [
        node
        for node in ast.walk(ast.parse((PACKAGE / module).read_bytes()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    ]
    return all(isinstance(f, ast.FunctionDef) and _is_empty(f.body[-1]) for f in functions)


def _is_empty(statement: ast.stmt) -> bool:
    """A docstring, dots, or that a hook is not implemented here."""
    if isinstance(statement, ast.Raise):
        return ast.unparse(statement) == "raise NotImplementedError"
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


@pytest.mark.slow
def test_every_module_has_a_test_file_of_its_name() -> None:
    missing = {
        module.as_posix()
        for module in modules()
        if not only_declares(module)
        and not (TESTS / module.parent / f"test_{module.name}").is_file()
    }
    assert missing == set()


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.relative_to(PACKAGE).as_posix())
def test_a_room_says_what_it_is_for_in_one_sentence_and_exports_nothing(room: Path) -> None:
    body = ast.parse((room / "__init__.py").read_bytes()).body
    assert len(body) == 1
    assert isinstance(body[0], ast.Expr)
    assert isinstance(body[0].value, ast.Constant)
    sentence = body[0].value.value
    assert isinstance(sentence, str)
    assert sentence.count(".") == 1
    assert sentence.endswith(".")
    assert "\n" not in sentence
