"""Statistics of paired measurements: ratios to the bare runs on either side, their median and their spread"""

import statistics


def quantile(values, share):
    """With linear interpolation, of any number of values"""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def summary(values):
    """Median and quartiles: one burst of a neighbour on a noisy machine moves none of them far"""
    return {
        "median": statistics.median(values),
        "low": quantile(values, 0.25),
        "high": quantile(values, 0.75),
        "count": len(values),
    }


def interleaved(tools, rounds):
    """The order of the runs: bare, tool, bare, tool ... bare; each round begins with another tool"""
    order = ["bare"]
    for number in range(rounds):
        start = number * 3 % len(tools) if tools else 0
        for tool in tools[start:] + tools[:start]:
            order += [tool, "bare"]
    return order


def paired(runs):
    """
    [(tool, value or None)] in the order of the runs, to {tool: {"ratio", "added", "value", "bare"}}: each run of a
    tool against the mean of the bare runs before and after it, which have had the same weather
    """
    found = {}
    for at, (tool, value) in enumerate(runs):
        if tool == "bare" or value is None:
            continue
        beside = [runs[place][1] for place in (at - 1, at + 1)
                  if 0 <= place < len(runs) and runs[place][0] == "bare" and runs[place][1] is not None]
        if not beside:
            continue
        bare = statistics.fmean(beside)
        pairs = found.setdefault(tool, {"ratio": [], "added": [], "value": [], "bare": []})
        pairs["ratio"].append(value / bare)
        pairs["added"].append(value - bare)
        pairs["value"].append(value)
        pairs["bare"].append(bare)
    return {tool: {name: summary(values) for name, values in pairs.items()} for tool, pairs in found.items()}


def slope(points):
    """Least squares over [(x, y)]: (per x, at 0)"""
    if len(points) < 2:
        return 0.0, points[0][1] if points else 0.0
    mean_x = statistics.fmean(x for x, _ in points)
    mean_y = statistics.fmean(y for _, y in points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    per_x = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0
    return per_x, mean_y - per_x * mean_x


def growth(points, floor):
    """
    The steepest step of a cost that grows with x, as an exponent: 1 is linear, 2 quadratic. What lies below the
    floor is start-up and noise, and no growth is read off it.
    """
    import math
    steepest = 0.0
    above = [(x, y) for x, y in sorted(points) if y > floor and x > 0]
    for (x0, y0), (x1, y1) in zip(above, above[1:]):
        steepest = max(steepest, math.log(y1 / y0) / math.log(x1 / x0))
    return steepest
