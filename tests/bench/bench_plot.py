"""Draws a cost that grows as an SVG: both axes logarithmic, no library needed"""

import math
from html import escape

WIDTH, HEIGHT = 560, 320
LEFT, RIGHT, TOP, BOTTOM = 76, 16, 34, 46
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


def decades(low, high, base=10):
    """The powers of the base around the values"""
    first = math.floor(math.log(low, base) + 1e-9)
    last = math.ceil(math.log(high, base) - 1e-9)
    return [float(base) ** power for power in range(first, max(last, first + 1) + 1)]


def scale(ticks, begin, end):
    low, high = math.log(ticks[0]), math.log(ticks[-1])
    return lambda value: begin + (math.log(max(value, ticks[0])) - low) / (high - low) * (end - begin)


def figure(title, x_label, unit, curves):
    """curves: [(name, [(x, y)])], all above 0. A dashed line through each last point is what linear would be"""
    points = [point for _, curve in curves for point in curve if point[0] > 0 and point[1] > 0]
    if not points:
        return ""
    base_y = 2 if unit == "bytes" else 10
    x_ticks = decades(min(x for x, _ in points), max(x for x, _ in points))
    y_ticks = decades(min(y for _, y in points), max(y for _, y in points), base_y)
    if len(y_ticks) > 8:
        y_ticks = y_ticks[::math.ceil(len(y_ticks) / 8)] + [y_ticks[-1]]
    to_x, to_y = scale(x_ticks, LEFT, WIDTH - RIGHT), scale(y_ticks, HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="sans-serif" font-size="12" role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="20" font-size="14" font-weight="bold">{escape(title)}</text>',
    ]
    for tick in x_ticks:
        x = to_x(tick)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}" stroke="#e5e7eb"/>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{short(tick, "")}</text>')
    for tick in y_ticks:
        y = to_y(tick)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#e5e7eb"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{short(tick, unit)}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 10}" text-anchor="middle">'
                 f"{escape(x_label)}</text>")
    for number, (name, curve) in enumerate(curves):
        colour = COLOURS[number % len(COLOURS)]
        drawn = [(x, y) for x, y in curve if x > 0 and y > 0]
        if not drawn:
            continue
        path = " ".join(f"{to_x(x):.1f},{to_y(y):.1f}" for x, y in drawn)
        last_x, last_y = drawn[-1]
        first_x = max(x_ticks[0], last_x * y_ticks[0] / last_y)
        parts.append(f'<line x1="{to_x(first_x):.1f}" y1="{to_y(last_y * first_x / last_x):.1f}" '
                     f'x2="{to_x(last_x):.1f}" y2="{to_y(last_y):.1f}" stroke="{colour}" stroke-width="1" '
                     'stroke-dasharray="2 4"/>')
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{to_x(x):.1f}" cy="{to_y(y):.1f}" r="3" fill="{colour}"/>' for x, y in drawn]
        parts.append(f'<text x="{LEFT + 8}" y="{TOP + 16 + 15 * number}" fill="{colour}">{escape(name)}</text>')
    return "\n".join(parts + ["</svg>", ""])


CURVES = {
    "time": ("ns", [("CPU time of latwrap", "cpu_ns"), ("end of the command to the report", "end_ns")]),
    "size": ("bytes", [("resident memory at its peak", "peak_bytes"), ("report", "report_bytes")]),
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
