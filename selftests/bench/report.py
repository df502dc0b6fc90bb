#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Turns the guests' measurements into a table and into bench.json.

Each figure is the median of its runs, with its spread: the largest less the
smallest, in percent of the median. A measurement that failed in any run is
shown as failed, with the reason below the table.
"""
import json
import os
import statistics
import sys

WHO = ("nexus", "kernel", "af_packet", "af_xdp")
HEADS = ("nexus", "kernel", "AF_PACKET", "AF_XDP")

# Row, title, and the target: ("max", figure), ("ratio", to the kernel's) or ("more",
# than the kernel's).
COUNTED = (
    ("rr-local", "blocking round trip, one host", ("max", 11500)),
    ("rr-veth", "blocking round trip, veth", ("ratio", 0.6)),
    ("rx-veth", "receive over veth, batch 32, less the sender", ("max", 1600)),
    ("tx-dummy", "transmit to a dummy device, batch 32", ("max", 2000)),
    ("batch-local", "one host, batch 32, both ends", ("max", 700)),
    ("unclaimed", "what the kernel's receive pays for nexus", ("max", 150)),
    ("queue-waits", "kernel's UDP, queued: nexus, fq_codel", ("ratio", 1.05)),
    ("queue-idle", "kernel's UDP, not queued: nexus, fq_codel", ("ratio", 1.05)),
    ("advice", "suspend and resume a flow", ("max", 1500)),
    ("tcp-rr-local", "TCP round trip, one host", ("max", 12500)),
    ("tcp-rr-veth", "TCP round trip, veth", ("ratio", 0.6)),
    ("tcp-crr-local", "TCP connect, request, close, one host",
     ("ratio", 0.334)),
    ("tcp-crr-veth", "TCP connect, request, close, veth", ("ratio", 0.334)),
    # 0.42 a byte.
    ("tcp-bulk-local", "TCP bulk, one host, 64 KiB", ("max", 27525)),
    ("tcp-bulk-veth", "TCP bulk, veth, 64 KiB", ("ratio", 0.6)),
    ("tcp-bulk-to", "TCP bulk, veth, to the kernel, 64 KiB", ("ratio", 1.0)),
    ("tcp-bulk-from", "TCP bulk, veth, from the kernel, 64 KiB",
     ("ratio", 1.0)),
    # 5.4 a byte.
    ("tls-bulk-local", "TLS 1.3 bulk, one host, 64 KiB", ("max", 353894)),
    ("tls-bulk-veth", "TLS 1.3 bulk, veth, 64 KiB", ("ratio", 0.83)),
)
TIMED = (
    ("rr-local", "blocking round trip, one host, ns", None),
    ("rr-veth", "blocking round trip, veth, ns", None),
    ("batch-local", "one host, batch 32, ns a packet", None),
    ("batch-veth", "veth, batch 32, ns a packet", None),
    ("bulk-local", "one host, 64 KiB datagrams, ns each", None),
    ("bulk-veth", "veth, 64 KiB datagrams, ns each", None),
)
GOODPUT = (
    ("goodput-loss", "64 KiB over 100 ms with 1 % loss, ns", ("ratio", 1.0)),
    ("goodput-late", "64 KiB over 10 ms, 5 % of the packets late, ns",
     ("ratio", 1.0)),
    ("goodput-early", "64 KiB over 10 ms, 5 % early, and a deep queue, ns",
     ("ratio", 1.0)),
)
PROGRAMS = tuple(
    (f"{row}-{place}", f"{what}, {where}", ("ratio", limit))
    for place, where in (("local", "one host"), ("veth", "veth"))
    for row, what, limit in (
        ("redis-get-1", "redis GET, 1 connection", 0.7),
        ("redis-get-50", "redis GET, 50 connections", 0.7),
        ("redis-set-1", "redis SET, 1 connection", 0.7),
        ("redis-set-50", "redis SET, 50 connections", 0.7),
        ("nginx-1", "nginx and wrk, 1 connection", 0.7),
        ("nginx-10", "nginx and wrk, 10 connections", 0.7),
        ("memcached-1", "memcached, 1 connection", 0.7),
        ("memcached-50", "memcached, 50 connections", 0.7),
        ("iperf3", "iperf3, a KiB", 0.9),
        ("sockperf-udp", "sockperf ping-pong, UDP", 0.6),
        ("sockperf-tcp", "sockperf ping-pong, TCP", 0.6),
    ))
CALLS = tuple(
    (f"calls-{name}-local", name, ("more", 60))
    for name in ("write", "read", "writev", "send, recv", "sendmsg, recvmsg",
                 "poll", "select", "epoll_ctl", "epoll_wait", "fcntl", "ioctl",
                 "getsockopt", "dup, close"))
REFERENCE = (
    ("floor-syscall", "floor", "a system call"),
    ("floor-futex", "floor", "futex ping-pong, a round trip"),
    ("floor-pipe", "floor", "pipe, a round trip"),
    ("rx-none", "none", "a frame over veth that nobody wants"),
    ("queue-waits", "none", "the kernel's UDP, queued by pfifo"),
)


class Figure:
    """The runs of one measurement, or why there are none."""

    def __init__(self):
        self.values = []
        self.whys = []
        self.na = None
        self.lost = 0
        self.sent = 0

    def median(self):
        if self.whys or not self.values:
            return None
        return statistics.median(self.values)

    def spread(self):
        median = self.median()
        if not median:
            return None
        return (max(self.values) - min(self.values)) / abs(median) * 100

    def minus(self, other):
        """What a figure has beyond another one, run by run."""
        result = Figure()
        result.whys = self.whys + other.whys
        result.na = self.na or other.na
        result.lost, result.sent = self.lost, self.sent
        result.values = [a - b for a, b in zip(self.values, other.values)]
        return result

    def to_json(self):
        if self.na:
            return {"not_applicable": self.na}
        if self.whys:
            return {"failed": self.whys[0]}
        median, spread = self.median(), self.spread()
        return {
            "median": round(median, 1),
            "spread_percent": None if spread is None else round(spread, 2),
            "runs": [round(value, 1) for value in self.values],
            "sent": self.sent,
            "lost": self.lost,
        }


def load(path):
    """The figures of one guest, by row and who."""
    figures = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            figure = figures.setdefault((entry["row"], entry["who"]), Figure())
            if "na" in entry:
                figure.na = entry["na"]
                continue
            if "why" in entry:
                figure.whys.append(entry["why"])
                continue
            result = entry["result"]
            # Of timed round trips the median: others share the machine.
            figure.values.append(result.get("p50", result["ns_per_op"]))
            figure.sent += result["sent"]
            figure.lost += result["lost"]
    return figures


def derive(figures):
    """The figures that are differences of two measurements."""
    if ("unclaimed", "nexus") in figures and ("rx-veth", "kernel") in figures:
        figures["unclaimed", "nexus"] = figures["unclaimed", "nexus"].minus(
            figures["rx-veth", "kernel"])
    sender = figures.get(("tx-dummy", "af_packet"))
    if not sender:
        return
    for key in list(figures):
        if key[0] in ("rx-veth", "rx-none"):
            figures[key] = figures[key].minus(sender)


def cell(figure):
    if figure is None:
        return "-"
    if figure.na:
        return "n/a"
    median = figure.median()
    if median is None:
        return "FAILED"
    spread = figure.spread()
    text = f"{median:,.0f}"
    if spread is not None and len(figure.values) > 1:
        text += f" ±{spread / 2:.1f}%"
    if figure.lost:
        text += " !"
    return text


def ratio(figures, row):
    nexus = figures.get((row, "nexus"))
    kernel = figures.get((row, "kernel"))
    if not nexus or not kernel or not nexus.median() or not kernel.median():
        return None
    return nexus.median() / kernel.median()


def judge(figures, row, target):
    """The target as text, and whether it was met."""
    if not target:
        return "", ""
    kind, limit = target
    text = f"<= {limit:,}" + {"max": "", "ratio": " of kernel",
                              "more": " more"}[kind]
    figure = figures.get((row, "nexus"))
    if figure is None or figure.median() is None:
        return text, "not measured"
    value = ratio(figures, row)
    if kind == "max":
        value = figure.median()
    elif kind == "more" and value is not None:
        value = figure.median() - figures[row, "kernel"].median()
    if value is None:
        return text, "not measured"
    return text, "met" if value <= limit else "MISSED"


def print_table(table):
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    for number, line in enumerate(table):
        print("  ".join(
            text.ljust(width) if i in (0, len(line) - 1) else text.rjust(width)
            for i, (text, width) in enumerate(zip(line, widths))).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def print_notes(figures, rows):
    for row, title, _ in rows:
        for who, head in zip(WHO, HEADS):
            figure = figures.get((row, who))
            if figure is None:
                continue
            if figure.na:
                print(f"  {title}: {head}: {figure.na}")
            elif figure.whys:
                print(f"  {title}: {head}: {figure.whys[0]}")
            elif figure.lost:
                print(f"  {title}: {head}: ! {figure.lost:,} of "
                      f"{figure.sent:,} packets lost, or segments sent again")


def show(title, figures, rows, heads=HEADS):
    """The first columns of all, as many as there are @heads."""
    table = [["what", *heads, "to kernel", "target", ""]]
    who = WHO[:len(heads)]
    result = []
    for row, what, target in rows:
        text, verdict = judge(figures, row, target)
        part = ratio(figures, row) if row != "unclaimed" else None
        table.append([what, *(cell(figures.get((row, name))) for name in who),
                      f"{part:.2f}" if part else "", text, verdict])
        result.append({
            "row": row, "what": what, "target": text or None,
            "verdict": verdict or None,
            "ratio_to_kernel": part and round(part, 3),
            "figures": {name: figures[row, name].to_json() for name in who
                        if (row, name) in figures},
        })
    print(f"\n{title}\n")
    print_table(table)
    print_notes(figures, rows)
    return result


def show_reference(figures):
    print("\nFor reference, instructions:")
    result = []
    for row, who, what in REFERENCE:
        figure = figures.get((row, who))
        print(f"  {what}: {cell(figure)}")
        if figure:
            result.append({"row": row, "what": what, **figure.to_json()})
    return result


def main():
    out, kernel, reps = sys.argv[1:4]
    report = {"kernel": kernel, "runs": int(reps)}
    counted = os.path.join(out, "count.jsonl")
    timed = os.path.join(out, "time.jsonl")
    programs = os.path.join(out, "programs.jsonl")
    goodput = os.path.join(out, "goodput.jsonl")
    if os.path.exists(counted):
        figures = load(counted)
        derive(figures)
        report["instructions"] = show(
            f"Instructions on Linux {kernel}, both ends, 64 B of UDP or TCP, one CPU "
            f"(median of {reps})", figures, COUNTED)
        report["reference"] = show_reference(figures)
    if os.path.exists(timed):
        report["time"] = show(
            f"Time on two emulated CPUs (median of {reps}; compare ratios, "
            "not figures)", load(timed), TIMED)
    if os.path.exists(programs):
        figures = load(programs)
        report["programs"] = show(
            f"Instructions a request, a KiB, a round trip on Linux {kernel}, both "
            f"ends, one CPU (median of {reps})", figures, PROGRAMS, HEADS[:2])
        report["calls"] = show(
            "Instructions a call on descriptors of the kernel's, in a process on "
            "nexus and in one that is not", figures, CALLS, HEADS[:2])
    if os.path.exists(goodput):
        report["goodput"] = show(
            f"What bulk takes over such paths on Linux {kernel} (median of {reps})",
            load(goodput), GOODPUT, HEADS[:2])
    path = os.path.join(out, "bench.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(report, file, indent=2)
        file.write("\n")
    print(f"\nThe same as JSON: {path}")


if __name__ == "__main__":
    main()
