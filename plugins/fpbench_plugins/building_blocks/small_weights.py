"""What results say of the small weights that all four networks come with."""

LICENCE = "MIT"
TRAINING_DATA = "121 openly licensed recordings, 3.5 h, listed in TRAINING_AUDIO.md of fpbench"
