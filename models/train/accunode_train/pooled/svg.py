"""Plots as SVG text: a few marks on two axes, the same bytes on every machine."""

import math
from dataclasses import dataclass, field

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#8c6d1f")
"""Told apart by people who see few colours, too (Okabe & Ito)."""
INK, GRID, PAPER = "#222222", "#dddddd", "#ffffff"
FONT = "font-family='Helvetica, Arial, sans-serif'"


@dataclass
class Axis:
    """From data to pixels."""

    low: float
    high: float
    ticks: list[tuple[float, str]]
    label: str = ""
    log: bool = False

    def place(self, value: float, start: float, length: float) -> float:
        low, high, value = self.low, self.high, min(max(value, self.low), self.high)
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return start + (value - low) / (high - low) * length


@dataclass
class Plot:
    """One panel; marks are drawn in the order in which they are added."""

    x: Axis
    y: Axis
    title: str = ""
    width: float = 640
    height: float = 360
    left: float = 70
    right: float = 20
    top: float = 40
    bottom: float = 55
    marks: list[str] = field(default_factory=list)

    def px(self, value: float) -> float:
        return self.x.place(value, self.left, self.width - self.left - self.right)

    def py(self, value: float) -> float:
        length = self.height - self.top - self.bottom
        return self.y.place(value, self.height - self.bottom, -length)

    def line(self, points: list[tuple[float, float]], colour: str, dashed: bool = False) -> None:
        path = " ".join(f"{_n(self.px(x))},{_n(self.py(y))}" for x, y in points)
        dash = " stroke-dasharray='5 4'" if dashed else ""
        self.marks.append(
            f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='2'{dash}/>"
        )

    def dot(self, x: float, y: float, colour: str, size: float = 4.5, hollow: bool = False) -> None:
        fill = PAPER if hollow else colour
        self.marks.append(
            f"<circle cx='{_n(self.px(x))}' cy='{_n(self.py(y))}' r='{_n(size)}' fill='{fill}' "
            f"stroke='{colour}' stroke-width='2'/>"
        )

    def bar(self, a: tuple[float, float], b: tuple[float, float], colour: str, wide: float = 2) -> None:
        """A straight stroke between two points, for intervals."""
        self.marks.append(
            f"<line x1='{_n(self.px(a[0]))}' y1='{_n(self.py(a[1]))}' x2='{_n(self.px(b[0]))}' "
            f"y2='{_n(self.py(b[1]))}' stroke='{colour}' stroke-width='{_n(wide)}' stroke-opacity='0.6'/>"
        )

    def box(self, x1: float, x2: float, y1: float, y2: float, colour: str) -> None:
        left, right = sorted((self.px(x1), self.px(x2)))
        top, bottom = sorted((self.py(y1), self.py(y2)))
        self.marks.append(
            f"<rect x='{_n(left)}' y='{_n(top)}' width='{_n(right - left)}' height='{_n(bottom - top)}' "
            f"fill='{colour}'/>"
        )

    def legend(self, entries: list[tuple[str, str]], right: bool = False) -> None:
        widest = max(len(name) for name, _ in entries) * 6.6 + 24
        x = self.width - self.right - widest - 6 if right else self.left + 12
        for at, (name, colour) in enumerate(entries):
            y = self.top + 16 + 18 * at
            self.marks.append(f"<rect x='{_n(x)}' y='{_n(y - 9)}' width='12' height='10' fill='{colour}'/>")
            self.marks.append(_text(x + 18, y, name, "start", 12))

    def body(self) -> str:
        right, bottom = self.width - self.right, self.height - self.bottom
        parts = [_text(self.left, 22, self.title, "start", 15, bold=True)]
        for value, label in self.x.ticks:
            at = self.px(value)
            parts.append(_rule(at, self.top, at, bottom, GRID))
            parts.append(_text(at, bottom + 17, label, "middle", 11))
        for value, label in self.y.ticks:
            at = self.py(value)
            parts.append(_rule(self.left, at, right, at, GRID))
            parts.append(_text(self.left - 8, at + 4, label, "end", 11))
        parts += self.marks
        parts.append(_rule(self.left, bottom, right, bottom, INK))
        parts.append(_rule(self.left, self.top, self.left, bottom, INK))
        parts.append(_text((self.left + right) / 2, self.height - 12, self.x.label, "middle", 12))
        middle = (self.top + bottom) / 2
        parts.append(
            f"<g transform='rotate(-90 16 {_n(middle)})'>{_text(16, middle, self.y.label, 'middle', 12)}</g>"
        )
        return "\n".join(parts)


def document(plots: list[Plot], columns: int = 1) -> str:
    """The panels side by side and below each other."""
    width, height = plots[0].width, plots[0].height
    rows = -(-len(plots) // columns)
    full_width, full_height = width * columns, height * rows
    panels = [
        f"<g transform='translate({_n(width * (at % columns))} {_n(height * (at // columns))})'>\n"
        f"{plot.body()}\n</g>"
        for at, plot in enumerate(plots)
    ]
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_n(full_width)} {_n(full_height)}' "
        f"width='{_n(full_width)}' height='{_n(full_height)}' role='img'>\n"
        f"<rect width='100%' height='100%' fill='{PAPER}'/>\n" + "\n".join(panels) + "\n</svg>\n"
    )


def _text(x: float, y: float, text: str, anchor: str, size: int, bold: bool = False) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    weight = " font-weight='bold'" if bold else ""
    return (
        f"<text x='{_n(x)}' y='{_n(y)}' text-anchor='{anchor}' font-size='{size}' fill='{INK}' "
        f"{FONT}{weight}>{escaped}</text>"
    )


def _rule(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return (
        f"<line x1='{_n(x1)}' y1='{_n(y1)}' x2='{_n(x2)}' y2='{_n(y2)}' stroke='{colour}' stroke-width='1'/>"
    )


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
