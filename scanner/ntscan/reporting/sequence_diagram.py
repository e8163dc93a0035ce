"""A demonstration as a sequence diagram: who calls whom, and how the list of free IRPs stands."""

from textwrap import wrap
from typing import Final
from xml.etree.ElementTree import Element

from ntscan.drivermodel.demonstrate import Recording
from ntscan.drivermodel.story import Event, Lane, Tone
from ntscan.reporting import svg

_LANE_WIDTH: Final = 112.0
_LEFT: Final = 70.0
_TOP: Final = 118.0
_LINE: Final = 15.0
_GAP: Final = 12.0
_WORDS_LEFT: Final = _LEFT + len(Lane) * _LANE_WIDTH
_WIDTH: Final = _WORDS_LEFT + 560
_COLUMNS: Final = 84  # characters of the sentences, and of the list in its wider letters
_LIST_COLUMNS: Final = 72
_COLOUR: Final = {Tone.NORMAL: svg.INK, Tone.WRONG: svg.RED, Tone.STOP: svg.RED}
_PALE_RED: Final = "#fdeaec"


def render_sequence_diagram(recording: Recording) -> str:
    """Draw the events of a demonstration, one below the other, as SVG."""
    shown = recording.demonstration
    heights = [_height(event) for event in recording.events]
    bottom = _TOP + sum(heights) + _GAP
    root = svg.drawing(_WIDTH, bottom + 30, shown.heading)
    svg.text(root, 20, 28, shown.heading, size=18, bold=True)
    svg.text(root, 20, 50, recording.in_plain_words, bold=True)
    svg.text(root, 20, 70, _summary(recording), fill=_summary_colour(recording))
    for lane in Lane:
        svg.text(root, _x(lane), _TOP - 14, lane.value, anchor="middle", bold=True)
        svg.line(root, (_x(lane), _TOP - 6), (_x(lane), bottom), stroke="#d0d0d0")
    y = _TOP
    for number, (event, height) in enumerate(zip(recording.events, heights, strict=True), 1):
        _draw(root, number, event, y, height)
        y += height
    svg.text(root, 20, bottom + 18, shown.assumptions[0], fill="#555555")
    return svg.write(root)


def _draw(root: Element, number: int, event: Event, y: float, height: float) -> None:
    colour = _COLOUR[event.tone]
    if event.tone is not Tone.NORMAL:
        svg.rectangle(root, 0, y, _WIDTH, height, fill=_PALE_RED)
        for lane in Lane:
            svg.line(root, (_x(lane), y), (_x(lane), y + height), stroke="#d0d0d0")
    base = y + _GAP
    svg.text(root, 44, base + 4, str(number), anchor="end", fill=svg.PALE)
    if event.tone is Tone.STOP:
        left, right = _x(next(iter(Lane))) - 40, _x(Lane.OTHER) + 40
        svg.rectangle(root, left, base - 9, right - left, 18, fill=svg.RED)
        svg.text(
            root, (left + right) / 2, base + 4, "STOP", anchor="middle", fill="#ffffff", bold=True
        )
    else:
        _arrow(root, _x(event.source), _x(event.target), base, colour)
    bold = event.tone is Tone.STOP
    for words in wrap(event.what, _COLUMNS):
        svg.text(root, _WORDS_LEFT, base + 4, words, fill=colour, bold=bold)
        base += _LINE
    for words in wrap(event.free_irps, _LIST_COLUMNS):
        svg.text(root, _WORDS_LEFT, base + 4, words, fill=colour, size=11, font=svg.MONO)
        base += _LINE


def _arrow(root: Element, start: float, end: float, y: float, colour: str) -> None:
    if start == end:
        svg.circle(root, start, y, 4, fill=colour)
        return
    back = -7 if end > start else 7
    svg.line(root, (start, y), (end + back / 2, y), stroke=colour, stroke_width="1.5")
    svg.polygon(root, ((end, y), (end + back, y - 4), (end + back, y + 4)), fill=colour)


def _summary(recording: Recording) -> str:
    shown = recording.demonstration
    return (
        f"IRPs allocated: {shown.allocations}; calls of IoFreeIrp: {shown.frees}; {shown.ending}."
    )


def _summary_colour(recording: Recording) -> str:
    return svg.RED if recording.demonstration.stop_code else svg.INK


def _height(event: Event) -> float:
    lines = len(wrap(event.what, _COLUMNS)) + len(wrap(event.free_irps, _LIST_COLUMNS))
    return lines * _LINE + _GAP


def _x(lane: Lane) -> float:
    return _LEFT + (list(Lane).index(lane) + 0.5) * _LANE_WIDTH
