"""python3 scripts/peers/test_history.py"""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

import history


def row(runner: str, median: float, spread: float = 0.02) -> dict:
    times = {"median": median, "low": median * (1 - spread), "high": median * (1 + spread)}
    return {"model": "cxr", "place": "native", "runner": runner, "first_token_ms": times, "mask_ms": times}


def record(ours: float, peer: float, spread: float = 0.02, cpu: str = "A") -> dict:
    return {
        "date": "2026-01-01",
        "commit": "abc",
        "machine": {"cpu": cpu, "cores": 2},
        "pictures": "p",
        "versions": {},
        "bundle": "b",
        "rows": [row("ours-flex-greedy", ours, spread), row("ort", peer, spread)],
    }


class History(unittest.TestCase):
    def slower(self, before: dict, now: dict) -> bool:
        with contextlib.redirect_stdout(io.StringIO()):
            return bool(history.report(before, now))

    def test_more_than_a_tenth_is_slower(self):
        self.assertTrue(self.slower(record(100, 200), record(120, 200)))
        self.assertFalse(self.slower(record(100, 200), record(108, 200)))

    def test_a_machine_that_is_slower_for_all_is_no_regression(self):
        self.assertFalse(self.slower(record(100, 200), record(130, 260)))
        self.assertTrue(self.slower(record(100, 200), record(100, 140)))

    def test_runs_whose_quartiles_overlap_are_noise(self):
        self.assertFalse(self.slower(record(100, 200, spread=0.2), record(120, 200, spread=0.2)))

    def test_a_run_in_which_a_peer_got_slower_still_tells_nothing(self):
        before, now = record(100, 200), record(150, 200)
        before["rows"].append(row("pytorch", 300))
        now["rows"].append(row("pytorch", 300))
        self.assertTrue(self.slower(before, now))
        now["rows"][-1] = row("pytorch", 600)
        self.assertFalse(self.slower(before, now))

    def test_a_record_is_compared_with_the_last_of_its_machine(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "new" / "history.jsonl"
            self.assertIsNone(history.last(file, record(1, 1)))
            for one in (record(100, 200), record(110, 200), record(50, 200, cpu="B")):
                history.append(file, one)
            self.assertEqual(history.last(file, record(1, 1))["rows"][0]["mask_ms"]["median"], 110)


if __name__ == "__main__":
    unittest.main()
