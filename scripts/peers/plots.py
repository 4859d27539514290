"""SVG plots of a run and of the history."""

from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
from history import comparable

OURS, PEER = "#1f6feb", "#9aa4af"


def table(rows: list[dict], places: dict[str, str], file: Path):
    """Picture to mask of `cxr`, a bar for each program, from the fastest to the slowest."""
    used = [place for place in places if any(row["place"] == place and row["model"] == "cxr" for row in rows)]
    figure, axes = plt.subplots(len(used), 1, figsize=(8, 2.4 * len(used)), layout="constrained", squeeze=False)
    for place, axis in zip(used, axes[:, 0]):
        here = [row for row in rows if row["place"] == place and row["model"] == "cxr"]
        here.sort(key=lambda row: -row["mask_ms"]["median"])
        times = [row["mask_ms"]["median"] for row in here]
        colours = [OURS if row["runner"].startswith("ours") else PEER for row in here]
        drawn = axis.barh([row["runner"] for row in here], times, color=colours)
        axis.bar_label(drawn, fmt="%.0f", padding=3)
        axis.set(title=places[place], xlabel="picture to mask, ms")
        axis.margins(x=0.1)
    save(figure, file)


def history(records: list[dict], now: dict, file: Path):
    """Picture to mask of `cxr`, our engines, over the runs on this machine."""
    records = [record for record in records if comparable(record, now)]
    ours = [row for row in now["rows"] if row["runner"].startswith("ours") and row["model"] == "cxr"]
    names = [(row["place"], row["runner"]) for row in ours]
    figure, axis = plt.subplots(figsize=(8, 4), layout="constrained")
    for place, runner in names:
        rows = [
            (at, row["mask_ms"])
            for at, record in enumerate(records)
            for row in record["rows"]
            if (row["model"], row["place"], row["runner"]) == ("cxr", place, runner)
        ]
        at, times = [at for at, _ in rows], [times for _, times in rows]
        medians = [time["median"] for time in times]
        spread = [[m - t["low"] for m, t in zip(medians, times)], [t["high"] - m for m, t in zip(medians, times)]]
        axis.errorbar(at, medians, yerr=spread, marker="o", capsize=3, label=f"{place}: {runner}")
    axis.set_xticks(range(len(records)), [f"{record['commit']}\n{record['date'][:10]}" for record in records])
    axis.set(yscale="log", ylabel="picture to mask, ms")
    axis.legend(fontsize="small")
    save(figure, file)


def save(figure, file: Path):
    figure.savefig(file)
    plt.close(figure)
