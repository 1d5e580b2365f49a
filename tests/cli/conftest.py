"""A config that asks short questions about the small folder of music."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory, small_sketch: str) -> Path:
    """40 queries, only louder or quieter, so that a run takes a second."""
    path = tmp_path_factory.mktemp("config") / "run.toml"
    path.write_text(
        f"""
        fingerprinter = "{small_sketch}"
        sizes = [100, 200, 1000]
        index_options.ivf = {{ nlist = "4", nprobe = "4" }}

        [recipe]
        n_queries = 40
        max_offset_s = 0

        [[recipe.degradations]]
        name = "gain"
        """
    )
    return path


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, config: Path, music: Path) -> Path:
    """The folder of a run with both kinds of distractors and two indexes.

    It holds the files of the result in `out`, the `cache`, and what was printed in `stdout`; tests
    that would change them copy them.
    """
    folder = tmp_path_factory.mktemp("finished")
    typed = ["run", "--config", config, "--dataset", f"folder:{music}", "--index", "exact"]
    typed += ["--index", "ivf", "--cache", folder / "cache"]
    typed += ["--out", folder / "out" / "result.json"]
    shown = CliRunner().invoke(main, [str(part) for part in typed])
    assert shown.exit_code == 0, shown.stderr
    (folder / "stdout").write_text(shown.stdout)
    return folder


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache for all runs that name none, so that what they have in common is made once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def run(tmp_path: Path, cache: Path) -> Callable[..., Result]:
    """`fpbench run` with a result of its own, and any arguments."""
    places = {"--cache": cache, "--out": tmp_path / "out" / "result.json"}
    return lambda *arguments: CliRunner().invoke(main, ["run", *with_defaults(places, arguments)])


@pytest.fixture
def run_on(run: Callable[..., Result], music: Path) -> Callable[..., Result]:
    """The same on the small folder of music, with a config and any arguments."""
    return lambda config, *arguments: run(
        *with_defaults({"--config": config, "--dataset": f"folder:{music}"}, arguments)
    )


def with_defaults(defaults: Mapping[str, object], arguments: Sequence[object]) -> list[str]:
    """Arguments, and the options that they lack, because an option may be given only once."""
    absent = [part for name in defaults if name not in arguments for part in (name, defaults[name])]
    return [str(part) for part in (*absent, *arguments)]
