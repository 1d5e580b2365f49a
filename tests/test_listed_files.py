"""A listed file is found whatever machine wrote the list, and has one name on all of them."""

import os
import unicodedata
from pathlib import Path

import pytest

from fpbench import ListedFiles
from fpbench.listed_files import ListedFile, composed, names_without_folders

COMPOSED = "Beyonc\u00e9/d\u00e9j\u00e0.wav"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_a_name_is_found_as_it_is(tmp_path: Path) -> None:
    path = touch(tmp_path / "a/b.wav")
    assert ListedFiles(tmp_path).find("a/b.wav") == ListedFile("a/b.wav", path)
    assert ListedFiles(tmp_path).find(str(path)) == ListedFile(str(path), path)
    assert ListedFiles(tmp_path).find("a") is None
    assert ListedFiles(tmp_path).find("a\0") is None
    assert ListedFiles(tmp_path).find("x" * 300) is None


def test_backslashes_stand_between_folders(tmp_path: Path) -> None:
    path = touch(tmp_path / "a/b.wav")
    assert ListedFiles(tmp_path).find("a\\b.wav") == ListedFile("a/b.wav", path)


@pytest.mark.skipif(os.sep != "/", reason="no file name has a backslash there")
def test_a_file_may_have_a_backslash_in_its_name(tmp_path: Path) -> None:
    path = touch(tmp_path / "a\\b.wav")
    assert ListedFiles(tmp_path).find("a\\b.wav") == ListedFile("a\\b.wav", path)


@pytest.mark.parametrize(("on_disk", "listed"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)])
def test_normal_forms_of_unicode_are_one_name(tmp_path: Path, on_disk: str, listed: str) -> None:
    path = touch(tmp_path / on_disk)
    found = ListedFiles(tmp_path).find(listed)
    assert found is not None
    assert found.name == COMPOSED
    assert found.path.samefile(path)
    found = ListedFiles(tmp_path).find(str(tmp_path / listed))
    assert found is not None
    assert found.path.samefile(path)


def test_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    path = touch(tmp_path / "home/a.wav")
    found = ListedFiles(tmp_path / "x").find("~/a.wav")
    assert found is not None
    assert found.path == path
    assert ListedFiles(tmp_path).find("~nobody-of-this-name/a.wav") is None
    odd = touch(tmp_path / "~odd.wav")
    assert ListedFiles(tmp_path).find("~odd.wav") == ListedFile("~odd.wav", odd)


def test_other_capitals_are_told(tmp_path: Path) -> None:
    touch(tmp_path / "a/One.WAV")
    assert ListedFiles(tmp_path).find_in_other_case("a/one.wav") == "One.WAV"
    assert ListedFiles(tmp_path).find_in_other_case("b/one.wav") is None


def test_absolute_names_keep_what_tells_them_apart() -> None:
    assert names_without_folders(["/home/ann/x/1.wav", "/home/ann/y/2.wav"]) == ["1.wav", "2.wav"]
    assert names_without_folders(["/home/ann/x/1.wav", "/mnt/y/1.wav"]) == ["x/1.wav", "y/1.wav"]
    assert names_without_folders(["1.wav", "/home/ann/1.wav"]) == ["1.wav", "ann/1.wav"]
    assert names_without_folders(["C:\\Users\\ann\\1.wav", "a/2.wav"]) == ["1.wav", "a/2.wav"]
    assert names_without_folders(["a/1.wav", "../b/1.wav"]) == ["a/1.wav", "../b/1.wav"]
    assert names_without_folders([]) == []


def test_equal_letters_are_equal_texts() -> None:
    assert composed(DECOMPOSED) == COMPOSED
