#!/usr/bin/python3
"""Runs the labelled failures, and prints the confusion matrix of latwrap's answers; fails if a goal is missed"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import campaign  # noqa: E402
from truths import ANSWERS  # noqa: E402

RIGHT_PERCENT = 95
WRONGLY_MACHINE_PERCENT = 2
LABELS_WANTED = 200


def matrix(cases):
    """The confusion matrix as a table in Markdown: a row for each truth, a column for each answer"""
    made = [case for case in cases if not case.not_made]
    counts = Counter((case.label, case.answer) for case in made)
    other = sorted({str(case.answer) for case in made if case.answer not in ANSWERS})
    columns = [*ANSWERS, *other]
    lines = ["| truth | tests | " + " | ".join(columns) + " | not made |", "| --- |" + " ---: |" * (len(columns) + 2)]
    for label in ANSWERS:
        of = [str(counts[label, answer] or "") for answer in ANSWERS]
        of += [str(sum(1 for case in made if case.label == label and str(case.answer) == answer)) for answer in other]
        total = sum(1 for case in made if case.label == label)
        missing = sum(1 for case in cases if case.label == label and case.not_made)
        lines.append(f"| `{label}` | {total} | " + " | ".join(of) + f" | {missing or ''} |")
    return "\n".join(lines)


def goals(cases):
    """(what, whether it was reached, the figures) for each goal"""
    made = [case for case in cases if not case.not_made]
    right = sum(case.right for case in made)
    excused = [case for case in made if case.label == "machine" and case.answer == "code"]
    others = [case for case in made if case.label != "machine"]
    wrongly = [case for case in others if case.answer == "machine" and not case.right]
    yield "labelled failures", len(made) >= LABELS_WANTED, f"{len(made)}, goal {LABELS_WANTED}"
    yield ("right", made and right * 100 >= len(made) * RIGHT_PERCENT,
           f"{right} of {len(made)} ({100 * right / max(1, len(made)):.1f} %), goal {RIGHT_PERCENT} %")
    yield "code for what the machine did", not excused, f"{len(excused)}, goal 0"
    yield ("machine for what it did not do", len(wrongly) * 100 <= len(others) * WRONGLY_MACHINE_PERCENT,
           f"{len(wrongly)} of {len(others)}, goal at most {WRONGLY_MACHINE_PERCENT} %")


def parts(span):
    """The largest parts of a test's account, for people"""
    account = span and span.get("account")
    if not account:
        return "no account"
    found = [(ns, name[:-3]) for name, ns in account.items() if name.endswith("_ns") and name not in ("floor_ns", "gauge_ns") and ns]
    found.sort(reverse=True)
    return ", ".join(f"{name} {ns / 1e6:.1f}" for ns, name in found[:5]) + f" of {span['duration_ns'] / 1e6:.1f} ms"


def misses(cases):
    for case in cases:
        if case.not_made:
            yield f"not made: {case.suite}: {case.name} ({case.label}: {case.row}): {case.not_made}"
        elif not case.right:
            yield f"{case.label}, not {case.answer}: {case.suite}: {case.name} ({case.row})"
            yield f"    {parts(case.span)}"
            if case.evidence:
                yield f"    {case.evidence}"


def report(cases):
    """All that is to say about a campaign; and whether its goals were reached"""
    reached = list(goals(cases))
    lines = [matrix(cases), ""]
    lines += [f"{'ok    ' if ok else 'missed'} {what}: {figures}" for what, ok, figures in reached]
    lines += ["", *misses(cases)]
    return "\n".join(lines), all(ok for _, ok, _ in reached)


def save(cases, path):
    rows = [{"suite": case.suite, "name": case.name, "label": case.label, "row": case.row, "answer": case.answer,
             "right": case.right, "not_made": case.not_made, "evidence": case.evidence,
             "account": case.span and case.span.get("account")} for case in cases]
    path.write_text(json.dumps(rows, indent=1))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=campaign.harness.BUILD / "answers", help="for .md and .json")
    parser.add_argument("--suites", default="", help="only suites whose names begin with this")
    options = parser.parse_args()
    say = lambda text: print(text, file=sys.stderr, flush=True)  # noqa: E731
    with campaign.Campaign(say) as running:
        for suite in campaign.suites():
            if not suite.name.startswith(options.suites):
                continue
            if suite.missing:
                say(f"{suite.name}: left out: {suite.missing}")
            else:
                found = running.complete(suite)
                say(f"{suite.name}: {sum(case.right for case in found if not case.not_made)} of {len(found)} right")
        text, ok = report(running.cases)
    print(text)
    options.output.with_suffix(".md").write_text(text + "\n")
    save(running.cases, options.output.with_suffix(".json"))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
