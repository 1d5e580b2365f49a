"""HTML that is safe by construction: whatever is not an element becomes its text."""

from html import escape

from fpbench.tables import show_text


class Element(str):
    """An element, or several, as HTML."""

    __slots__ = ()


def element(
    name: str, *children: str | None, **attributes: str | int | float | bool | None
) -> Element:
    """An element with its children.

    Args:
        name: Name of the element, never from a stranger.
        children: Elements as they are, and texts, which are escaped: they do nothing in the page,
            and what cannot be seen, or turns the direction of a text, is shown as an escape.
        attributes: A name may end in an underscore (``class_``) and has underscores for hyphens.
            ``None`` and ``False`` leave the attribute out, ``True`` leaves out its value.
    """
    written = "".join(
        f" {_attribute_name(key)}" + ("" if value is True else f'="{_escape(str(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _EMPTY:
        return Element(f"<{name}{written}>")
    return Element(f"<{name}{written}>{join(*children)}</{name}>")


def join(*children: str | None) -> Element:
    """Elements and texts one after another."""
    return Element(
        "".join(
            child if isinstance(child, Element) else _escape(child)
            for child in children
            if child is not None
        )
    )


def name_of_stranger(text: str) -> Element:
    """A name with a direction of its own, whatever stands beside it."""
    return element("bdi", text)


_EMPTY = ("br", "input", "link", "meta")


def _attribute_name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _escape(text: str) -> str:
    return escape(show_text(text))
