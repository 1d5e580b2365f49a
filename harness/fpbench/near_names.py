"""Recognises a name that somebody wrote for another one."""

import unicodedata

_SHORTEST_WITH_SLIP = 8  # shorter words are one letter away from too many others


def is_near_miss(name: str, meant: str) -> bool:
    """Whether a name is probably meant to be another one, which it does not equal.

    It is, if both have the same letters and digits, whatever their case and what stands between
    them; if one is the plural of the other; or if one slip of typing makes a long name of it.
    """
    if name == meant:
        return False
    written, wanted = _plain(name), _plain(meant)
    if _singular(written) == _singular(wanted):
        return True
    return len(wanted) >= _SHORTEST_WITH_SLIP and (
        _differ_by_one_slip(written, wanted)
        or _differ_by_one_slip(_singular(written), _singular(wanted))
    )


def plain_name(name: str) -> str:
    """What a name has in common with those that differ in case, number and punctuation only."""
    return _singular(_plain(name))


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", name).casefold()))


def _singular(plain: str) -> str:
    if plain.endswith("ies"):
        return plain.removesuffix("ies") + "y"
    return plain.removesuffix("s")


def _differ_by_one_slip(a: str, b: str) -> bool:
    """Whether one letter is wrong, missing or additional, or two neighbours have changed places."""
    short, long = sorted((a, b), key=len)
    if len(long) > len(short) + 1:
        return False
    at = next((i for i, (x, y) in enumerate(zip(short, long, strict=False)) if x != y), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    swapped = short[:at] + short[at : at + 2][::-1] + short[at + 2 :]
    return short[at + 1 :] == long[at + 1 :] or swapped == long
