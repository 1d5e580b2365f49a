"""The settings of a run, as its result records them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, TypedDict

from msgspec import Meta

from fpbench.results.fields import Count, Positive

Options = Mapping[str, str]

Duplicates = Literal["drop", "keep", "report"]
"""What becomes of recordings that a dataset holds twice.

``report`` leaves out equal audio, and lists near copies in the result. ``drop`` leaves out near
copies, too. ``keep`` leaves out nothing, and does not look for near copies.
"""


class RecordedRecipe(TypedDict, total=False):
    """How queries were drawn and degraded, see ``fpbench.audio.query_recipe.QueryRecipe``.

    Args:
        degradations: Name and options of each degradation, in the order in which they are applied.
        ready_made: The dataset that ready-made queries are from, instead of all other fields.
    """

    n_queries: Positive
    query_length_s: float
    grid_s: float
    max_offset_s: float
    sample_rate_hz: Positive
    degradations: Sequence[Mapping[str, str]]
    ready_made: str


class RecordedConfig(TypedDict, total=False):
    """Settings of a run, see ``fpbench.runs.config.RunConfig``; equal ones give equal numbers.

    Files are relative to the folder of the run if they lie below it. Of others, only the last part
    is recorded.

    Args:
        folders_left_out: Settings that name a file of which only the last part is recorded.
    """

    task: str
    fingerprinter: str | None
    weights: str | None
    dataset: str
    channel: Literal["mean", "left", "right", "loudest"]
    duplicates: Duplicates
    name: str
    distractors: Literal["real", "synthetic", "both", "none"]
    generator: str | None
    generator_weights: str | None
    foreign_generator: bool
    sizes: Sequence[int]
    beyond: Sequence[int]
    fits: Positive
    indexes: Sequence[str]
    protocol: str
    query_lengths_s: Sequence[float]
    test_ids: str | None
    rules: Literal["right", "official"]
    tolerance_s: Annotated[float, Meta(ge=0)] | None
    recipe: RecordedRecipe
    seed: Count
    device: str
    dtype: str
    fingerprinter_options: Options
    generator_options: Options
    dataset_options: Options
    index_options: Mapping[str, Options]
    protocol_options: Options
    folders_left_out: Sequence[str]
