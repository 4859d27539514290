"""Medians of the JSON lines of scripts/peers/run, as Markdown on standard output and as JSON.

    python scripts/peers/table.py RESULTS.jsonl TABLE.json
"""

import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path

PLACES = {
    "native": "native CPU, one thread for the peers",
    "native-2": "native CPU, two threads",
    "browser-cpu": "browser, WebAssembly, one thread",
    "browser-webgpu": "browser, WebGPU (simulated)",
}


def runs(line: dict):
    """A line of a peer is one mask, one of `trainer bench` two medians."""
    if "decode" not in line:
        yield line["runner"], line
        return
    where = "wgpu" if "wgpu" in line["device"] else "flex"
    for timing in line["decode"]:
        yield f"ours-{where}-{timing['decode']}", {
            "tokens": line["tokens"],
            "wrong": 0,
            "first_token_ms": timing["first_token_ms"],
            "last_token_ms": timing["first_token_ms"] + timing["other_tokens_ms"],
            "mask_ms": timing["mask_ms"],
        }


def main(results: Path, table: Path):
    groups = defaultdict(list)
    for line in results.read_text().splitlines():
        line = json.loads(line)
        for runner, run in runs(line):
            groups[line["of"], line["place"], runner].append(run)
    rows = []
    for (model, place, runner), masks in groups.items():
        middle = lambda key: (
            statistics.median(mask[key] for mask in masks) if masks[0].get(key) is not None else None
        )
        first, last, tokens = middle("first_token_ms"), middle("last_token_ms"), masks[0]["tokens"]
        rows.append(
            {
                "model": model,
                "place": place,
                "runner": runner,
                "masks": len(masks),
                "wrong_tokens": sum(mask["wrong"] for mask in masks),
                "first_token_ms": first,
                "ms_per_token": (last - first) / (tokens - 1) if first else None,
                "last_token_ms": last,
                "mask_ms": middle("mask_ms"),
            }
        )
    table.write_text(json.dumps(rows, indent=2) + "\n")
    number = lambda value, digits=1: "" if value is None else f"{value:.{digits}f}"
    for model in dict.fromkeys(row["model"] for row in rows):
        for place, title in PLACES.items():
            here = [row for row in rows if (row["model"], row["place"]) == (model, place)]
            if not here:
                continue
            print(f"\n{model}, {title}:\n")
            print("| | first token, ms | each after it, ms | all tokens, ms | picture to mask, ms | wrong tokens |")
            print("|---|---|---|---|---|---|")
            for row in here:
                print(
                    f"| {row['runner']} | {number(row['first_token_ms'])} | {number(row['ms_per_token'], 3)}"
                    f" | {number(row['last_token_ms'])} | {number(row['mask_ms'])} | {row['wrong_tokens']} |"
                )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
