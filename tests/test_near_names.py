"""Names that are nearly others are known by case, number, punctuation and slips of typing."""

import pytest

from fpbench import is_near_miss


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
