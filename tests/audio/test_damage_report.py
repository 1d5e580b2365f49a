"""What is said of damage has its time, where that is known."""

from fpbench.audio.damage_report import Damage


def test_the_time_stands_behind_the_reason() -> None:
    assert str(Damage(12.34, "damaged: 2 pages missing")) == (
        "damaged: 2 pages missing, from 12.3 s on"
    )


def test_without_a_time_the_reason_is_all() -> None:
    assert str(Damage(None, "truncated")) == "truncated"
