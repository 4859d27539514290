"""Runs of the benchmark, one JSON record a line, and what changed between two of them.

A shared machine is some 10 to 40 % faster or slower from hour to hour. The peers did not change: what our engines
take is divided by their median change in the same place, and is no regression while a peer seems to have got slower still,
or while the quartiles of both runs overlap.
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


def peers(before: dict, now: dict, row: dict) -> list[float]:
    """How many times as long each peer took, with the same model in the same place as `row`."""
    old = {key(one): one for one in before["rows"]}
    return [
        one["mask_ms"]["median"] / old[key(one)]["mask_ms"]["median"]
        for one in now["rows"]
        if not one["runner"].startswith("ours")
        and one["model"] == row["model"]
        and group(one["place"]) == group(row["place"])
        and key(one) in old
    ]


def changes(before: dict, now: dict) -> list[dict]:
    """Times of our engines in both records: how many times as long, and whether that is more than noise."""
    old = {key(row): row for row in before["rows"]}
    found = []
    for row in now["rows"]:
        if not row["runner"].startswith("ours") or key(row) not in old:
            continue
        ratios = peers(before, now, row) or [1.0]
        drift, most = statistics.median(ratios), max(ratios)
        for what in ("first_token_ms", "mask_ms"):
            was, is_ = old[key(row)][what], row[what]
            times = is_["median"] / was["median"]
            slower = times / drift > SLOWER and times > most and is_["low"] / drift > was["high"]
            found.append(
                {"key": key(row), "what": what, "was": was["median"], "is": is_["median"], "ratio": times / drift}
                | {"drift": drift, "peers": (min(ratios), most), "slower": slower}
            )
    return found


def report(before: dict | None, now: dict) -> list[dict]:
    """Prints the changes; returns those for the worse."""
    if before is None:
        print("\nThis is the first run with this processor, these pictures and these versions of the peers.")
        return []
    print(f"\nSince {before['commit']} of {before['date']}:\n")
    print("| | before, ms | now, ms | peers, median (range) | change beside it | |")
    print("|---|---|---|---|---|---|")
    found = changes(before, now)
    for change in found:
        name = ", ".join(change["key"]) + (", first token" if change["what"] == "first_token_ms" else "")
        print(
            f"| {name} | {change['was']:.1f} | {change['is']:.1f}"
            f" | {change['drift']:.2f}x ({change['peers'][0]:.2f} to {change['peers'][1]:.2f})"
            f" | {100 * (change['ratio'] - 1):+.0f} % | {'SLOWER' if change['slower'] else ''} |"
        )
    if before["bundle"] != now["bundle"]:
        print("\nThe bundle is another than before.")
    return [change for change in found if change["slower"]]
