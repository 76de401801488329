"""Statistics of paired measurements: ratios to the bare runs on either side, their median and their spread"""

import math
import random
import statistics

CONFIDENCE = 0.95
ENOUGH = 5  # pairs, of which the interval is nearly as sure as that
DRAWS = 1000


def quantile(values, share):
    """With linear interpolation, of any number of values"""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def interval(values):
    """
    Where the median of what was drawn from lies with 95 %, by order statistics: nothing is assumed of the noise. Of
    fewer than six values it is from the least to the greatest, and as sure as that is: 94 % of five, 75 % of three.
    """
    ordered = sorted(values)
    count, below, cut = len(ordered), 0, 0
    for place in range(count // 2):
        below += math.comb(count, place)
        if 2 * below / 2 ** count > 1 - CONFIDENCE:
            break
        cut = place
    return ordered[cut], ordered[count - 1 - cut]


def summary(values):
    """The median, the interval that it lies in, the middle half, and all of it"""
    low, high = interval(values)
    return {
        "median": statistics.median(values),
        "low": low,
        "high": high,
        "quartiles": [quantile(values, 0.25), quantile(values, 0.75)],
        "count": len(values),
        "values": list(values),
    }


def difference(own, other, factor=1.0):
    """Of two summaries: own - factor * other, with the intervals added as independent ones are"""
    middle = own["median"] - factor * other["median"]
    down = math.hypot(own["median"] - own["low"], factor * (other["high"] - other["median"]))
    up = math.hypot(own["high"] - own["median"], factor * (other["median"] - other["low"]))
    return {"median": middle, "low": middle - down, "high": middle + up, "count": min(own["count"], other["count"])}


def interleaved(tools, number):
    """The order of the runs of a round, after a bare one: tool, tool, bare, tool, tool, bare ...; each begins with another tool"""
    order = []
    start = number * 3 % len(tools) if tools else 0
    for place, tool in enumerate(tools[start:] + tools[:start]):
        order += [tool] + (["bare"] if place % 2 or place == len(tools) - 1 else [])
    return order


def block(tools, number):
    """The order of the runs of one block: the same backwards, so that no tool has later runs than another"""
    start = number % len(tools)
    turned = tools[start:] + tools[:start]
    return ["bare"] + turned + turned[::-1] + ["bare"]


def beside(runs, at):
    """The bare runs next to a run, one on each side: [(value, calm)]"""
    found = []
    for step in (-1, 1):
        place = at + step
        while 0 <= place < len(runs) and (runs[place][0] != "bare" or runs[place][1] is None):
            place += step
        if 0 <= place < len(runs):
            found.append(runs[place][1:])
    return found


def paired(runs):
    """
    [(tool, value or None, calm)] in the order of the runs, to {tool: {"ratio", "added", "value", "bare", "aside"}}:
    each run of a tool against the mean of the bare runs before and after it, which have had the same weather. Of
    these only the calm ones count, if there is one; and pairs that are not calm are put aside, and counted, if
    enough others are.
    """
    found = {}
    for at, (tool, value, calm) in enumerate(runs):
        neighbours = beside(runs, at)
        if tool == "bare" or value is None or not neighbours:
            continue
        calm_ones = [bare for bare in neighbours if bare[1]]
        bare = statistics.fmean(each for each, _ in calm_ones or neighbours)
        found.setdefault(tool, []).append((bool(calm and calm_ones), value, bare))
    result = {}
    for tool, pairs in found.items():
        calm = [pair for pair in pairs if pair[0]]
        used = calm if len(calm) >= ENOUGH else pairs
        result[tool] = {
            "ratio": summary([value / bare for _, value, bare in used]),
            "added": summary([value - bare for _, value, bare in used]),
            "value": summary([value for _, value, _ in used]),
            "bare": summary([bare for _, _, bare in used]),
            "calm": len(calm), "aside": len(pairs) - len(used),
        }
    return result


def fit(rows):
    """Least squares of log(value) = fixed + effect * is_tool + slope * weather: the effect, or None"""
    count = len(rows)
    tools, weather = [float(row[0]) for row in rows], [row[2] for row in rows]
    values = [math.log(row[1]) for row in rows]
    mean_tool, mean_weather, mean_value = (sum(column) / count for column in (tools, weather, values))
    tool_tool = sum((each - mean_tool) ** 2 for each in tools)
    wet_wet = sum((each - mean_weather) ** 2 for each in weather)
    tool_wet = sum((a - mean_tool) * (b - mean_weather) for a, b in zip(tools, weather))
    tool_value = sum((a - mean_tool) * (b - mean_value) for a, b in zip(tools, values))
    wet_value = sum((a - mean_weather) * (b - mean_value) for a, b in zip(weather, values))
    determinant = tool_tool * wet_wet - tool_wet ** 2
    if determinant <= 1e-12:
        return tool_value / tool_tool if tool_tool else None
    return (tool_value * wet_wet - wet_value * tool_wet) / determinant


def adjusted(blocks):
    """
    [[(is_tool, value, weather), ...] for each block of bare, tool, tool, bare] to the ratio at equal weather, and
    where it lies with 95 %: the block bootstrap, which assumes nothing of the noise either
    """
    whole = fit([row for block in blocks for row in block])
    if whole is None:
        return None
    chance = random.Random(len(blocks))
    drawn = []
    for _ in range(DRAWS):
        effect = fit([row for _ in blocks for row in chance.choice(blocks)])
        if effect is not None:
            drawn.append(math.exp(effect))
    return {"median": math.exp(whole), "low": quantile(drawn, (1 - CONFIDENCE) / 2),
            "high": quantile(drawn, (1 + CONFIDENCE) / 2), "count": len(blocks)}


def in_blocks(blocks):
    """As paired(), of blocks of bare, tool, tool, bare: each is one pair, of means; and all of them, adjusted"""
    pairs = []
    for block in blocks:
        bare, tool = ([value for is_tool, value, _ in block if is_tool == wanted] for wanted in (False, True))
        if bare and tool:
            pairs.append((statistics.fmean(tool), statistics.fmean(bare)))
    if not pairs:
        return None
    return {
        "ratio": summary([tool / bare for tool, bare in pairs]),
        "added": summary([tool - bare for tool, bare in pairs]),
        "value": summary([tool for tool, _ in pairs]),
        "bare": summary([bare for _, bare in pairs]),
        "adjusted": adjusted(blocks),
        "weather": statistics.fmean(row[2] for block in blocks for row in block),
    }


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
    steepest = 0.0
    above = [(x, y) for x, y in sorted(points) if y > floor and x > 0]
    for (x0, y0), (x1, y1) in zip(above, above[1:]):
        steepest = max(steepest, math.log(y1 / y0) / math.log(x1 / x0))
    return steepest
