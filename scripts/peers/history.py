"""Runs of the benchmark, one JSON record a line, and what changed between two of them.

A shared machine is some 10 to 40 % faster or slower from hour to hour. So what our engines take is divided by how much
the peers, which did not change, became slower in the same place; and the quartiles of both runs must lie apart.
"""

import json
import statistics
from pathlib import Path

# A regression takes more than this times as long as before.
SLOWER = 1.1


def read(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def append(file: Path, record: dict):
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as lines:
        lines.write(json.dumps(record) + "\n")


def comparable(one: dict, other: dict) -> bool:
    """Same processor, pictures and peers."""
    processor = lambda record: (record["machine"]["cpu"], record["machine"]["cores"])
    return processor(one) == processor(other) and all(one[key] == other[key] for key in ("pictures", "versions"))


def last(file: Path, record: dict) -> dict | None:
    return next((before for before in reversed(read(file)) if comparable(before, record)), None)


def key(row: dict) -> tuple[str, str, str]:
    return row["model"], row["place"], row["runner"]


def group(place: str) -> str:
    """Places that get faster and slower together."""
    return place.partition("-2")[0]


def drift(before: dict, now: dict, place: str) -> float:
    """How many times as long the peers took."""
    old = {key(row): row for row in before["rows"]}
    ratios = [
        row["mask_ms"]["median"] / old[key(row)]["mask_ms"]["median"]
        for row in now["rows"]
        if group(row["place"]) == group(place) and not row["runner"].startswith("ours") and key(row) in old
    ]
    return statistics.median(ratios) if ratios else 1.0


def changes(before: dict, now: dict) -> list[dict]:
    """Times of our engines in both records: how many times as long, and whether that is more than noise."""
    old = {key(row): row for row in before["rows"]}
    found = []
    for row in now["rows"]:
        if not row["runner"].startswith("ours") or key(row) not in old:
            continue
        by = drift(before, now, row["place"])
        for what in ("first_token_ms", "mask_ms"):
            was, is_ = old[key(row)][what], row[what]
            ratio = is_["median"] / was["median"] / by
            apart = is_["low"] / by > was["high"]
            found.append(
                {"key": key(row), "what": what, "was": was["median"], "is": is_["median"], "drift": by, "ratio": ratio}
                | {"slower": ratio > SLOWER and apart}
            )
    return found


def report(before: dict | None, now: dict) -> list[dict]:
    """Prints the changes; returns those for the worse."""
    if before is None:
        print("\nThis is the first run with this processor, these pictures and these versions of the peers.")
        return []
    print(f"\nSince {before['commit']} of {before['date']}:\n")
    print("| | before, ms | now, ms | peers' drift | change | |")
    print("|---|---|---|---|---|---|")
    found = changes(before, now)
    for change in found:
        name = ", ".join(change["key"]) + (", first token" if change["what"] == "first_token_ms" else "")
        print(
            f"| {name} | {change['was']:.1f} | {change['is']:.1f} | {change['drift']:.2f}x"
            f" | {100 * (change['ratio'] - 1):+.0f} % | {'SLOWER' if change['slower'] else ''} |"
        )
    if before["bundle"] != now["bundle"]:
        print("\nThe bundle is another than before.")
    return [change for change in found if change["slower"]]
