"""Plugins are found by name; errors name the broken plugin and the rule."""

import textwrap
from pathlib import Path

import numpy as np
import pytest

from fpbench import FpbenchError, Settings
from fpbench.plugin.catalog import Catalog

GOOD = textwrap.dedent("""
    import numpy as np
    from fpbench import Entry, FingerprintSpec, hookimpl

    class Flat:
        spec = FingerprintSpec(sample_rate_hz=8000, segment_s=1.0, dim=4)
        def embed(self, segments, /):
            return np.full((len(segments), 4), 0.5, dtype=np.float32)

    @hookimpl
    def fpbench_fingerprinters():
        return [Entry(name="{name}", summary="flat", create=lambda settings: Flat())]
""")


def write(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    return str(folder / name)


@pytest.fixture
def catalog() -> Catalog:
    return Catalog.load()


def test_says_how_a_dataset_is_divided(
    catalog: Catalog, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.wav").touch()
    catalog.dataset(f"folder:{tmp_path}", Settings())
    assert f"'folder:{tmp_path}' is divided: 0 tracks are reference and 1 distract" in caplog.text


def test_finds_the_bundled_plugins_without_faults(catalog: Catalog) -> None:
    assert catalog.faults == []
    names = [offer.entry.name for offer in catalog.offers("fingerprinter")]
    assert {"spectral-sketch", "random"} <= set(names)
    assert names == sorted(names)


def test_a_registered_name_works_with_the_prefix(catalog: Catalog) -> None:
    offer, argument = catalog.offer("fingerprinter", "plugin:spectral-sketch")
    assert (offer.entry.name, argument) == ("spectral-sketch", None)


def test_suggests_the_prefix_for_a_module_in_this_folder(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mymodel.py").touch()
    for name in ("mymodel", "mymodel.py"):
        with pytest.raises(FpbenchError, match=name) as err:
            catalog.offer("fingerprinter", name)
        assert err.value.hint == f"write plugin:{name}"


def test_suggests_the_dataset_that_a_path_fits(catalog: Catalog, tmp_path: Path) -> None:
    def hint(path: Path) -> str | None:
        with pytest.raises(FpbenchError, match="no dataset is called") as err:
            catalog.offer("dataset", str(path))
        return err.value.hint

    assert hint(tmp_path) == f"write folder:{tmp_path}"
    (tmp_path / "fma_metadata").mkdir()
    assert hint(tmp_path) == f"write fma:{tmp_path} or folder:{tmp_path}"
    table = tmp_path / "tracks.csv"
    table.touch()
    assert hint(table) == f"write manifest:{table}"
    missing = hint(tmp_path / "no")
    assert missing is not None
    assert "folder:DIR" in missing


def test_refuses_missing_weights_for_a_plugin_without_weights(
    catalog: Catalog, tmp_path: Path
) -> None:
    path = write(tmp_path, "mymodel.py", GOOD.format(name="mine"))
    for weights in (tmp_path / "nowhere.safetensors", tmp_path):
        with pytest.raises(FpbenchError, match=f"no weights file '{weights}'"):
            catalog.fingerprinter(f"plugin:{path}", Settings(weights=weights))


def test_suggests_a_name_for_a_misspelt_one(catalog: Catalog) -> None:
    with pytest.raises(FpbenchError, match="no fingerprinter is called 'spectral-skech'") as err:
        catalog.fingerprinter("spectral-skech", Settings())
    assert err.value.hint == "did you mean 'spectral-sketch'?"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "rule"),
    [
        pytest.param("import nothing_of_that_name", "ModuleNotFoundError", id="import-error"),
        pytest.param("def f(:", "SyntaxError", id="syntax-error"),
        pytest.param(
            GOOD.replace("fpbench_fingerprinters", "fpbench_fingerprinterz"),
            "unknown hook 'fpbench_fingerprinterz'",
            id="misspelt-hook",
        ),
        pytest.param(
            GOOD.replace("fpbench_fingerprinters()", "fpbench_fingerprinters(speed)"),
            "speed",
            id="wrong-signature",
        ),
        pytest.param(GOOD.replace("@hookimpl", ""), "@hookimpl|not marked", id="unmarked-hook"),
        pytest.param(
            GOOD + "def fpbench_checkpoints():\n    return []\n",
            "fpbench_checkpoints is not marked",
            id="unmarked-checkpoints",
        ),
        pytest.param(
            GOOD.replace('[Entry(name="{name}", summary="flat", create=lambda settings: Flat())]',
                         '["mine"]'),
            "returned str, not an fpbench.Entry",
            id="not-an-entry",
        ),
        pytest.param(GOOD.replace('"{name}"', '"random"'), "both offer", id="duplicate-name"),
        pytest.param(
            GOOD.replace("lambda settings: Flat()", "lambda settings: Flat(1, 2)"),
            "failed while creating",
            id="create-raises",
        ),
        pytest.param("x = 1", "offers no fingerprinter", id="no-hooks"),
    ],
)  # fmt: skip
def test_errors_name_the_broken_plugin_and_the_rule(
    catalog: Catalog, tmp_path: Path, text: str, rule: str
) -> None:
    path = write(tmp_path, "broken.py", text.replace("{name}", "mine"))
    with pytest.raises(FpbenchError, match=rule) as err:
        catalog.fingerprinter(f"plugin:{path}", Settings())
    assert "broken.py" in err.value.message or "broken.py" in str(err.value.__cause__)
    assert catalog.fingerprinter("spectral-sketch", Settings()).spec.dim == 128


def test_output_of_a_plugin_goes_to_stderr(
    catalog: Catalog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "loud.py", 'print("hello from a plugin")' + GOOD.format(name="loud"))
    catalog.fingerprinter(f"plugin:{path}", Settings())
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "hello from a plugin" in printed.err


def test_checks_the_argument_after_a_colon(catalog: Catalog) -> None:
    with pytest.raises(FpbenchError, match="dataset 'folder' needs an argument"):
        catalog.dataset("folder", Settings())
    with pytest.raises(FpbenchError, match="dataset 'folder' needs an argument") as err:
        catalog.dataset("plugin:folder", Settings())
    assert err.value.hint == "write folder:DIR"
    with pytest.raises(FpbenchError, match="takes no argument, but got '3'"):
        catalog.fingerprinter("random:3", Settings())


def test_loads_a_fingerprinter_from_a_file(catalog: Catalog, tmp_path: Path) -> None:
    path = write(tmp_path, "mymodel.py", GOOD.format(name="mine"))
    fingerprinter = catalog.fingerprinter(f"plugin:{path}", Settings())
    vectors = fingerprinter.embed(np.zeros((3, 8000), dtype=np.float32))  # type: ignore[union-attr]
    assert vectors.shape == (3, 4)


@pytest.mark.parametrize(
    "name", ["9" * 5_000, "plugin:" + "9" * 5_000 + ".py", "a\0b", "~nobody-here/x"]
)
@pytest.mark.parametrize("kind", ["generator", "dataset"])
def test_names_that_no_file_can_have_are_unknown(catalog: Catalog, kind: str, name: str) -> None:
    with pytest.raises(FpbenchError, match=r"no (generator|dataset|plugin)"):
        catalog.offer(kind, name)
