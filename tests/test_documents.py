"""Documents lead to files that exist, and name commands and options that exist."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest

from fpbench import FpbenchError, Settings
from fpbench.cli import main
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.options import list_settings
from fpbench.testing import check_fingerprinter

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "plugins/**/*.md")
    for path in ROOT.glob(pattern)
    if not path.name.startswith(".")
)
FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^()\s]+)\)")
ELSEWHERE = re.compile(r"[a-z]+:|#")

documents = pytest.mark.parametrize(
    "path", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS]
)


def links(text: str) -> Iterator[str]:
    """The relative links and images of a Markdown text, without what follows a ``#``."""
    for target in LINK.findall(FENCED.sub("", text)):
        if not ELSEWHERE.match(target):
            yield target.partition("#")[0]


def typed_commands(text: str) -> Iterator[list[str]]:
    """The words of each ``fpbench`` command in the text's blocks of shell commands."""
    for _, language, block in FENCED.findall(text):
        if language in ("", "sh"):
            for line in block.replace("\\\n", " ").splitlines():
                for command in re.split(r"&&|[|>;]", line.partition(" #")[0]):
                    words = shlex.split(command)
                    if words[:1] == ["fpbench"]:
                        yield words[1:]


def unknown_words(words: list[str]) -> list[str]:
    """Sub-commands and options that fpbench does not have."""
    command: click.Command = main
    context = click.Context(main)
    unknown: list[str] = []
    for word in words:
        if word.startswith("-") and word != "--help":
            known = {name for option in command.params for name in option.opts}
            unknown += [word] if word.partition("=")[0] not in known else []
        elif isinstance(command, click.Group):
            below = command.get_command(context, word)
            if below is None:
                return [*unknown, word]
            command = below
    return unknown


def test_there_are_documents() -> None:
    names = {str(path.relative_to(ROOT)) for path in DOCUMENTS}
    assert {"README.md", "CONTRIBUTING.md", "docs/index.md", "docs/howto/plugin.md"} <= names
    assert "plugins/fpbench_plugins/nafp/weights/README.md" in names


def test_links_are_found_and_code_is_not_searched() -> None:
    text = "![p](a.png) [q](b/c.md#d) [r](https://e) [s](#f)\n```sh\nx[0](g.md)\n```\n"
    assert list(links(text)) == ["a.png", "b/c.md"]


def test_commands_are_found() -> None:
    text = "  ```sh\n  fpbench run \\\n    --plan  # its needs\n  ls && fpbench new x > y\n  ```\n"
    assert list(typed_commands(text)) == [["run", "--plan"], ["new", "x"]]


@pytest.mark.parametrize(
    ("typed", "unknown"),
    [
        pytest.param("run --index exact --plan", [], id="right"),
        pytest.param("weights fetch nmfp --variant triplet", [], id="group"),
        pytest.param("run --indexes exact", ["--indexes"], id="option"),
        pytest.param("weights get nmfp", ["get"], id="command"),
    ],
)
def test_unknown_words_are_noticed(typed: str, unknown: list[str]) -> None:
    assert unknown_words(typed.split()) == unknown


def test_the_tutorial_measures_the_model_of_the_readme() -> None:
    readme, tutorial = (
        (ROOT / path).read_text(encoding="utf-8") for path in ("README.md", "docs/tutorial.md")
    )
    model, _ = (block for _, language, block in FENCED.findall(readme) if language == "python")
    assert model in tutorial


@pytest.mark.slow
@pytest.mark.parametrize("path", ["README.md", "harness/fpbench/scaffold/README.md.txt"])
def test_a_network_with_a_checkpoint_and_a_setting_works_as_shown(
    path: str, tmp_path: Path
) -> None:
    import torch
    from safetensors.torch import save_file

    text = (ROOT / path).read_text(encoding="utf-8").replace("$name", "shown")
    *_, network = (block for _, language, block in FENCED.findall(text) if language == "python")
    assert len([line for line in network.splitlines() if line.strip()]) <= 26
    plugin = tmp_path / "shown.py"
    plugin.write_text(network)
    rng = torch.Generator().manual_seed(0)
    state = {"weight": torch.randn(128, 8_000, generator=rng), "bias": torch.zeros(128)}
    torch.save(state, tmp_path / "epoch-100.pt")
    save_file(state, tmp_path / "epoch-100.safetensors")
    catalog, name = Catalog.load(), f"plugin:{plugin}"
    segments = np.full((2, 8_000), 0.1, dtype=np.float32)
    vectors = []
    for weights in ("epoch-100.pt", "epoch-100.safetensors"):
        settings = Settings(weights=tmp_path / weights, options={"hop_s": "0.25"})
        shown = catalog.fingerprinter(name, settings)
        assert shown.spec.hop_s == 0.25
        check_fingerprinter(shown, np.random.default_rng(0))
        vectors.append(shown.embed(segments))
    np.testing.assert_array_equal(*vectors)
    with pytest.raises(FpbenchError, match="needs weights, and none are given"):
        catalog.fingerprinter(name, Settings())
    (offer,) = catalog.plugin_offers(name, ["fingerprinter"])
    (setting,) = list_settings(offer.entry.create, None) or []
    assert (setting.name, setting.default) == ("hop_s", "0.5")


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    assert [page for page in pages if f": {page}\n" not in navigation] == []


@documents
def test_links_lead_to_files(path: Path) -> None:
    targets = links(path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


@documents
def test_commands_exist(path: Path) -> None:
    commands = typed_commands(path.read_text(encoding="utf-8"))
    assert [unknown for words in commands for unknown in unknown_words(words)] == []
