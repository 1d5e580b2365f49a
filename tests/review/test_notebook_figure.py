"""A figure shows itself in a notebook, without pyplot."""

from fpbench.review.notebook_figure import figure_class


def test_a_figure_is_shown_as_a_png() -> None:
    figure = figure_class()(figsize=(1, 1))
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert figure_class() is figure_class()
