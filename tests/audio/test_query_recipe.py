"""A recipe survives JSON, and what is wrong in one is named."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpbench import FpbenchError
from fpbench.audio.query_recipe import NAFP, QueryRecipe, Step, recipe_from_json, recipe_to_json

# ---------------------------------------------------------------- recipes


TEXT = st.text(st.characters(codec="utf-8"))


@given(
    n_queries=st.integers(1, 10**6),
    query_length_s=st.floats(0.1, 30),
    max_offset_s=st.floats(0, 0.25),
    steps=st.lists(st.tuples(TEXT, st.dictionaries(TEXT, TEXT, max_size=3)), max_size=3),
)
@pytest.mark.slow
def test_recipes_survive_json(
    n_queries: int,
    query_length_s: float,
    max_offset_s: float,
    steps: list[tuple[str, dict[str, str]]],
) -> None:
    recipe = QueryRecipe(
        n_queries=n_queries,
        query_length_s=query_length_s,
        grid_s=0.5,
        max_offset_s=max_offset_s,
        sample_rate_hz=8_000,
        degradations=tuple(
            Step(name=name, options={k: v for k, v in options.items() if k != "name"})
            for name, options in steps
        ),
    )
    assert recipe_from_json(recipe_to_json(recipe)) == recipe


def test_toml_takes_numbers_for_options() -> None:
    text = 'query_length_s = 5\n[[degradations]]\nname = "noise"\nmin_snr_db = -3\n'
    recipe = recipe_from_json(tomllib.loads(text))
    assert recipe.query_length_s == 5.0
    assert recipe.n_queries == NAFP.n_queries
    assert recipe.degradations == (Step(name="noise", options={"min_snr_db": "-3"}),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("n_querys = 3", "no field is called 'n_querys'", id="key"),
        pytest.param('n_queries = "3"', "field 'n_queries' cannot be '3'", id="kind"),
        pytest.param("n_queries = 1.5", "field 'n_queries' cannot be 1.5", id="fraction"),
        pytest.param("n_queries = true", "field 'n_queries' cannot be True", id="boolean"),
        pytest.param("n_queries = 0", "n_queries=0 is not positive", id="zero"),
        pytest.param("query_length_s = nan", "query_length_s=nan is not positive", id="nan"),
        pytest.param(
            "max_offset_s = 0.3", "max_offset_s=0.3 is not within half of grid_s", id="offset"
        ),
        pytest.param("degradations = 3", "field 'degradations' cannot be 3", id="no list"),
        pytest.param("degradations = [3]", "field 'degradations.0' cannot be 3", id="no table"),
        pytest.param("degradations = [{}]", "field 'degradations.0.name' is missing", id="no name"),
        pytest.param(
            'degradations = [{name = "noise", snr = [1]}]',
            r"field 'degradations.0.snr' cannot be \[1\]",
            id="option",
        ),
    ],
)
def test_names_what_is_wrong_in_a_recipe(text: str, message: str) -> None:
    with pytest.raises(FpbenchError, match=f"query recipe: {message}") as caught:
        recipe_from_json(tomllib.loads(text))
    assert caught.value.hint
