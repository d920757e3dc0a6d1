#!/usr/bin/env python3
"""Draws what `./dev bench --json FILE` wrote: plot.py FILE IMAGE.svg [--readme README.md]

One bar for each comparison, its length the ratio of kelp's time to the peer's on a logarithmic axis: to the
left of the line kelp is faster. With --readme the table and the image go between the README's bench markers.
"""
import argparse
import json
import math
import os
import platform
from xml.sax.saxutils import escape

ROW, LEFT, WIDTH, SPAN = 22, 470, 760, 5  # pixels; the axis goes from 1/2^SPAN to 2^SPAN


def svg(rows):
    height = ROW * len(rows) + 50
    middle = LEFT + (WIDTH - LEFT) / 2
    unit = (WIDTH - LEFT) / 2 / SPAN
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH + 60}" height="{height}" '
           'font-family="sans-serif" font-size="12">', '<rect width="100%" height="100%" fill="white"/>']
    for power in range(-SPAN, SPAN + 1):
        x = middle + power * unit
        label = f"{2 ** power}x" if power >= 0 else f"1/{2 ** -power}"
        out.append(f'<line x1="{x}" y1="24" x2="{x}" y2="{height - 10}" stroke="{"#333" if power == 0 else "#ddd"}"/>')
        out.append(f'<text x="{x}" y="16" text-anchor="middle" fill="#555">{label}</text>')
    for i, row in enumerate(rows):
        y = 30 + i * ROW
        power = max(-SPAN, min(SPAN, math.log2(row["ratio"])))
        x = middle + min(0, power) * unit
        color = "#3a7d44" if power <= 0 else "#b5651d"
        out.append(f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(row["name"])}</text>')
        out.append(f'<rect x="{x}" y="{y + 2}" width="{abs(power) * unit}" height="{ROW - 7}" fill="{color}"/>')
        out.append(f'<text x="{WIDTH + 4}" y="{y + 13}">{row["ratio"]:.2f}</text>')
    return "\n".join(out + ["</svg>"]) + "\n"


def table(rows):
    lines = ["| what / beside what | kelp | peer | ratio | target |", "|---|---:|---:|---:|---:|"]
    for row in rows:
        peer = "" if row["baseline"] is None else f'{row["baseline"]:.4g} {row["unit"]}'
        ratio = "" if row["ratio"] is None else f'{row["ratio"]:.2f}'
        target = "" if row["target"] is None else f'{row["target"]:g}{"" if row["ok"] else " (missed)"}'
        lines.append(f'| {row["name"]} | {row["value"]:.4g} {row["unit"]} | {peer} | {ratio} | {target} |')
    return "\n".join(lines)


def write_readme(path, rows, image):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    begin, end = "<!-- bench:begin -->\n", "<!-- bench:end -->"
    before, rest = text.split(begin, 1)
    after = rest.split(end, 1)[1]
    where = os.path.relpath(image, os.path.dirname(path) or ".")
    note = (f"Medians of alternating rounds on {os.cpu_count()} cores ({platform.machine()}, shared with others): trust "
            "the ratios, not the nanoseconds. Below 1 kelp is faster.")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{begin}![kelp's time over its peers']({where})\n\n{table(rows)}\n\n{note}\n{end}{after}")


def main():
    arguments = argparse.ArgumentParser(description="Draws benchmark results.")
    arguments.add_argument("results")
    arguments.add_argument("image")
    arguments.add_argument("--readme")
    chosen = arguments.parse_args()
    with open(chosen.results, encoding="utf-8") as file:
        rows = json.load(file)
    with open(chosen.image, "w", encoding="utf-8") as file:
        file.write(svg([row for row in rows if row["ratio"]]))
    if chosen.readme:
        write_readme(chosen.readme, rows, chosen.image)


if __name__ == "__main__":
    main()
