"""The chart: one bar a line, as long as the ratio is large, with the range of the pairs and the target."""

import html
import math
import re

from lines import Line
from measure import Pairs

WIDTH, LEFT, STEP, TOP = 960, 470, 30, 46
LOW, HIGH = 0.05, 4.0
"""The ratios that the axis spans; it is logarithmic, so that twice as fast and twice as slow look alike."""


def drawn(measured: list[tuple[Line, Pairs]]) -> str:
    """The chart as SVG."""
    height = TOP + STEP * len(measured) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="13" role="img" aria-label="Time of muster by time of the other">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="{LEFT}" y="18" fill="#333">time of muster by time of the other; shorter is faster</text>',
    ]
    for tick in (0.1, 0.2, 0.5, 1, 2):
        x, strong = place(tick), tick == 1
        parts.append(f'<line x1="{x}" x2="{x}" y1="{TOP - 8}" y2="{height - 24}" stroke="{"#333" if strong else "#ddd"}"/>')
        parts.append(f'<text x="{x}" y="{TOP - 12}" text-anchor="middle" fill="#666">{tick:g}</text>')
    for number, (line, pairs) in enumerate(measured):
        parts += bar(line, pairs, TOP + STEP * number)
    parts.append(f'<text x="{LEFT}" y="{height - 6}" fill="#666">thin line: smallest to largest · red mark: target</text>')
    return "\n".join([*parts, "</svg>", ""])


def bar(line: Line, pairs: Pairs, y: int) -> list[str]:
    """One line's bar."""
    ratios = [ratio / line.rows for ratio in pairs.ratios()]
    ratio, middle = pairs.ratio() / line.rows, y + STEP // 2
    found = re.search(r"≤ ([0-9.]+) ×", line.target)
    met = not found or ratio <= float(found[1])
    end = place(ratio)
    name = html.escape(f"{line.ours_is} — {line.theirs_is}")
    parts = [
        f'<text x="{LEFT - 8}" y="{middle + 4}" text-anchor="end" fill="#333" textLength="{min(len(name) * 6, LEFT - 16)}" '
        f'lengthAdjust="spacingAndGlyphs">{name}</text>',
        f'<rect x="{LEFT}" y="{y + 6}" width="{end - LEFT:.1f}" height="{STEP - 12}" fill="{"#4a8" if met else "#c96"}"/>',
        f'<line x1="{place(min(ratios))}" x2="{place(max(ratios))}" y1="{middle}" y2="{middle}" stroke="#222"/>',
        f'<text x="{max(end, place(max(ratios))) + 6}" y="{middle + 4}" fill="#222">{ratio:.2f} ×</text>',
    ]
    if found:
        x = place(float(found[1]))
        parts.append(f'<line x1="{x}" x2="{x}" y1="{y + 3}" y2="{y + STEP - 3}" stroke="#c22" stroke-width="2"/>')
    return parts


def place(ratio: float) -> float:
    """Where a ratio lies on the axis."""
    share = math.log(min(max(ratio, LOW), HIGH) / LOW) / math.log(HIGH / LOW)
    return round(LEFT + share * (WIDTH - LEFT - 70), 1)
