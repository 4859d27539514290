"""What scripts/peers/run measured, as Markdown: medians, bars, and what changed since the last run on this machine.

    python scripts/peers/report.py FOLDER HISTORY [--check]

Reads results.jsonl in FOLDER, writes table.json, table.svg and history.svg there, and appends a record to HISTORY.
--check: exit code 1 when one of our engines got slower.
"""

import hashlib
import json
import os
import platform
import statistics
import subprocess
import sys
from collections import defaultdict
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

import history
import plots

PLACES = {
    "native": "native CPU, peers with one thread",
    "native-2": "native CPU, two threads",
    "native-gpu": "native GPU, simulated where WebGPU is",
    "browser-cpu": "browser, WebAssembly",
    "browser-webgpu": "browser, WebGPU",
}
TIMES = ["picture_ms", "first_token_ms", "last_token_ms", "mask_ms"]
PACKAGES = ["torch", "onnxruntime"]

# What a bar is about: title, part of a mask, ours and theirs as (place, beginning of the runner's name), ratio to reach.
NATIVE, WASM = ("native", "ort"), ("browser-cpu", "ort-wasm")
WEBGPU = ("browser-webgpu", "ort-webgpu")
BARS = [
    (
        "native, speculative / ONNX Runtime, picture to mask",
        "mask_ms",
        ("native", "ours-flex-speculative"),
        NATIVE,
        5.0,
    ),
    ("native, greedy / ONNX Runtime, picture to mask", "mask_ms", ("native", "ours-flex-greedy"), NATIVE, 3.0),
    ("native / ONNX Runtime, first token", "first_token_ms", ("native", "ours-flex"), NATIVE, 1.1),
    ("browser, CPU engine / ONNX Runtime Web, picture to mask", "mask_ms", ("browser-cpu", "ours"), WASM, 6.0),
    ("browser, CPU engine, speculative / greedy", "mask_ms", ("browser-cpu", "ours"), ("browser-cpu", "ours"), 1.7),
    (
        "browser, WebGPU, greedy / ONNX Runtime Web",
        "mask_ms",
        ("browser-webgpu", "ours-webgpu-greedy"),
        WEBGPU,
        8.0,
    ),
    (
        "browser, WebGPU, speculative / ONNX Runtime Web",
        "mask_ms",
        ("browser-webgpu", "ours-webgpu-speculative"),
        WEBGPU,
        12.0,
    ),
]


def runs(line: dict):
    """A line of a peer is one mask, one of `trainer bench` a median of several for each way of decoding."""
    if "decode" not in line:
        yield line["runner"], line
        return
    where = "wgpu" if "wgpu" in line["device"] else "flex"
    for timing in line["decode"]:
        last = timing["first_token_ms"] + timing["other_tokens_ms"]
        yield f"ours-{where}-{timing['decode']}", {"tokens": line["tokens"], "last_token_ms": last, **timing}


def table(results: Path) -> list[dict]:
    groups = defaultdict(list)
    for line in results.read_text().splitlines():
        line = json.loads(line)
        for runner, run in runs(line):
            groups[line["of"], line["place"], runner].append(run)
    rows = []
    for (model, place, runner), masks in groups.items():
        row = {"model": model, "place": place, "runner": runner, "runs": len(masks)}
        row["wrong_tokens"] = sum(mask.get("wrong", 0) for mask in masks)
        row |= {key: masks[0][key] for key in ("tokens", "adapter") if key in masks[0]}
        if "dice" in masks[0]:
            row["dice"] = min(mask["dice"] for mask in masks)
        for key in TIMES:
            values = sorted(mask[key] for mask in masks if key in mask)
            if values:
                low, _, high = statistics.quantiles(values, method="inclusive") if len(values) > 1 else values * 3
                row[key] = {"median": statistics.median(values), "low": low, "high": high}
        rows.append(row)
    return rows


def markdown(rows: list[dict]):
    number = lambda row, key: f"{row[key]['median']:.1f}" if key in row else ""
    for model in dict.fromkeys(row["model"] for row in rows):
        for place, title in PLACES.items():
            here = [row for row in rows if (row["model"], row["place"]) == (model, place)]
            if not here:
                continue
            adapter = {f" ({row['adapter']})" for row in here if "adapter" in row}
            print(f"\n{model}, {title}{''.join(adapter)}, milliseconds:\n")
            print("| | picture read | first token | each after it | all tokens | picture to mask | wrong tokens |")
            print("|---|---|---|---|---|---|---|")
            for row in here:
                each = ""
                if row.get("tokens"):
                    decoding = row["last_token_ms"]["median"] - row["first_token_ms"]["median"]
                    each = f"{decoding / (row['tokens'] - 1):.3f}"
                picture, first, last, mask = (number(row, key) for key in TIMES)
                wrong = row["wrong_tokens"] if row.get("tokens") else ""
                print(f"| {row['runner']} | {picture} | {first} | {each} | {last} | {mask} | {wrong} |")


def fastest(rows: list[dict], key: str, place: str, name: str, but: str = "") -> dict | None:
    found = [
        row
        for row in rows
        if row["model"] == "cxr" and row["place"].startswith(place) and row["runner"].startswith(name) and key in row
    ]
    found = [row for row in found if not but or but not in row["runner"]]
    return min(found, key=lambda row: row[key]["median"], default=None)


def bars(rows: list[dict]) -> list[dict]:
    """Each bar beside the peer's fastest way, and beside its cache that grows, by which the bars were set."""
    found = []
    for title, key, (place, ours), (their_place, theirs), at_least in BARS:
        if theirs == ours:
            quick = fastest(rows, key, place, ours, but="greedy")
            slow = fastest(rows, key, place, ours, but="speculative")
            concat = None
        else:
            quick, slow = fastest(rows, key, place, ours), fastest(rows, key, their_place, theirs)
            concat = fastest(rows, key, their_place, f"{theirs}-concat")
        if quick and slow:
            ratio = lambda row: row[key]["median"] / quick[key]["median"]
            found.append(
                {
                    "what": title,
                    "bar": at_least,
                    "ours": quick["runner"],
                    "peer": f"{slow['runner']} ({slow['place']})",
                    "ours_ms": quick[key]["median"],
                    "peer_ms": slow[key]["median"],
                    "measured": ratio(slow),
                    "met": ratio(slow) >= at_least,
                    "beside_growing_cache": concat and ratio(concat),
                }
            )
    return found


def print_bars(found: list[dict]):
    print("\n| times as fast | bar | measured | met | milliseconds | peer's fastest | beside its cache that grows |")
    print("|---|---|---|---|---|---|---|")
    for bar in found:
        growing = "" if bar["beside_growing_cache"] is None else f"{bar['beside_growing_cache']:.2f}x"
        print(
            f"| {bar['what']} | ≥ {bar['bar']}x | {bar['measured']:.2f}x | {'yes' if bar['met'] else 'no'}"
            f" | {bar['ours_ms']:.1f} / {bar['peer_ms']:.1f} | {bar['peer']} | {growing} |"
        )


def machine(rows: list[dict]) -> dict:
    names = [
        line.partition(":")[2].strip()
        for line in (Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else [])
        if line.startswith("model name")
    ]
    adapters = [row["adapter"] for row in rows if "adapter" in row]
    return {
        "cpu": names[0] if names else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "webgpu": adapters[0] if adapters else None,
    }


def record(folder: Path, rows: list[dict], found: list[dict]) -> dict:
    git = lambda *arguments: subprocess.run(["git", *arguments], capture_output=True, text=True).stdout.strip()
    cases = json.loads((folder / "cxr" / "cases.json").read_text())
    pictures = "".join(case["image"] + case["text"] for case in cases)
    browser = Path(__file__).parent / "browser" / "node_modules" / "onnxruntime-web" / "package.json"
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "commit": git("rev-parse", "--short", "HEAD"),
        "changed": bool(git("status", "--porcelain", "--untracked-files=no")),
        "machine": machine(rows),
        "versions": {name: version(name) for name in PACKAGES}
        | {"onnxruntime-web": json.loads(browser.read_text())["version"], "python": platform.python_version()},
        "bundle": hashlib.sha256((folder / "cxr" / "manifest.json").read_bytes()).hexdigest()[:12],
        "pictures": hashlib.sha256(pictures.encode()).hexdigest()[:12],
        "rows": rows,
        "bars": found,
    }


def main(folder: Path, file: Path, check: bool) -> int:
    rows = table(folder / "results.jsonl")
    found = bars(rows)
    now = record(folder, rows, found)
    (folder / "table.json").write_text(json.dumps(now, indent=2) + "\n")
    markdown(rows)
    print_bars(found)
    before = history.last(file, now)
    slower = history.report(before, now)
    history.append(file, now)
    plots.table(rows, PLACES, folder / "table.svg")
    plots.history(history.read(file), now, folder / "history.svg")
    return int(check and bool(slower))


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--check"]
    if len(arguments) != 2:
        raise SystemExit(__doc__)
    raise SystemExit(main(Path(arguments[0]), Path(arguments[1]), "--check" in sys.argv))
