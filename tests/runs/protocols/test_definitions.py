"""Protocols have the settings of their authors."""

import pytest

from fpbench.errors import FpbenchError
from fpbench.runs.protocols.definitions import find_protocol, protocol_settings


def test_nafp_has_the_settings_of_its_script() -> None:
    settings = protocol_settings("nafp")
    assert settings["indexes"] == ("ivfpq",)
    assert settings["query_lengths_s"] == (1.0, 2.0, 3.0, 5.0, 6.0, 10.0)
    assert find_protocol("nafp").index_options["ivfpq"] == {"nlist": "256", "nprobe": "40"}
    assert find_protocol("grafprint").index_options["ivfpq"] == {"nlist": "64", "nprobe": "20"}


def test_grafprint_counts_with_a_hop_of_100_ms() -> None:
    assert find_protocol("grafprint").hop_s(0.096) == 0.1
    assert find_protocol("grafprint").hop_s(0.5) == 0.5


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(FpbenchError, match="nafq") as refused:
        find_protocol("nafq")
    assert "did you mean 'nafp'" in str(refused.value.hint)
