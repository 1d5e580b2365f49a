"""Equal documents have equal bytes, which other languages can make, too."""

import hashlib
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpbench.results.canonical import canonical_bytes, hash_document, readable_text

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("number", "text"),
    [  # the table of RFC 8785, appendix B, and whole numbers
        (0.0, "0"),
        (-0.0, "0"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (9007199254740992.0, "9007199254740992"),
        (295147905179352830000.0, "295147905179352830000"),
        (9.999999999999997e22, "9.999999999999997e+22"),
        (1e23, "1e+23"),
        (1e21, "1e+21"),
        (0.000001, "0.000001"),
        (1e-7, "1e-7"),
        (-0.0000033333333333333333, "-0.0000033333333333333333"),
        (333333333.3333332, "333333333.3333332"),
        (1.0, "1"),
        (2**63 - 1, "9223372036854775807"),
        (True, "true"),
    ],
)
def test_numbers_are_written_as_in_the_rfc(number: float, text: str) -> None:
    assert canonical_bytes(number).decode() == text


def test_keys_are_in_the_order_of_utf_16_and_there_are_no_blanks() -> None:
    # The example of RFC 8785, section 3.2.3.
    document = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\xf6": 7}
    text = canonical_bytes(document).decode()
    assert [json.loads(text)[key] for key in json.loads(text)] == [2, 4, 6, 7, 1, 5, 3]
    assert text.startswith('{"\\r":2,"1":4,"\x80":6,')


def test_only_numbers_of_json_have_bytes() -> None:
    for number in (math.nan, math.inf):
        with pytest.raises(ValueError, match="not a number of JSON"):
            canonical_bytes({"a": number})


@given(JSON)
def test_both_forms_give_the_document_back(document: Any) -> None:
    assert json.loads(canonical_bytes(document), parse_int=float) == document
    assert json.loads(readable_text(document)) == document
    assert canonical_bytes(json.loads(readable_text(document))) == canonical_bytes(document)


def test_the_hash_is_of_all_but_itself() -> None:
    document = {"b": [1.0, None], "a": "ä"}
    expected = hashlib.sha256('{"a":"ä","b":[1,null]}'.encode()).hexdigest()
    assert hash_document(document) == expected
    assert hash_document({**document, "result_id": expected}) == expected


def test_what_fits_is_on_one_line_and_numbers_always_are() -> None:
    document = {"long": [0.5] * 50, "short": {"a": 1, "b": [1, 2]}, "words": ["x" * 90] * 2}
    lines = readable_text(document).splitlines()
    assert lines[1] == ' "long": [' + ", ".join(["0.5"] * 50) + "],"
    assert lines[2] == ' "short": {"a": 1, "b": [1, 2]},'
    assert lines[3:6] == [' "words": [', '  "' + "x" * 90 + '",', '  "' + "x" * 90 + '"']
