#!/usr/bin/env python3
"""Runs the Stratum v1 list (golden/sv1_checklist.json and sv1_more.json here) over TCP against a running zubrd on custom signet and prints a table.

sv1_runner.py SETUP.json: what the test that starts the servers says of them (ports, RPC addresses and cookies, log file).
Items that need a fixed job, a moved clock or the controller alone run in the unit tests, whose program the setup names, and are
marked so. Ends with 1 when a MUST item fails, here or there, or a unit test that stands for one is not there.
"""
import json
import re
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

from sv1_item import Item
from wire import Conn

IN_PROCESS = {
    "SV1-100": ["ModernJob.TakesTheShareAtDifficultyOneWithAndWithoutNegotiatedRolling", "ModernJob.RefusesTheShareAtDifficultyTwo",
                "ModernJob.RefusesEveryFalseReadingOfIt"],
    "SV1-106": ["Submit.TakesSharesForOlderJobsOfTheTipForTenMinutes"],
    "SV1-123": ["Deadlines.LeaveAMinerAloneWhoseSharesAreRare", "Deadlines.LeaveAMinerAloneThatHasSaidHowSlowItIs"],
    "SV1-127": ["Vardiff.Sv1_127_ClimbsFromASixtyFourthInTwoMinutes"],
    "SV1-128": ["Vardiff.Sv1_128_WastesFewSharesOnTheWayUpFromFarBelow"],
    "SV1-129": ["Vardiff.Sv1_129_ComesDownFromFarAboveWithoutAShare"],
    "SV1-130": ["Vardiff.Sv1_130_LeavesASteadyMinerAloneForADay"],
    "SV1-131": ["Vardiff.Sv1_131_CreditsWhatWasHashed"],
}
OVERRULED = {"SV1-110": "decision 15"}
LATE = ("SV1-124", "SV1-121", "SV1-125")  # what spoils the pool for others, in this order
BESIDE = ("SV1-113", "SV1-079", "SV1-122", "SV1-078", "SV1-111", "SV1-114")  # long ones, while the others run
TIMED = ("SV1-112",)  # a busy machine may spoil some tries, a slow server spoils each
TRIES, ENOUGH = 5, 2
HTTP = ("SV1-115", "SV1-116")  # what the server says there is no JSON


def run_one(item, setup, number, results):
    name = item["id"]
    tries, enough, passed, trouble = (TRIES, ENOUGH, 0, "") if name in TIMED else (1, 1, 0, "")
    for _ in range(tries):
        results[name] = played(item, setup, number)
        passed += results[name][0] == "passed"
        trouble = results[name][1] or trouble
        if passed == enough:
            return
    results[name] = "failed", trouble + (f" ({passed} of {tries} tries passed)" if tries > 1 else ""), results[name][2]


def played(item, setup, number):
    began, trouble = time.monotonic(), ""
    source = {"SV1-124": "127.0.124.1"}.get(item["id"], f"127.2.{number}.1")
    if item["setup"] == "P3":
        source = "127.0.0.1"
    one = None
    try:
        one = Item(item, setup, source)
        one.run()
    except Exception as error:  # an item that breaks the runner is a failed item
        trouble = str(error) or traceback.format_exc(limit=3)
    for conn in one.conns + [c for c in one.parallel if isinstance(c, Conn)] if one else []:
        conn.socket.close()
        if conn.odd and item["id"] not in HTTP:
            trouble = trouble or f"no line of JSON: {conn.odd[0][:200]}"
    return "failed" if trouble else "passed", trouble, time.monotonic() - began


def in_process(names, program):
    """The unit tests that stand for items, in one run: each of them has to be there, and to pass."""
    tests, passed, trouble = [test for name in names for test in IN_PROCESS[name]], {}, ""
    try:
        ran = subprocess.run([program, "--gtest_filter=" + ":".join(tests)], capture_output=True, text=True, timeout=200)
        passed = dict(re.findall(r"^\[       OK \] (\S+) \((\d+) ms\)", ran.stdout, re.MULTILINE))
        if ran.returncode != 0 and len(passed) == len(tests):
            trouble = f"ended with {ran.returncode}: {ran.stdout[-300:]}"
    except (OSError, subprocess.TimeoutExpired) as error:
        trouble = str(error)
    results = {}
    for name in names:
        missing = [test for test in IN_PROCESS[name] if test not in passed]
        why = trouble or (f"not passed: {missing}" if missing else "")
        results[name] = "failed" if why else "passed", why, sum(int(passed.get(test, 0)) for test in IN_PROCESS[name]) / 1000
    return results


def main() -> int:
    setup = json.loads(Path(sys.argv[1]).read_text())
    lists = Path(__file__).parent.parent / "golden/sv1_checklist.json", Path(__file__).parent / "sv1_more.json"
    items = sorted((item for each in lists for item in json.loads(each.read_text())["items"]), key=lambda item: item["id"])
    results, threads = {}, []
    numbers = {item["id"]: number for number, item in enumerate(items)}
    outside = [item for item in items if item["id"] not in IN_PROCESS and item["id"] not in OVERRULED]
    if len(sys.argv) > 2:
        outside = [item for item in outside if item["id"] in sys.argv[2:]]
    for item in outside:
        if item["id"] in BESIDE:
            threads.append(threading.Thread(target=run_one, args=(item, setup, numbers[item["id"]], results)))
            threads[-1].start()
    for item in outside:
        if item["id"] not in BESIDE + LATE:
            run_one(item, setup, numbers[item["id"]], results)
    for thread in threads:
        thread.join()
    for name in LATE:
        time.sleep(4)  # a worker whose shares were bad is kept out for three seconds
        for item in outside:
            if item["id"] == name:
                run_one(item, setup, numbers[name], results)
    inside = [name for name in IN_PROCESS if len(sys.argv) < 3 or name in sys.argv[2:]]
    if inside:
        results |= in_process(inside, setup["unit_tests"])
    bad = 0
    print(f"{'item':<9}{'level':<8}{'result':<12}{'time':>7}  title")
    for item in items:
        name = item["id"]
        if name in results:
            result, trouble, seconds = results[name]
            bad += result == "failed" and item["level"] == "MUST"
            where = f" (in process: {', '.join(IN_PROCESS[name])})" if name in IN_PROCESS else ""
            where += f" ({ENOUGH} of up to {TRIES} tries)" if name in TIMED else ""
            print(f"{name:<9}{item['level']:<8}{result:<12}{seconds:>6.1f}s  {item['title']}{where}" + (f"  -- {trouble}" if trouble else ""))
        elif name in OVERRULED:
            print(f"{name:<9}{item['level']:<8}{'overruled':<12}{'':>7}  {item['title']} ({OVERRULED[name]})")
    failed = sum(r[0] == "failed" for r in results.values())
    print(f"{len(results) - failed} passed ({len(IN_PROCESS)} of the list in process), {failed} failed ({bad} of them MUST), {len(OVERRULED)} overruled")
    return 1 if bad else 0


sys.exit(main())
