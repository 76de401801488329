"""Draws a cost that grows as an SVG: both axes logarithmic, no library needed"""

import math
from html import escape

WIDTH, HEIGHT = 600, 340
LEFT, RIGHT, TOP, BOTTOM = 92, 44, 76, 46
LEGEND_COLUMN = (WIDTH - LEFT) / 2
LABELS_AT_MOST = 7
COLOURS = ["#1b6ca8", "#c2410c", "#15803d", "#7e22ce"]


def short(value, unit):
    """A number as an axis has it: 1000 ns is 1 us"""
    if unit == "ns":
        for size, name in ((1e9, "s"), (1e6, "ms"), (1e3, "us")):
            if value >= size:
                return f"{value / size:g} {name}"
        return f"{value:g} ns"
    if unit == "bytes":
        for size, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
            if value >= size:
                return f"{value / size:g} {name}"
        return f"{value:g} B"
    return f"{value:,.0f}".replace(",", " ")


def steps(low, high, unit):
    """Round numbers around the values, with one to spare above: 1, 2, 5, 10 or powers of two; few enough to read"""
    if unit == "bytes":
        ladders = [[4.0 ** power for power in range(20)], [16.0 ** power for power in range(11)]]
    else:
        ladders = [[digit * 10.0 ** power for power in range(16) for digit in digits]
                   for digits in ((1, 2, 5), (1, 3), (1,))]
    for ladder in ladders:
        first = max((place for place, step in enumerate(ladder) if step <= low), default=0)
        last = next((place for place, step in enumerate(ladder) if step > high), len(ladder) - 1)
        if last - first < LABELS_AT_MOST:
            break
    return ladder[first:last + 1]


def scale(ticks, begin, end):
    low, high = math.log(ticks[0]), math.log(ticks[-1])
    return lambda value: begin + (math.log(max(value, ticks[0])) - low) / ((high - low) or 1) * (end - begin)


def text(x, y, content, **attributes):
    named = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f'<text x="{x:.1f}" y="{y:.1f}"{named}>{escape(content)}</text>'


def line(x1, y1, x2, y2, **attributes):
    named = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"{named}/>'


def legend(curves):
    """Above the plot, where no curve is"""
    parts = []
    for number, (name, colour, dashes) in enumerate(curves):
        x, y = LEFT + LEGEND_COLUMN * (number % 2), 38 + 16 * (number // 2)
        parts += [line(x, y - 4, x + 24, y - 4, stroke=colour, stroke_width=2, **dashes), text(x + 30, y, name)]
    return parts


def axes(x_ticks, y_ticks, to_x, to_y, x_label, unit):
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts = [text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x_label, text_anchor="middle"),
             text(16, middle, "time" if unit == "ns" else "size", text_anchor="middle",
                  transform=f"rotate(-90 16 {middle:.1f})")]
    for tick in x_ticks:
        parts += [line(to_x(tick), TOP, to_x(tick), HEIGHT - BOTTOM, stroke="#e5e7eb"),
                  text(to_x(tick), HEIGHT - BOTTOM + 16, short(tick, ""), text_anchor="middle")]
    for tick in y_ticks:
        parts += [line(LEFT, to_y(tick), WIDTH - RIGHT, to_y(tick), stroke="#e5e7eb"),
                  text(LEFT - 6, to_y(tick) + 4, short(tick, unit), text_anchor="end")]
    return parts


DOTTED = {"stroke_dasharray": "2 4"}


def figure(title, x_label, unit, curves):
    """curves: [(name, [(x, y)])], all above 0. A dotted line through each last point is what linear would be"""
    curves = [(name, [(x, y) for x, y in curve if x > 0 and y > 0]) for name, curve in curves]
    points = [point for _, curve in curves for point in curve]
    if not points:
        return ""
    x_ticks = sorted({x for x, _ in points})
    y_ticks = steps(min(y for _, y in points), max(y for _, y in points), unit)
    to_x, to_y = scale(x_ticks, LEFT, WIDTH - RIGHT), scale(y_ticks, HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="sans-serif" font-size="12" role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        text(LEFT, 20, title, font_size=14, font_weight="bold"),
    ]
    coloured = [(name, COLOURS[number % len(COLOURS)], curve) for number, (name, curve) in enumerate(curves) if curve]
    parts += legend([(name, colour, {}) for name, colour, _ in coloured] + [("linear would be", "#6b7280", DOTTED)])
    parts += axes(x_ticks, y_ticks, to_x, to_y, x_label, unit)
    for _, colour, curve in coloured:
        last_x, last_y = curve[-1]
        first_x = max(x_ticks[0], last_x * y_ticks[0] / last_y)
        parts.append(line(to_x(first_x), to_y(last_y * first_x / last_x), to_x(last_x), to_y(last_y), stroke=colour,
                          **DOTTED))
        path = " ".join(f"{to_x(x):.1f},{to_y(y):.1f}" for x, y in curve)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{to_x(x):.1f}" cy="{to_y(y):.1f}" r="3" fill="{colour}"/>' for x, y in curve]
    return "\n".join(parts + ["</svg>", ""])


CURVES = {
    "time": ("ns", [("CPU time of latwrap", "cpu_ns"), ("end of the command to the report", "end_ns")]),
    "size": ("bytes", [("memory at its peak", "peak_bytes"), ("report", "report_bytes")]),
}


def nested_figure(nested):
    """Operations of a member, by the depth of its cgroup below the run's"""
    curves = [(f"{name}, {tool}", [(depth, row[name][tool]) for depth, row in nested if tool in row.get(name, {})])
              for name in sorted(nested[0][1]) for tool in ("bare", "latwrap")]
    return figure("CPU time of an operation by nested cgroups", "cgroups, each in the one before", "ns", curves)


def figures(scale_results, nested=()):
    """{file name: SVG} for each series, time and size apart"""
    drawn = {"cgroups-time.svg": nested_figure(nested)} if nested else {}
    for series, found in scale_results.items():
        for suffix, (unit, metrics) in CURVES.items():
            curves = [(name, [(amount, row[metric]) for amount, row in found["points"]]) for name, metric in metrics]
            picture = figure(f"Cost by {series}: {suffix}", found["what"], unit, curves)
            if picture:
                drawn[f"{series}-{suffix}.svg"] = picture
    return drawn
