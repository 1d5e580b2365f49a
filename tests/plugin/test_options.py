"""``--set KEY=VALUE`` changes exactly the named field, and explains what it cannot do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pytest

from fpbench import FpbenchError, Settings, apply_options, refuse_settings
from fpbench.plugin.options import Setting, list_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    mode: Literal["segment", "batch"] = "segment"
    hop_s: float = 0.5
    depth: int = 3
    scale: bool = True
    floor_db: float | None = None
    widths: tuple[int, ...] = (1, 2)
    names: Mapping[str, str] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        pytest.param("mode", "batch", "batch", id="literal"),
        pytest.param("hop_s", "0.25", 0.25, id="float"),
        pytest.param("depth", "7", 7, id="int"),
        pytest.param("scale", "false", False, id="bool"),
        pytest.param("floor_db", "-80", -80.0, id="optional"),
        pytest.param("floor_db", "none", None, id="none"),
        pytest.param("widths", "8,16,32", (8, 16, 32), id="list"),
    ],
)
def test_sets_one_field(key: str, text: str, value: object) -> None:
    changed = apply_options(Config(), {key: text})
    assert getattr(changed, key) == value
    assert apply_options(Config(), {}) == Config()


def test_a_wrong_key_lists_the_settings() -> None:
    with pytest.raises(FpbenchError, match="no setting is called 'hop'") as caught:
        apply_options(Config(), {"hop": "1"})
    assert caught.value.hint is not None
    assert "did you mean 'hop_s'" in caught.value.hint
    assert "mode=segment" in caught.value.hint


@pytest.mark.parametrize(
    ("key", "text", "hint"),
    [
        pytest.param("mode", "file", "segment or batch", id="literal"),
        pytest.param("depth", "2.5", "a whole number", id="int"),
        pytest.param("scale", "maybe", "true or false", id="bool"),
        pytest.param(
            "widths", "8,x", "a whole number, or several with commas between them", id="list"
        ),
    ],
)
def test_a_wrong_value_says_what_it_takes(key: str, text: str, hint: str) -> None:
    with pytest.raises(FpbenchError, match=f"'{key}' cannot be '{text}'") as caught:
        apply_options(Config(), {key: text})
    assert caught.value.hint == f"it takes {hint}"


def test_structures_cannot_be_set_from_text() -> None:
    with pytest.raises(FpbenchError, match="no setting is called 'names'"):
        apply_options(Config(), {"names": "3"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A config.

    Args:
        low_hz: Lowest frequency; ``none`` means
            :class:`fpbench.Anything`.
    """

    low_hz: float | None = None
    scale: bool = True


def test_lists_settings_with_units_and_defaults_without_creating_the_part() -> None:
    def create(settings: Settings) -> object:
        apply_options(Described(), settings.options)
        raise AssertionError("created")

    assert list_settings(create, None) == [
        Setting(
            name="low_hz",
            default="none",
            takes="a number or none",
            unit="Hz",
            meaning="Lowest frequency; `none` means fpbench.Anything.",
        ),
        Setting(name="scale", default="true", takes="true or false", unit="", meaning=""),
    ]


def test_a_part_may_have_no_settings_or_keep_them_to_itself() -> None:
    def fails(settings: Settings) -> object:
        raise OSError("no such file")

    assert list_settings(lambda settings: refuse_settings(settings, "it"), None) == []
    assert list_settings(lambda settings: None, None) is None
    assert list_settings(fails, None) is None
