"""A pickle is read as data; no name in it is looked up, and no operation takes much memory."""

import io
import pickle
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fpbench.encoders.pickles import CodeInPickleError, Record, read_pickle

CALLS = {
    "math.fsum": lambda arguments: ("called", *arguments),
    "numpy.dtype": lambda _: Record("numpy.dtype"),
}


def read(data: bytes) -> Any:
    return read_pickle(io.BytesIO(data), CALLS, lambda arguments: ("id", *arguments))


scalars = st.none() | st.booleans() | st.integers() | st.text() | st.binary()
scalars |= st.floats(allow_nan=False)
plain = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner)
    ),
    max_leaves=8,
)


@settings(max_examples=30)
@given(value=plain, protocol=st.sampled_from([0, 1, 2, 3, 4, 5]))
def test_plain_data_is_read_as_python_reads_it(value: object, protocol: int) -> None:
    # Before protocol 3, bytes are a call of _codecs.encode.
    calls = {
        "_codecs.encode": lambda a: a[0].encode(a[1]),
        "__builtin__.bytes": lambda _: b"",
        "__builtin__.bytearray": lambda _: b"",
    }
    data = pickle.dumps(value, protocol)
    assert read_pickle(io.BytesIO(data), calls, lambda _: None) == value


def test_the_stream_is_left_behind_the_pickle() -> None:
    file = io.BytesIO(pickle.dumps([1]) + b"rest")
    read_pickle(file, CALLS, lambda _: None)
    assert file.read() == b"rest"


def test_sets_are_lists() -> None:
    assert sorted(read(pickle.dumps({1, 2}, 4))) == [1, 2]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"cmath\nfsum\n(I1\ntR.", id="REDUCE"),
        pytest.param(b"(imath\nfsum\n", id="INST"),
        pytest.param(b"(cmath\nfsum\nI1\no.", id="OBJ"),
        pytest.param(b"cmath\nfsum\n(I1\nt\x81.", id="NEWOBJ"),
        pytest.param(b"cmath\nfsum\n(I1\nt}\x92.", id="NEWOBJ_EX"),
        pytest.param(b"\x8c\x04math\x8c\x04fsum\x93(I1\ntR.", id="STACK_GLOBAL"),
    ],
)
def test_every_way_to_call_a_name_calls_the_function_given_for_it(data: bytes) -> None:
    if data.startswith(b"(i"):
        data = b"(I1\n" + data[1:] + b"."
    assert read(data) == ("called", 1)


@pytest.mark.parametrize(
    "data",
    [
        b"cposix\nsystem\n(S'true'\ntR.",
        b"(S'true'\niposix\nsystem\n.",
        b"\x8c\x05posix\x8c\x06system\x93.",
        b"cbuiltins\ngetattr\n.",
        b"cnumpy\nndarray\n.",
    ],
)
def test_refuses_every_other_name(data: bytes) -> None:
    with pytest.raises(CodeInPickleError, match=r"names '(posix|builtins|numpy)\.\w+'"):
        read(data)


def test_an_object_that_is_not_made_drops_state_items_and_elements() -> None:
    make = b"cnumpy\ndtype\n(tR"
    value = read(make + b"(I1\nI2\ntb" + b"I1\na" + b"I1\nI2\ns.")
    assert isinstance(value, Record)


def test_persistent_ids_are_made_by_the_function_for_them() -> None:
    assert read(b"(I1\nI2\ntQ.") == ("id", (1, 2))
    assert read(b"Pname\n.") == ("id", "name")


def test_keys_that_are_not_simple_are_left_out() -> None:
    assert read(pickle.dumps({(1, 2): 3, "a": 4})) == {"a": 4}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", "exhausted before", id="empty"),
        pytest.param(b"]", "exhausted before", id="no end"),
        pytest.param(b".", "ends too early", id="nothing made"),
        pytest.param(b"NN.", "ends too early", id="two values"),
        pytest.param(b"(N.", "ends too early", id="open mark"),
        pytest.param(b"I1\n(R.", "damaged", id="call below a mark"),
        pytest.param(b"I1\nI2\nR.", "damaged", id="call of a number"),
        pytest.param(b"cmath\nfsum\nI1\nR.", "damaged", id="arguments are a number"),
        pytest.param(b"I1\nNb.", "damaged", id="state of a number"),
        pytest.param(b"](I1\nI2\nI3\nu.", "damaged", id="odd items"),
        pytest.param(b"I1\nI2\na.", "damaged", id="append to a number"),
        pytest.param(b"g5\n.", "damaged", id="unknown memo"),
        pytest.param(b"]]\x93.", "damaged", id="name of lists"),
        pytest.param(b"\x82\x01.", "EXT1, which is not supported", id="extension"),
        pytest.param(b"\x97.", "NEXT_BUFFER, which is not supported", id="buffer"),
        pytest.param(b"\x8d" + b"\xff" * 7 + b"\x7f.", "expected", id="text of 2^63 bytes"),
        pytest.param(
            b"I" + b"9" * 10_000 + b"\n.", "Exceeds the limit", id="number of 10000 digits"
        ),
    ],
)
def test_refuses_what_is_no_whole_pickle(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(data)


def test_refuses_a_pickle_of_too_many_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fpbench.encoders.pickles._MAX_OPERATIONS", 1_000)
    assert read(b"]" + b"]0" * 400 + b".") == []
    with pytest.raises(ValueError, match="more than 1000 operations"):
        read(b"]" + b"]0" * 600 + b".")


def test_unknown_escapes_in_names_warn_nobody() -> None:
    with pytest.raises(CodeInPickleError, match="posix"):
        read(b"cposix\\o\nsystem\n.")


def test_a_memo_of_any_number_takes_no_memory() -> None:
    # Python's own unpickler makes room for all numbers below.
    assert read(b"]r\xff\xff\xff\x7f.") == []


def test_tuples_of_tuples_take_no_time() -> None:
    # To hash or to print the value would take 2^60 steps.
    value: Sequence[Any] = read(b"N" + b"q\x00h\x00\x86" * 60 + b".")
    assert len(value) == 2
