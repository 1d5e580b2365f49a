"""Reads pickles as data: no name in a pickle is looked up, so that nothing in it can run.

Python's unpickler calls what a pickle names, and a few allowed calls can do harm: NumPy rebuilds an
array of objects from pointers in the file. Here the reader decides what each call makes.
"""

import io
import pickletools
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_MAX_OPERATIONS = 2_000_000
"""An operation takes up to 100 bytes of memory; checkpoints of 800 tensors have 100 000."""

_KEYS = (str, bytes, bool, int, float, type(None))


class CodeInPickleError(ValueError):
    """The pickle names a class or function that is not data."""


@dataclass(frozen=True, slots=True, eq=False)
class Name:
    """A class or function that a pickle names."""

    path: str


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """An object that is not made; its contents are dropped."""

    path: str


Make = Callable[[Sequence[Any]], Any]
"""Makes a value from the arguments of a call; raises ValueError for wrong arguments."""


def read_pickle(file: io.BytesIO, calls: Mapping[str, Make], persistent: Make) -> Any:
    """Read one pickle, up to its end.

    Args:
        file: Stream that starts with a pickle; it is left behind the pickle's end.
        calls: For each name that the pickle may have, what a call of it makes.
        persistent: Makes the value of a persistent id.

    Returns:
        Numbers, strings, bytes, lists, tuples, dictionaries with simple keys, and what the
        functions made. Sets are lists.

    Raises:
        CodeInPickleError: The pickle has a name that is not in ``calls``.
        ValueError: The pickle is damaged or too large.
    """
    machine = _Machine(calls, persistent)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of escapes in text
        for count, (operation, argument, _) in enumerate(pickletools.genops(file)):
            if count > _MAX_OPERATIONS:
                raise ValueError(f"its pickle has more than {_MAX_OPERATIONS} operations")
            try:
                machine.step(operation.name, argument)
            except (IndexError, KeyError, TypeError, AttributeError) as err:
                raise ValueError(f"its pickle is damaged at operation {count}") from err
    return machine.result()


class _Machine:
    """The stack and the memo of an unpickler."""

    def __init__(self, calls: Mapping[str, Make], persistent: Make) -> None:
        self._calls = calls
        self._persistent = persistent
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        if name in _LITERALS:
            self._stack.append(argument)
        elif name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name]())
        elif name not in _IGNORED:
            # Operations that are missing here read buffers or codes outside the pickle.
            if name not in _ACTIONS:
                raise ValueError(f"its pickle uses {name}, which is not supported")
            _ACTIONS[name](self, argument)

    def result(self) -> Any:
        if len(self._stack) != 1 or self._marks:
            raise ValueError("its pickle ends too early")
        return self._stack[0]

    # -------------------------------------------------------- the stack

    def mark(self, _: object) -> None:
        self._marks.append(len(self._stack))

    def pop(self, _: object) -> None:
        if self._marks and self._marks[-1] == len(self._stack):
            self._marks.pop()
        else:
            self._stack.pop()

    def pop_mark(self, _: object) -> None:
        self._since_mark()

    def duplicate(self, _: object) -> None:
        self._stack.append(self._stack[-1])

    def get(self, key: int) -> None:
        self._stack.append(self._memo[key])

    def put(self, key: int) -> None:
        self._memo[key] = self._stack[-1]

    def memoize(self, _: object) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def _since_mark(self) -> list[Any]:
        start = self._marks.pop()
        values = self._stack[start:]
        del self._stack[start:]
        return values

    def _pop(self, count: int) -> list[Any]:
        # Values below a mark belong to an unfinished list.
        if len(self._stack) - count < (self._marks[-1] if self._marks else 0):
            raise IndexError
        values = self._stack[-count:]
        del self._stack[-count:]
        return values

    # -------------------------------------------------------- containers

    def tuple_of(self, count: int) -> None:
        self._stack.append(tuple(self._pop(count)))

    def tuple_since_mark(self, _: object) -> None:
        self._stack.append(tuple(self._since_mark()))

    def list_since_mark(self, _: object) -> None:
        self._stack.append(self._since_mark())

    def dict_since_mark(self, _: object) -> None:
        self._stack.append(_with_items({}, self._since_mark()))

    def append(self, _: object) -> None:
        self._extend(self._pop(1))

    def appends(self, _: object) -> None:
        self._extend(self._since_mark())

    def set_item(self, _: object) -> None:
        _with_items(self._stack[-3], self._pop(2))

    def set_items(self, _: object) -> None:
        values = self._since_mark()
        _with_items(self._stack[-1], values)

    def _extend(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if isinstance(target, list):
            target.extend(values)
        elif not isinstance(target, Record):
            raise TypeError

    # -------------------------------------------------------- names and calls

    def name(self, argument: str) -> None:
        self._push_name(*argument.split(" ", 1))

    def name_on_stack(self, _: object) -> None:
        self._push_name(*self._pop(2))

    def _push_name(self, module: str, name: str) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise TypeError
        path = f"{module}.{name}"
        if path not in self._calls:
            raise CodeInPickleError(f"its pickle names {path[:100]!r}")
        self._stack.append(Name(path))

    def call(self, _: object) -> None:
        name, arguments = self._pop(2)
        self._push_call(name, arguments)

    def call_with_keywords(self, _: object) -> None:
        name, arguments, _keywords = self._pop(3)
        self._push_call(name, arguments)

    def call_since_mark(self, _: object) -> None:
        name, *arguments = self._since_mark()
        self._push_call(name, arguments)

    def call_name(self, argument: str) -> None:
        arguments = self._since_mark()
        self.name(argument)
        self._push_call(self._stack.pop(), arguments)

    def _push_call(self, name: Name, arguments: Sequence[Any]) -> None:
        if not isinstance(name, Name) or not isinstance(arguments, tuple | list):
            raise TypeError
        self._stack.append(self._calls[name.path](arguments))

    def build(self, _: object) -> None:
        # The state of an object is dropped; OrderedDict's is a number of PyTorch's own.
        self._pop(1)
        if not isinstance(self._stack[-1], Record | dict):
            raise TypeError

    def persistent(self, argument: object) -> None:
        self._stack.append(self._persistent((argument,)))

    def persistent_on_stack(self, _: object) -> None:
        self._stack.append(self._persistent(self._pop(1)))


def _with_items(target: dict[Any, Any] | Record, values: list[Any]) -> Any:
    if len(values) % 2:
        raise IndexError
    if isinstance(target, dict):
        for key, value in zip(values[::2], values[1::2], strict=True):
            # To hash nested tuples can take for ever, and no tensor has such a name.
            if isinstance(key, _KEYS):
                target[key] = value
    elif not isinstance(target, Record):
        raise TypeError
    return target


_LITERALS = frozenset(
    {
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
        *("STRING", "BINSTRING", "SHORT_BINSTRING"),
        *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
        *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    }
)
_CONSTANTS: Mapping[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_SET": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
}
_IGNORED = frozenset({"PROTO", "FRAME", "STOP"})
_ACTIONS: Mapping[str, Callable[[_Machine, Any], None]] = {
    "MARK": _Machine.mark,
    "POP": _Machine.pop,
    "POP_MARK": _Machine.pop_mark,
    "DUP": _Machine.duplicate,
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _Machine.put),
    "MEMOIZE": _Machine.memoize,
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "TUPLE": _Machine.tuple_since_mark,
    **dict.fromkeys(("LIST", "FROZENSET"), _Machine.list_since_mark),
    "DICT": _Machine.dict_since_mark,
    "APPEND": _Machine.append,
    **dict.fromkeys(("APPENDS", "ADDITEMS"), _Machine.appends),
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.name_on_stack,
    **dict.fromkeys(("REDUCE", "NEWOBJ"), _Machine.call),
    "NEWOBJ_EX": _Machine.call_with_keywords,
    "OBJ": _Machine.call_since_mark,
    "INST": _Machine.call_name,
    "BUILD": _Machine.build,
    "PERSID": _Machine.persistent,
    "BINPERSID": _Machine.persistent_on_stack,
}
