"""SVG as the standard library's element tree, with the few shapes that the drawings need."""

from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

SANS: Final = "Helvetica, Arial, sans-serif"
MONO: Final = "Menlo, Consolas, 'DejaVu Sans Mono', monospace"
INK: Final = "#1a1a1a"
PALE: Final = "#9a9a9a"
RED: Final = "#b00020"


def drawing(width: float, height: float, title: str) -> Element:
    """Start a drawing on white, with a title that is read aloud; sizes in user units."""
    root = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width:g} {height:g}",
            "width": f"{width:g}",
            "height": f"{height:g}",
            "font-family": SANS,
            "font-size": "12",
            "role": "img",
        },
    )
    SubElement(root, "title").text = title
    rectangle(root, 0, 0, width, height, fill="#ffffff")
    return root


def text(  # noqa: PLR0913  one parameter a property of the text
    parent: Element,
    x: float,
    y: float,
    words: str,
    *,
    fill: str = INK,
    anchor: str = "start",
    size: float = 12,
    bold: bool = False,
    font: str = SANS,
) -> None:
    """Set one line of text with its base line at y."""
    attributes = {
        "x": f"{x:g}",
        "y": f"{y:g}",
        "fill": fill,
        "text-anchor": anchor,
        "font-size": f"{size:g}",
        "font-family": font,
    }
    if bold:
        attributes["font-weight"] = "bold"
    SubElement(parent, "text", attributes).text = words


def line(
    parent: Element, start: tuple[float, float], end: tuple[float, float], **style: str
) -> None:
    """Draw a straight line; underscores in the names of style become hyphens."""
    (x1, y1), (x2, y2) = start, end
    attributes = {"x1": f"{x1:g}", "y1": f"{y1:g}", "x2": f"{x2:g}", "y2": f"{y2:g}"}
    SubElement(parent, "line", {**attributes, **_hyphened({"stroke": INK, **style})})


def polygon(parent: Element, points: Sequence[tuple[float, float]], **style: str) -> None:
    """Fill a polygon."""
    SubElement(parent, "polygon", {"points": _points(points), **_hyphened(style)})


def polyline(parent: Element, points: Sequence[tuple[float, float]], **style: str) -> None:
    """Draw a line through points."""
    attributes = {"points": _points(points), "fill": "none"}
    SubElement(parent, "polyline", {**attributes, **_hyphened({"stroke": INK, **style})})


def rectangle(
    parent: Element, x: float, y: float, width: float, height: float, **style: str
) -> None:
    """Draw a rectangle."""
    attributes = {
        "x": f"{x:g}",
        "y": f"{y:g}",
        "width": f"{width:g}",
        "height": f"{height:g}",
    }
    SubElement(parent, "rect", {**attributes, **_hyphened(style)})


def circle(parent: Element, x: float, y: float, radius: float, **style: str) -> None:
    """Draw a circle."""
    attributes = {"cx": f"{x:g}", "cy": f"{y:g}", "r": f"{radius:g}"}
    SubElement(parent, "circle", {**attributes, **_hyphened(style)})


def write(root: Element) -> str:
    """Write the drawing as a document that opens in a browser."""
    indent(root)
    return f"{tostring(root, encoding='unicode')}\n"


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _hyphened(style: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in style.items()}
