"""What is installed is what was published, today as the first time."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fpbench import Checkpoint, FpbenchError, PublishedFile, TensorRule
from fpbench.encoders.install import fetch, installed_path, list_installed, published_file
from fpbench.encoders.weights import WeightsInfo, load_weights, write_weights


def checkpoint(value: float) -> bytes:
    content = io.BytesIO()
    torch.save({"kernel": torch.full((2, 3), value)}, content)
    return content.getvalue()


@pytest.fixture
def server(publisher: Any) -> Any:
    publisher.content = checkpoint(1.0)
    return publisher


@pytest.fixture
def layout(server: Any) -> Checkpoint:
    url = server.url.replace("model.zip", "model.pth")
    digest = "md5:" + hashlib.md5(server.content).hexdigest()
    return Checkpoint(
        fingerprinter="toy",
        format="torch",
        tensors=lambda: [TensorRule(source="kernel", target="kernel", shape=(2, 3))],
        config={},
        licence="MIT",
        published=(
            PublishedFile(name="pinned", url=url),
            PublishedFile(name="hashed", url=url, digest=digest),
        ),
    )


def install(layout: Checkpoint, name: str, folder: Path) -> Path:
    file = published_file(layout, name)
    for _ in fetch(layout, file, folder):
        pass
    return installed_path(folder, layout, file)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_first_published_file_is_the_default(layout: Checkpoint) -> None:
    assert published_file(layout, None).name == "pinned"
    assert published_file(layout, "hashed").name == "hashed"


def test_an_unknown_file_lists_those_there_are(layout: Checkpoint) -> None:
    with pytest.raises(FpbenchError, match="'toy' has no published weights 'huge'") as err:
        published_file(layout, "huge")
    assert err.value.hint == "there are: pinned, hashed"


@pytest.mark.parametrize(
    ("hint", "shown"),
    [("ask its authors", "ask its authors"), (None, "import a checkpoint with")],
    ids=["of the plugin", "ours"],
)
def test_where_none_is_published_it_says_what_to_do(
    layout: Checkpoint, hint: str | None, shown: str
) -> None:
    unpublished = replace(layout, published=(), unpublished_hint=hint)
    with pytest.raises(FpbenchError, match="no weights of 'toy' are published") as err:
        published_file(unpublished, None)
    assert (err.value.hint or "").startswith(shown)


def test_weights_are_installed_and_say_where_they_are_from(
    layout: Checkpoint, server: Any, tmp_path: Path
) -> None:
    path = install(layout, "hashed", tmp_path / "weights")
    tensors, info = load_weights(path, "toy")
    np.testing.assert_array_equal(tensors["kernel"], np.ones((2, 3)))
    assert (info.licence, info.origin) == ("MIT", layout.published[0].url)
    assert info.source_sha256 == hashlib.sha256(server.content).hexdigest()
    assert names_in(tmp_path / "weights") == ["toy-hashed.safetensors"]


def test_the_first_download_is_remembered_where_the_publisher_gives_no_hash(
    layout: Checkpoint, server: Any, tmp_path: Path
) -> None:
    path = install(layout, "pinned", tmp_path)
    pin = path.with_suffix(".sha256")
    assert pin.read_text() == f"sha256:{hashlib.sha256(server.content).hexdigest()}\n"
    assert install(layout, "pinned", tmp_path) == path
    assert names_in(tmp_path) == ["toy-pinned.safetensors", "toy-pinned.sha256"]


def test_another_file_than_the_first_time_is_refused(
    layout: Checkpoint, server: Any, tmp_path: Path
) -> None:
    path = install(layout, "pinned", tmp_path)
    before = path.read_bytes()
    server.content = checkpoint(2.0)
    with pytest.raises(FpbenchError, match=r"which it had at first \(toy-pinned\.sha256\)"):
        install(layout, "pinned", tmp_path)
    assert path.read_bytes() == before
    assert names_in(tmp_path) == ["toy-pinned.safetensors", "toy-pinned.sha256"]


def test_another_file_than_the_publisher_says_is_refused(
    layout: Checkpoint, server: Any, tmp_path: Path
) -> None:
    server.content = checkpoint(2.0)
    with pytest.raises(FpbenchError, match="which its publisher gives"):
        install(layout, "hashed", tmp_path)
    assert names_in(tmp_path) == []


def test_a_file_that_does_not_fit_is_not_remembered(
    layout: Checkpoint, server: Any, tmp_path: Path
) -> None:
    server.content = b"no checkpoint"
    with pytest.raises(FpbenchError, match="no torch file"):
        install(layout, "pinned", tmp_path)
    assert names_in(tmp_path) == []


def test_all_weights_of_a_folder_are_listed_by_name(tmp_path: Path) -> None:
    info = WeightsInfo(fingerprinter="toy", config={}, source="a training")
    for name in ("b", "a"):
        write_weights(tmp_path / f"{name}.safetensors", {"x": np.zeros(1, np.float32)}, info)
    (tmp_path / "a.sha256").touch()
    assert [found.path.stem for found in list_installed(tmp_path)] == ["a", "b"]
    assert [found.info for found in list_installed(tmp_path)] == [info, info]


def test_a_folder_that_is_not_there_holds_none(tmp_path: Path) -> None:
    assert list_installed(tmp_path / "none") == []
