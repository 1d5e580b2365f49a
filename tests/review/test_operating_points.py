"""The front holds what no other index beats in everything that counts."""

from indexes_with_costs import result_with

from fpbench.review.operating_points import operating_points, pareto_front


def test_a_point_that_is_worse_in_one_and_better_in_none_is_not_on_the_front() -> None:
    points = operating_points(
        result_with(("good", 0.9, 5.0, 512.0), ("fast", 0.8, 0.1, 520.0), ("bad", 0.8, 0.2, 520.0))
    )

    def front(*of: str) -> list[str]:
        def coordinates(point: object) -> tuple[float, ...]:
            return tuple(getattr(point, name) * (-1 if name == "rate" else 1) for name in of)

        return [point.cost.index for point in pareto_front(points, coordinates)]

    assert front("rate", "ms") == ["good", "fast"]
    assert front("rate") == ["good"]
    assert front("ms") == ["fast"]
    assert pareto_front(points, lambda _point: None) == []


def test_equal_points_are_both_on_the_front() -> None:
    points = operating_points(result_with(("a", 0.9, 5.0, 512.0), ("b", 0.9, 5.0, 512.0)))
    assert pareto_front(points, lambda one: (one.ms or 0.0,)) == points
    assert [point.rate for point in points] == [0.9, 0.9]
