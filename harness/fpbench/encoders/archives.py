"""Finds the one checkpoint in what a user names: a prefix, a file, a folder or an archive."""

import lzma
import re
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Literal

from fpbench.errors import FpbenchError

Format = Literal["tensorflow", "torch"]

_ARCHIVES = (".tar", ".tar.xz", ".tar.gz", ".tgz", ".tar.bz2", ".zip")
_NEEDED = {
    "tensorflow": re.compile(r".*\.index|.*\.data-\d{5}-of-\d{5}|checkpoint"),
    "torch": re.compile(r".*\.(pth|pt|ckpt)"),
}
_LATEST = re.compile(r'^model_checkpoint_path:\s*"(?P<prefix>.+)"', re.MULTILINE)
_KINDS = {
    "tensorflow": "a TensorFlow checkpoint (PREFIX.index and PREFIX.data-...)",
    "torch": "a torch file (.pth, .pt or .ckpt)",
}


@contextmanager
def find_checkpoint(path: Path, form: Format, member: str | None) -> Iterator[Path]:
    """The prefix of a TensorFlow checkpoint, or the path of a torch file.

    What is in an archive lives in a temporary folder for as long as this lasts.

    Args:
        member: The end of the path of the one that is meant, where there are several.

    Raises:
        FpbenchError: There is none or several, or the archive is damaged or malicious.
    """
    if path.is_file() and path.name.endswith(_ARCHIVES):
        with tempfile.TemporaryDirectory(prefix="fpbench-") as folder:
            _unpack(path, Path(folder), _NEEDED[form])
            yield _find_only(Path(folder), path, form, member)
    elif path.is_dir():
        yield _find_only(path, path, form, member)
    elif form == "tensorflow":
        prefix = path.with_name(path.name.removesuffix(".index"))
        if not prefix.with_name(prefix.name + ".index").is_file():
            raise _not_found(path, form)
        yield prefix
    elif path.is_file():
        yield path
    else:
        raise _not_found(path, form)


def _find_only(folder: Path, named: Path, form: Format, member: str | None) -> Path:
    if form == "tensorflow":
        found = [file.with_suffix("") for file in sorted(folder.rglob("*.index"))]
    else:
        found = [
            file
            for file in sorted(folder.rglob("*"))
            if file.is_file() and _NEEDED[form].fullmatch(file.name)
        ]
    if member is not None:
        found = [file for file in found if f"/{file.as_posix()}".endswith(f"/{member}")]
    latest = [file for file in found if _is_latest(file)]
    if len(found) > 1 and len(latest) == 1 and len({file.parent for file in found}) == 1:
        return latest[0]
    if not found:
        raise _not_found(named, form, member)
    if len(found) > 1:
        names = ", ".join(str(file.relative_to(folder)) for file in found)
        raise FpbenchError(
            f"{named} holds {len(found)} checkpoints: {names}", hint="choose one with --member"
        )
    return found[0]


def _is_latest(prefix: Path) -> bool:
    """Whether the text file that TensorFlow keeps beside checkpoints names this one."""
    state = prefix.with_name("checkpoint")
    if not state.is_file():
        return False
    told = _LATEST.search(state.read_text(encoding="utf-8", errors="replace"))
    return told is not None and PurePosixPath(told["prefix"]).name == prefix.name


def _not_found(path: Path, form: Format, member: str | None = None) -> FpbenchError:
    where = f"{path}, member '{member}'," if member else f"{path}"
    return FpbenchError(
        f"{where} is not {_KINDS[form]}, nor a folder or archive that holds one",
        hint=f"archives: {' '.join(_ARCHIVES)}",
    )


# ---------------------------------------------------------------- archives


def _unpack(archive: Path, folder: Path, needed: re.Pattern[str]) -> None:
    """Extract regular files of needed names; links, devices and the rest stay where they are.

    Both libraries keep everything inside of ``folder``, whatever an archive's names say.
    """
    try:
        if archive.name.endswith(".zip"):
            with zipfile.ZipFile(archive) as zipped:
                names = (item.filename for item in zipped.infolist() if not item.is_dir())
                for name in names:
                    if _is_called(name, needed):
                        zipped.extract(name, folder)
        else:
            if not hasattr(tarfile, "data_filter"):
                raise FpbenchError(
                    "this Python cannot unpack tar archives safely",
                    hint=f"use Python 3.11.4 or newer, or unpack {archive.name} yourself",
                )
            with tarfile.open(archive) as tarred:
                wanted = (entry for entry in tarred if entry.isreg())
                members = [entry for entry in wanted if _is_called(entry.name, needed)]
                tarred.extractall(folder, members, filter="data")
    except tarfile.OutsideDestinationError as err:
        raise FpbenchError(
            f"{archive} wants to write outside of its folder: {err}",
            hint="do not trust this file",
        ) from err
    except (tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error, EOFError) as err:
        raise FpbenchError(
            f"{archive} is cut short or damaged: {err}", hint="fetch or copy it again"
        ) from err
    except (OSError, RuntimeError, NotImplementedError) as err:
        raise FpbenchError(f"cannot unpack {archive}: {err}", hint="unpack it yourself") from err


def _is_called(name: str, needed: re.Pattern[str]) -> bool:
    return needed.fullmatch(PurePosixPath(name).name) is not None
