"""Names that are nearly others are known by case, number, punctuation and slips of typing."""

import pytest

from fpbench import is_near_miss
from fpbench.near_names import plain_name


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Reference", "reference"),
        ("references", "reference"),
        ("REFERENCES", "reference"),
        ("refrence", "reference"),
        ("refernece", "reference"),
        ("referencce", "reference"),
        ("distractor", "distractors"),
        ("distractrs", "distractors"),
        ("distracters", "distractors"),
        ("distactor", "distractors"),
        ("train-noise", "train_noise"),
        ("TrainNoises", "train_noise"),
        ("Train IR", "train_ir"),
        ("noises", "noise"),
        ("queries", "query"),
        ("irs", "ir"),
    ],
)
def test_a_near_miss_is_known(name: str, meant: str) -> None:
    assert is_near_miss(name, meant)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ir", "ir"),
        ("air", "ir"),
        ("rain", "train"),
        ("poise", "noise"),
        ("difference", "reference"),
    ],
)
def test_other_words_are_none(name: str, meant: str) -> None:
    assert not is_near_miss(name, meant)


def test_equal_letters_have_one_plain_name() -> None:
    assert plain_name("Train-Noises ") == plain_name("train_noise") == "trainnoise"
    assert plain_name("Queries") == plain_name("query")
