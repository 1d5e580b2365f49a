"""Finds a checkpoint by prefix, file, folder or archive; no archive writes outside its folder."""

import gzip
import io
import random
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.encoders.archives import Format, find_checkpoint

LIMIT = 1 << 20


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    prefix = tmp_path / "saved" / "ckpt-1"
    prefix.parent.mkdir()
    index_of(prefix).write_bytes(b"index")
    # Random, so that half of an archive is not a complete one.
    prefix.with_name("ckpt-1.data-00000-of-00001").write_bytes(random.Random(0).randbytes(9_000))
    prefix.with_name("graph.pbtxt").write_bytes(b"not needed")
    return prefix


def index_of(prefix: Path) -> Path:
    return prefix.with_name(prefix.name + ".index")


def make_tar(prefix: Path, suffix: str) -> Path:
    path = prefix.parents[1] / f"saved{suffix}"
    with tarfile.open(path, f"w:{suffix.rpartition('.')[2].replace('tgz', 'gz')}") as archive:
        archive.add(prefix.parent, "saved")
    return path


def make_zip(prefix: Path) -> Path:
    path = prefix.parents[1] / "saved.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in prefix.parent.iterdir():
            archive.write(file, f"saved/{file.name}")
    return path


def name_found(path: Path, form: Format = "tensorflow", member: str | None = None) -> str:
    """Name of the checkpoint that is found; its file exists in the ``with`` block."""
    with find_checkpoint(path, form, member, LIMIT) as checkpoint:
        file = index_of(checkpoint) if form == "tensorflow" else checkpoint
        assert file.is_file()
        return checkpoint.name


@pytest.mark.parametrize(
    "locate",
    [
        pytest.param(lambda prefix: prefix, id="prefix"),
        pytest.param(index_of, id="index"),
        pytest.param(lambda prefix: prefix.parent, id="folder"),
        pytest.param(lambda prefix: prefix.parents[1], id="folder above"),
        pytest.param(lambda prefix: make_tar(prefix, ".tar"), id="tar"),
        pytest.param(lambda prefix: make_tar(prefix, ".tar.xz"), id="tar.xz"),
        pytest.param(lambda prefix: make_tar(prefix, ".tgz"), id="tgz"),
        pytest.param(make_zip, id="zip"),
    ],
)
def test_finds_a_checkpoint_in_every_form(prefix: Path, locate: Callable[[Path], Path]) -> None:
    assert name_found(locate(prefix)) == "ckpt-1"


def test_unpacks_only_the_files_of_a_checkpoint(prefix: Path) -> None:
    with find_checkpoint(make_tar(prefix, ".tgz"), "tensorflow", None, LIMIT) as checkpoint:
        names = sorted(path.name for path in checkpoint.parent.iterdir())
    assert names == ["ckpt-1.data-00000-of-00001", "ckpt-1.index"]
    assert not checkpoint.parent.exists()


def test_the_state_file_or_the_user_chooses_among_several(prefix: Path) -> None:
    index_of(prefix.with_name("ckpt-2")).touch()
    with pytest.raises(FpbenchError, match="2 checkpoints: ckpt-1, ckpt-2"):
        name_found(prefix.parent)
    assert name_found(prefix.parent, member="ckpt-1") == "ckpt-1"
    state = prefix.with_name("checkpoint")
    state.write_text('model_checkpoint_path: "ckpt-2"\nall_model_checkpoint_paths: "ckpt-1"\n')
    assert name_found(prefix.parent) == "ckpt-2"


def test_a_member_is_the_end_of_a_path(tmp_path: Path) -> None:
    archive = tmp_path / "checkpoint.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for folder in ("toy", "other"):
            file.writestr(f"checkpoint/{folder}/model_best.pth", folder)
    with pytest.raises(FpbenchError, match="holds 2 checkpoints"):
        name_found(archive, "torch")
    with find_checkpoint(archive, "torch", "toy/model_best.pth", LIMIT) as path:
        assert path.read_text() == "toy"
    with pytest.raises(FpbenchError, match=r"member 'oy/model_best\.pth'"):
        name_found(archive, "torch", "oy/model_best.pth")


def test_finds_a_torch_file(tmp_path: Path) -> None:
    (tmp_path / "model.pt").touch()
    assert name_found(tmp_path / "model.pt", "torch") == "model.pt"
    with pytest.raises(FpbenchError, match=r"none\.pt is not a torch file"):
        name_found(tmp_path / "none.pt", "torch")


@pytest.mark.parametrize("suffix", [".tar.xz", ".tgz", ".tar"])
def test_refuses_a_truncated_tar(prefix: Path, suffix: str) -> None:
    path = make_tar(prefix, suffix)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    with pytest.raises(FpbenchError, match=r"truncated or damaged|nor a folder or archive"):
        name_found(path)


def test_refuses_a_truncated_zip(prefix: Path) -> None:
    path = make_zip(prefix)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(FpbenchError, match="truncated or damaged"):
        name_found(path)


OUTSIDE = ["../ckpt-1.index", "/tmp/ckpt-1.index", "a/../../ckpt-1.index"]


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("suffix", [".tar.gz", ".zip"])
def test_an_archive_cannot_write_outside_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, suffix: str
) -> None:
    path = tmp_path / f"bad{suffix}"
    if suffix == ".zip":
        with zipfile.ZipFile(path, "w") as zip_file:
            zip_file.writestr(name, b"abc")
    else:
        with tarfile.open(path, "w:gz") as archive:
            entry = tarfile.TarInfo(name)
            entry.size = 3
            archive.addfile(entry, io.BytesIO(b"abc"))
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(inside))
    # tarfile refuses such a name; zipfile removes the path and writes the file inside the folder.
    with suppress(FpbenchError):
        name_found(path)
    assert set(tmp_path.rglob("*")) == {path, inside}
    assert not Path("/tmp/ckpt-1.index").exists()


def test_does_not_follow_a_link_in_an_archive(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    path = tmp_path / "links.tar"
    with tarfile.open(path, "w") as archive:
        entry = tarfile.TarInfo("model.pth")
        entry.type, entry.linkname = tarfile.SYMTYPE, str(secret)
        archive.addfile(entry)
    with pytest.raises(FpbenchError, match="nor a folder or archive that holds one"):
        name_found(path, "torch")


# ---------------------------------------------------------------- bombs


def write_tar_header(path: Path, name: str, size: int, kind: bytes = tarfile.REGTYPE) -> None:
    """A tar archive that claims a file of any size, and holds none of it."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.size = kind, size
    path.write_bytes(gzip.compress(entry.tobuf(tarfile.GNU_FORMAT)))


def write_sparse(path: Path, name: str, size: int) -> None:
    """A sparse file of GNU tar: one block of data in a hole of any size."""
    pax = {
        **{"GNU.sparse.major": "1", "GNU.sparse.minor": "0"},
        **{"GNU.sparse.name": name, "GNU.sparse.realsize": str(size)},
    }
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo("GNUSparseFile.0/x")
        entry.pax_headers, entry.size = pax, 512
        archive.addfile(entry, io.BytesIO(f"1\n{size}\n0\n".encode().ljust(512, b"\0")))


@pytest.fixture
def unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which archives are unpacked; nothing larger than a limit is ever in it."""
    folder = tmp_path / "unpacked"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.mark.parametrize("name", ["model.pth", "readme.txt"])
@pytest.mark.parametrize("write", [write_tar_header, write_sparse])
def test_does_not_write_a_file_of_ten_terabytes(
    tmp_path: Path, unpacked: Path, name: str, write: Callable[[Path, str, int], None]
) -> None:
    path = tmp_path / "bomb.tar.gz"
    write(path, name, 10**13)
    assert path.stat().st_size < 400
    with pytest.raises(
        FpbenchError, match=r"bomb\.tar\.gz (is not unpacked|is trunc|is not a torch)"
    ):
        name_found(path, "torch")
    assert list(unpacked.iterdir()) == []


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_does_not_read_a_header_of_a_gigabyte(tmp_path: Path, kind: bytes) -> None:
    path = tmp_path / "bomb.tar.gz"
    write_tar_header(path, "x", 10**9, kind)
    with pytest.raises(FpbenchError, match="is not unpacked: it has more than"):
        name_found(path, "torch")


@pytest.mark.parametrize("suffix", [".tar.gz", ".tar.bz2", ".tar.xz", ".zip"])
def test_a_checkpoint_is_not_larger_than_its_limit(
    tmp_path: Path, unpacked: Path, suffix: str
) -> None:
    path = tmp_path / f"bomb{suffix}"
    for size, refused in ((LIMIT, False), (LIMIT + 1, True)):
        if suffix == ".zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zip_file:
                zip_file.writestr("model.pth", bytes(size))
        else:
            with tarfile.open(path, f"w:{suffix[5:]}") as archive:
                entry = tarfile.TarInfo("model.pth")
                entry.size = size
                archive.addfile(entry, io.BytesIO(bytes(size)))
        if refused:
            with pytest.raises(FpbenchError, match=r"'model\.pth' in it has 1048577 bytes"):
                name_found(path, "torch")
        else:
            assert name_found(path, "torch") == "model.pth"
        assert list(unpacked.iterdir()) == []


def test_a_stream_far_larger_than_its_archive_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fpbench.encoders.archives._MAX_HEADER_BYTES", 1 << 16)
    path = tmp_path / "bomb.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in ("x", "model.pth"):
            entry = tarfile.TarInfo(name)
            entry.size = 8 * LIMIT
            archive.addfile(entry, io.BytesIO(bytes(8 * LIMIT)))
    with pytest.raises(FpbenchError, match="is not unpacked: it has more than"):
        name_found(path, "torch")


def test_a_zip_entry_longer_than_it_says_is_refused(tmp_path: Path, unpacked: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.pth", bytes(4 * LIMIT))
    size = (4 * LIMIT).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(size, (10).to_bytes(4, "little")))
    with pytest.raises(FpbenchError, match="truncated or damaged: Bad CRC-32"):
        name_found(path, "torch")
    assert list(unpacked.iterdir()) == []


def test_refuses_an_archive_without_a_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "music.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("song.ogg", b"la la")
    with pytest.raises(FpbenchError, match="nor a folder or archive that holds one"):
        name_found(path)
