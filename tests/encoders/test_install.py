"""Installed weights are the published ones, also at later downloads."""

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


def test_an_unknown_name_lists_the_published_files(layout: Checkpoint) -> None:
    with pytest.raises(FpbenchError, match="'toy' has no published weights 'huge'") as err:
        published_file(layout, "huge")
    assert err.value.hint == "choose one of: pinned, hashed"


@pytest.mark.parametrize(
    ("hint", "shown"),
    [("ask its authors", "ask its authors"), (None, "import a checkpoint with")],
    ids=["of the plugin", "ours"],
)
def test_without_published_files_the_hint_says_what_to_do(
    layout: Checkpoint, hint: str | None, shown: str
) -> None:
    unpublished = replace(layout, published=(), unpublished_hint=hint)
    with pytest.raises(FpbenchError, match="no weights of 'toy' are published") as err:
        published_file(unpublished, None)
    assert (err.value.hint or "").startswith(shown)


def test_installs_weights_with_their_origin(
    layout: Checkpoint, server: Any, tmp_path: Path
) -> None:
    path = install(layout, "hashed", tmp_path / "weights")
    tensors, info = load_weights(path, "toy")
    np.testing.assert_array_equal(tensors["kernel"], np.ones((2, 3)))
    assert (info.licence, info.origin) == ("MIT", layout.published[0].url)
    assert info.source_sha256 == hashlib.sha256(server.content).hexdigest()
    assert names_in(tmp_path / "weights") == ["toy-hashed.safetensors"]


def test_stores_the_hash_of_the_first_download_if_the_publisher_gives_none(
    layout: Checkpoint, server: Any, tmp_path: Path
) -> None:
    path = install(layout, "pinned", tmp_path)
    pin = path.with_suffix(".sha256")
    assert pin.read_text() == f"sha256:{hashlib.sha256(server.content).hexdigest()}\n"
    assert install(layout, "pinned", tmp_path) == path
    assert names_in(tmp_path) == ["toy-pinned.safetensors", "toy-pinned.sha256"]


def test_refuses_another_hash_than_the_first_download(
    layout: Checkpoint, server: Any, tmp_path: Path
) -> None:
    path = install(layout, "pinned", tmp_path)
    before = path.read_bytes()
    server.content = checkpoint(2.0)
    with pytest.raises(FpbenchError, match=r"of the first download \(toy-pinned\.sha256\)"):
        install(layout, "pinned", tmp_path)
    assert path.read_bytes() == before
    assert names_in(tmp_path) == ["toy-pinned.safetensors", "toy-pinned.sha256"]


def test_refuses_another_hash_than_the_publisher_gives(
    layout: Checkpoint, server: Any, tmp_path: Path
) -> None:
    server.content = checkpoint(2.0)
    with pytest.raises(FpbenchError, match="from the publisher"):
        install(layout, "hashed", tmp_path)
    assert names_in(tmp_path) == []


def test_stores_no_hash_of_a_file_that_does_not_fit(
    layout: Checkpoint, server: Any, tmp_path: Path
) -> None:
    server.content = b"no checkpoint"
    with pytest.raises(FpbenchError, match="is not a torch file"):
        install(layout, "pinned", tmp_path)
    assert names_in(tmp_path) == []


def test_lists_the_weights_of_a_folder_by_name(tmp_path: Path) -> None:
    info = WeightsInfo(fingerprinter="toy", config={}, source="a training")
    for name in ("b", "a"):
        write_weights(tmp_path / f"{name}.safetensors", {"x": np.zeros(1, np.float32)}, info)
    (tmp_path / "a.sha256").touch()
    assert [weights.path.stem for weights in list_installed(tmp_path)] == ["a", "b"]
    assert [weights.info for weights in list_installed(tmp_path)] == [info, info]


def test_a_missing_folder_has_no_weights(tmp_path: Path) -> None:
    assert list_installed(tmp_path / "none") == []
