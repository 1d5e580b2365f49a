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
from fpbench.errors import ErrorCollector


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


def install(layout: Checkpoint, name: str, folder: Path, **options: str | None) -> Path:
    file = published_file(layout, name)
    for _ in fetch(layout, file, folder, **options):
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


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"sha256:", b"crc:00", b"0" * 64, b"sha256:" + b"x" * 64]
)
def test_a_damaged_hash_of_the_first_download_is_named(
    layout: Checkpoint, server: Any, tmp_path: Path, content: bytes
) -> None:
    pin = tmp_path / "toy-pinned.sha256"
    pin.write_bytes(content)
    with pytest.raises(FpbenchError, match=r"toy-pinned\.sha256 is damaged") as err:
        install(layout, "pinned", tmp_path)
    assert (err.value.hint or "").startswith("remove it")
    assert server.ranges == []
    pin.unlink()
    install(layout, "pinned", tmp_path)


# ---------------------------------------------------------------- mirrors


def test_a_mirror_needs_a_known_hash(layout: Checkpoint, server: Any, tmp_path: Path) -> None:
    mirror = server.url.replace("model.zip", "copy.zip")
    with pytest.raises(FpbenchError, match=r"the hash of 'toy-pinned' is not known") as err:
        install(layout, "pinned", tmp_path, mirror=mirror)
    assert "--sha256" in (err.value.hint or "")
    assert (names_in(tmp_path), server.ranges) == ([], [])


@pytest.mark.parametrize("known", ["given", "publisher", "first download"])
def test_a_mirror_must_have_the_known_hash(
    layout: Checkpoint, server: Any, tmp_path: Path, known: str
) -> None:
    mirror = server.url.replace("model.zip", "copy.zip")
    sha256 = hashlib.sha256(server.content).hexdigest() if known == "given" else None
    name = "hashed" if known == "publisher" else "pinned"
    if known == "first download":
        install(layout, name, tmp_path)
    path = install(layout, name, tmp_path, mirror=mirror, sha256=sha256)
    assert load_weights(path, "toy")[1].origin == mirror
    server.content = checkpoint(2.0)
    with pytest.raises(FpbenchError, match=r"copy\.zip.* has the hash"):
        install(layout, name, tmp_path, mirror=mirror, sha256=sha256)


def test_a_mirror_does_not_decide_what_the_official_file_is(
    layout: Checkpoint, server: Any, tmp_path: Path
) -> None:
    mirror = server.url.replace("model.zip", "copy.zip")
    sha256 = hashlib.sha256(server.content).hexdigest()
    install(layout, "pinned", tmp_path, mirror=mirror, sha256=sha256)
    assert names_in(tmp_path) == ["toy-pinned.safetensors"]
    server.content = checkpoint(2.0)
    install(layout, "pinned", tmp_path)


def test_a_part_from_a_mirror_is_not_the_start_of_the_official_file(
    layout: Checkpoint, server: Any, tmp_path: Path
) -> None:
    official, sha256, server.tag = server.content, "0" * 64, '"same"'
    server.content, server.break_after = checkpoint(2.0), 700
    mirror = server.url.replace("model.zip", "copy.zip")
    with pytest.raises(FpbenchError, match="interrupted"):
        install(layout, "pinned", tmp_path, mirror=mirror, sha256=sha256)
    server.content, server.break_after = official, None
    path = install(layout, "pinned", tmp_path)
    assert (load_weights(path, "toy")[0]["kernel"] == 1).all()


def test_every_known_hash_must_match(layout: Checkpoint, server: Any, tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="given with --sha256"):
        install(layout, "hashed", tmp_path, sha256="0" * 64)


@pytest.mark.parametrize("sha256", ["", "abc", "0" * 63, "md5:" + "0" * 32])
def test_refuses_what_is_not_a_hash(
    layout: Checkpoint, server: Any, tmp_path: Path, sha256: str
) -> None:
    with pytest.raises(FpbenchError, match="is not a hash") as err:
        install(layout, "pinned", tmp_path, sha256=sha256)
    assert (err.value.hint, server.ranges) == ("a SHA-256 has 64 hexadecimal digits", [])


# ---------------------------------------------------------------- two at once


def test_a_second_fetch_at_the_same_time_is_refused(
    layout: Checkpoint, server: Any, tmp_path: Path
) -> None:
    file = published_file(layout, "pinned")
    first = fetch(layout, file, tmp_path)
    next(first)
    with pytest.raises(FpbenchError, match=r"another process is fetching toy-pinned\.safetensors"):
        install(layout, "pinned", tmp_path)
    install(layout, "hashed", tmp_path)
    list(first)
    assert names_in(tmp_path) == [
        "toy-hashed.safetensors",
        "toy-pinned.safetensors",
        "toy-pinned.sha256",
    ]


def test_the_size_of_a_download_is_limited(layout: Checkpoint, server: Any, tmp_path: Path) -> None:
    server.length = str(10**12)
    with pytest.raises(FpbenchError, match="sends 1000000000000 bytes or more"):
        install(layout, "pinned", tmp_path)


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
    assert [weights.path.stem for weights in list_installed(tmp_path, ErrorCollector())] == [
        "a",
        "b",
    ]
    assert [weights.info for weights in list_installed(tmp_path, ErrorCollector())] == [info, info]


def test_a_missing_folder_has_no_weights(tmp_path: Path) -> None:
    assert list_installed(tmp_path / "none", ErrorCollector()) == []


def test_a_damaged_file_does_not_hide_the_others(tmp_path: Path) -> None:
    info = WeightsInfo(fingerprinter="toy", config={}, source="a training")
    write_weights(tmp_path / "a.safetensors", {"x": np.zeros(1, np.float32)}, info)
    (tmp_path / "b.safetensors").write_bytes(b"damaged")
    errors = ErrorCollector()
    assert [weights.path.stem for weights in list_installed(tmp_path, errors)] == ["a"]
    with pytest.raises(FpbenchError, match=r"b\.safetensors is not a safetensors file"):
        errors.raise_all()
