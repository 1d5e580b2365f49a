"""A changed line of code makes the outputs again that it may shape, and no others.

The tests edit one module in a copy of the package and compare keys.
"""

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

import fpbench
from fpbench import hashing

PACKAGE = Path(fpbench.__file__).parent

OUTPUTS = {
    "surveys": "fpbench.audio.survey",
    "tracks": "fpbench.fingerprints.cached_tracks",
    "sets": "fpbench.fingerprints.track_sets",
    "near copies": "fpbench.fingerprints.near_copies",
    "queries": "fpbench.fingerprints.query_sets",
    "whole queries": "fpbench.fingerprints.whole_queries",
    "training audio": "fpbench.encoders.training_audio",
    "evidence": "fpbench.search.tasks",
    "nearest rows": "fpbench.search.nearest_rows",
    "tails": "fpbench.search.tails",
    "run starts": "fpbench.search.run_starts",
    "run tails": "fpbench.search.run_tails",
    "fidelity": "fpbench.runs.generator",
}
"""Kinds of output in the cache, each with the module whose code key is part of its key."""

EVERYTHING = set(OUTPUTS)
SIMULATED = {"tails", "run starts", "run tails"}
FINGERPRINTED = {"tracks", "sets", "near copies"}
OF_AUDIO = {"surveys", "queries", "whole queries", "training audio"} | FINGERPRINTED


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package, with code only."""
    folder = tmp_path_factory.mktemp("code") / "fpbench"
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("__pycache__", "scaffold"))
    return folder


@pytest.fixture
def edit(copy: Path) -> Iterator[Callable[[str, Callable[[str], str]], None]]:
    """Changes the text of a module for one test."""
    originals: dict[Path, str] = {}

    def change(module: str, change_text: Callable[[str], str]) -> None:
        path = copy / f"{module}.py"
        originals[path] = path.read_text()
        path.write_text(change_text(originals[path]))

    yield change
    for path, text in originals.items():
        path.write_text(text)


@pytest.fixture(scope="module")
def copied_hashing(copy: Path) -> ModuleType:
    """The module ``fpbench.hashing`` of the copy."""
    spec = importlib.util.spec_from_file_location("copied_hashing", copy / "hashing.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def key_of(copied_hashing: ModuleType) -> Callable[..., str]:
    """Names the code of some modules as the copy has it now."""

    def key_of(*modules: str) -> str:
        copied_hashing.code_key.cache_clear()
        key: str = copied_hashing.code_key(*modules)
        return key

    return key_of


def keys(key_of: Callable[..., str]) -> dict[str, str]:
    return {output: key_of(module) for output, module in OUTPUTS.items()}


@pytest.fixture(scope="module")
def before(key_of: Callable[..., str]) -> dict[str, str]:
    """The keys of all outputs before any edit."""
    return keys(key_of)


def add_code(text: str) -> str:
    return f"{text}\nEDITED = True\n"


def add_words(text: str) -> str:
    """A comment, and another docstring for the module and each of its functions and classes."""
    tree = ast.parse(text)
    lines = text.splitlines()
    for node in sorted(ast.walk(tree), key=lambda n: -getattr(n, "lineno", 0)):
        kinds = ast.FunctionDef | ast.ClassDef
        if isinstance(node, kinds):
            first = node.body[0]
            indent = lines[first.lineno - 1][: first.col_offset]
            if indent.isspace():  # not behind the colon
                lines.insert(first.lineno - 1, indent + '"""Other words."""')
    return "\n".join(['"""Other words."""', *lines, "# A comment.", ""])


@pytest.mark.parametrize(
    ("module", "made_again"),
    [
        # the ground
        pytest.param("errors", EVERYTHING, id="errors"),
        pytest.param("randomness", EVERYTHING - {"surveys"} - FINGERPRINTED, id="randomness"),
        pytest.param("prefetch", EVERYTHING, id="prefetch"),
        pytest.param("testing", set(), id="testing"),
        # the rooms
        pytest.param("plugin/fingerprinters", EVERYTHING, id="plugin: a spec"),
        pytest.param(
            "plugin/checked",
            {"evidence", "nearest rows", "fidelity"} | SIMULATED,
            id="plugin: checks",
        ),
        pytest.param("audio/reading", OF_AUDIO, id="audio: reading"),
        pytest.param("audio/survey", OF_AUDIO - {"queries", "whole queries"}, id="audio: survey"),
        pytest.param("audio/queries", {"queries", "whole queries"}, id="audio: queries"),
        pytest.param(
            "fingerprints/embedding",
            {"queries", "whole queries"} | FINGERPRINTED,
            id="fingerprints",
        ),
        pytest.param("fingerprints/track_sets", {"sets", "near copies"}, id="fingerprints: sets"),
        pytest.param("search/blocks", {"evidence", "nearest rows"}, id="search: blocks"),
        pytest.param(
            "search/scores",
            {"evidence", "nearest rows", "fidelity"} | SIMULATED,
            id="search: scores",
        ),
        pytest.param(
            "evidence/candidates",
            {"evidence", "nearest rows", "fidelity"} | SIMULATED,
            id="evidence: candidates",
        ),
        pytest.param("evidence/hit_rates", set(), id="evidence: hit rates"),
        pytest.param("generators/fidelity", {"fidelity"}, id="generators: fidelity"),
        pytest.param("encoders/training_audio", {"training audio"}, id="encoders: audio"),
        pytest.param("encoders/training", set(), id="encoders: training"),
        pytest.param("results/names", set(), id="results: names"),
        pytest.param("review/comparison", set(), id="review"),
        pytest.param("runs/generator", {"fidelity"}, id="runs: the generator"),
        pytest.param("cli/run", set(), id="cli"),
    ],
)
def test_a_changed_line_changes_the_keys_of_the_outputs_that_it_may_shape(
    key_of: Callable[..., str],
    before: dict[str, str],
    edit: Callable[..., None],
    module: str,
    made_again: set[str],
) -> None:
    edit(module, add_code)
    after = keys(key_of)
    assert {output for output in OUTPUTS if after[output] != before[output]} == made_again


@pytest.mark.slow
def test_comments_and_docstrings_change_no_key(
    copy: Path,
    key_of: Callable[..., str],
    before: dict[str, str],
    edit: Callable[..., None],
) -> None:
    for path in sorted(copy.rglob("*.py")):
        edit(path.relative_to(copy).with_suffix("").as_posix(), add_words)
    assert keys(key_of) == before


def test_code_has_the_same_key_wherever_it_is_installed(before: dict[str, str]) -> None:
    assert before == {output: hashing.code_key(module) for output, module in OUTPUTS.items()}


def test_no_output_is_missing_here() -> None:
    # Modules that put their own code key into a key; plugin.source adds the code that plugins call.
    paths = [path for path in PACKAGE.rglob("*.py") if "code_key(__name__)" in path.read_text()]
    names = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in paths}
    assert names == set(OUTPUTS.values())


def test_every_output_has_a_different_key(before: dict[str, str]) -> None:
    keys_before = set(before.values())
    assert len(keys_before) == len(OUTPUTS)
    assert hashing.code_key() not in keys_before


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("from fpbench.errors import FpbenchError", id="a name of a module"),
        pytest.param("from fpbench import errors", id="a module"),
        pytest.param("from fpbench import FpbenchError", id="a public name"),
        pytest.param("import fpbench.errors", id="a module in full"),
        pytest.param("import fpbench", id="the package"),
        pytest.param("from fpbench import *", id="everything"),
        pytest.param("def later():\n    from fpbench.errors import FpbenchError", id="later"),
    ],
)
@pytest.mark.slow
def test_every_form_of_import_counts(
    key_of: Callable[..., str], edit: Callable[..., None], line: str
) -> None:
    edit("units", lambda _: line)
    before = key_of("fpbench.units")
    edit("errors", add_code)
    assert key_of("fpbench.units") != before


def test_a_plugin_key_contains_the_harness_code_that_it_calls(
    copied_hashing: ModuleType, key_of: Callable[..., str], edit: Callable[..., None]
) -> None:
    plugin = ast.parse("from fpbench import Entry, rng_at\nimport numpy\n")
    modules = copied_hashing.public_modules(copied_hashing.imported_names(plugin))
    assert "fpbench.randomness" in modules
    first = key_of(*sorted(modules))
    edit("search/blocks", add_code)
    assert key_of(*sorted(modules)) == first
    edit("randomness", add_code)
    assert key_of(*sorted(modules)) != first


# ---------------------------------------------------------------- a whole run


CONFIG = """
fingerprinter = "spectral-sketch"
distractors = "real"
sizes = [100]

[recipe]
n_queries = 10

[[recipe.degradations]]
name = "gain"
"""


def new_kinds(copy: Path, music: Path, folder: Path) -> set[str]:
    """Kinds of output that a run with the code of ``copy`` adds to the cache in ``folder``."""
    cache = folder / "cache"
    before = set(cache.rglob("*.*"))
    (folder / "run.toml").write_text(CONFIG)
    arguments = ["--config", folder / "run.toml", "--dataset", f"folder:{music}"]
    arguments += ["--cache", cache, "--out", folder / "result.json"]
    path = [str(copy.parent), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-m", "fpbench", "run", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    kinds = {path.relative_to(cache).parts[0] for path in set(cache.rglob("*.*")) - before}
    return kinds - {"costs"}  # a note of what each of the others cost


@pytest.mark.slow
def test_a_run_makes_only_the_outputs_again_that_a_changed_line_may_shape(
    copy: Path, edit: Callable[..., None], music: Path, tmp_path: Path
) -> None:
    first = {"surveys", "tracks", "sets", "near-copies", "queries", "evidence"}
    assert new_kinds(copy, music, tmp_path) == first
    edit("search/scores", add_code)
    assert new_kinds(copy, music, tmp_path) == {"evidence"}
    edit("audio/queries", add_code)
    assert new_kinds(copy, music, tmp_path) == {"queries", "evidence"}
