"""The size of fingerprints, and systems of which only their fingerprints are known."""

from fpbench.results.systems import bytes_per_hour, ready_made_system


def test_an_hour_has_a_float32_row_for_every_hop() -> None:
    assert bytes_per_hour(128, 0.5) == 7_200 * 128 * 4


def test_a_ready_made_system_has_no_code() -> None:
    system = ready_made_system("theirs", segment_s=1.0, hop_s=0.25, dim=64)
    assert (system.name, system.source_sha256, system.device) == ("theirs", None, "-")
    assert system.bytes_per_hour == bytes_per_hour(64, 0.25)
