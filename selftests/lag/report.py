#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tells what a bulk upload did to others, as a table and perhaps as a diagram.

    report.py LAG.JSONL [FILE.svg]

The exit status is 1 if a figure is missed.
"""
import json
import math
import sys

RATE = 20e6 / 8
PACKET_NS = 1514 / RATE * 1e9
# Ethernet, IPv4 and UDP around 100 bytes of payload.
SMALL = 142
PERCENTILES = ("min", "p50", "p90", "p99", "p99.9", "max")
FLOWS = {"kernel": "kernel's UDP", "nexus": "nexus, best effort",
         "low-latency": "nexus, low latency"}
COLOURS = {"p50": "#0072b2", "p90": "#009e73", "p99": "#e69f00", "p99.9": "#d55e00"}


def load(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def find(rows, link, what, has_bulk):
    for row in rows:
        if (row["link"], row["what"], row["has_bulk"]) == (link, what, has_bulk):
            return row
    sys.exit(f"report: no measurement of {what} over {link}")


def name(row):
    return (f"{FLOWS[row['what']]}, " +
            (f"bulk beside it, {row['link']}" if row["has_bulk"] else
             f"alone, {row['link']}"))


def bulk_part(row):
    """What bulk had of what the others left to it."""
    small = row["sent"] * SMALL
    left = RATE * row["all_ns"] / 1e9 - small
    return (row["all_bytes"] - small) / left


def print_table(rows):
    print(f"{'round trips, ms':44}" + "".join(f"{p:>9}" for p in PERCENTILES) +
          "     number  bulk's part")
    for row in rows:
        part = f"{bulk_part(row):12.1%}" if row["has_bulk"] else ""
        print(f"{name(row):44}" +
              "".join(f"{row[p] / 1e6:9.3f}" for p in PERCENTILES) +
              f"{row['sent']:11d}{part}")


def judge(rows):
    idle = find(rows, "nexus", "low-latency", False)["p99.9"]
    low = find(rows, "nexus", "low-latency", True)
    sparse = [find(rows, "nexus", what, True) for what in ("kernel", "nexus")]
    verdicts = [(f"p99 of a sparse flow, {FLOWS[row['what']]}: at most 5 ms",
                 row["p99"] / 1e6, 5) for row in sparse]
    verdicts.append(("p99.9 of low latency: at most 1.5 times idle, and one packet",
                     low["p99.9"] / 1e6, (1.5 * idle + PACKET_NS) / 1e6))
    missed = 0
    for title, value, limit in verdicts:
        missed += value > limit
        print(f"{'MISSED' if value > limit else 'met':7} {title}: {value:.3f} of {limit:.3f} ms")
    for row in sparse + [low]:
        part = bulk_part(row)
        missed += part < 0.95
        print(f"{'met' if part >= 0.95 else 'MISSED':7} bulk beside "
              f"{FLOWS[row['what']]}: at least 95 % of what is left: {part:.1%}")
    return missed


def place(ns, low, high):
    return 290 + 500 * (math.log10(ns) - low) / (high - low)


def draw(rows, path):
    low = math.floor(math.log10(min(row["p50"] for row in rows)))
    high = math.ceil(math.log10(max(row["p99.9"] for row in rows)))
    height = 90 + 34 * len(rows)
    out = ["<!-- SPDX-License-Identifier: GPL-2.0 -->",
           f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 840 {height}" '
           'font-family="sans-serif" font-size="12">',
           f'<rect width="840" height="{height}" fill="#fff"/>',
           '<text x="20" y="22" font-size="15">Round trips through a link of 20 Mbit/s, '
           'with and without a bulk upload</text>']
    for power in range(low, high + 1):
        x = place(10 ** power, low, high)
        out.append(f'<path d="M{x:.1f} 40V{height - 45}" stroke="#ddd"/>'
                   f'<text x="{x:.1f}" y="{height - 28}" text-anchor="middle">'
                   f'{10 ** (power - 6):g}</text>')
    out.append(f'<text x="540" y="{height - 8}" text-anchor="middle">ms</text>')
    for number, row in enumerate(rows):
        y = 62 + 34 * number
        left, right = place(row["p50"], low, high), place(row["p99.9"], low, high)
        out.append(f'<text x="280" y="{y + 4}" text-anchor="end">{name(row)}</text>')
        out.append(f'<path d="M{left:.1f} {y}H{right:.1f}" stroke="#888" stroke-width="2"/>')
        for key in COLOURS:
            out.append(f'<circle cx="{place(row[key], low, high):.1f}" cy="{y}" r="5" '
                       f'fill="{COLOURS[key]}"/>')
    for number, key in enumerate(COLOURS):
        x = 600 + 60 * number
        out.append(f'<circle cx="{x}" cy="30" r="5" fill="{COLOURS[key]}"/>'
                   f'<text x="{x + 9}" y="34">{key}</text>')
    out.append("</svg>")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out) + "\n")


def main():
    rows = load(sys.argv[1])
    print_table(rows)
    if len(sys.argv) > 2:
        draw(rows, sys.argv[2])
    return 1 if judge(rows) else 0


if __name__ == "__main__":
    sys.exit(main())
