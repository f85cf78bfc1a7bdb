#!/usr/bin/env python3
"""Runs tests/golden/sv1_checklist.json over TCP against a running zubrd on custom signet and prints a table.

sv1_runner.py SETUP.json: what the test that starts the servers says of them (ports, RPC addresses and cookies, log file).
Ends with 1 when a MUST item that can be seen from outside fails. Items that need a fixed job, a moved clock or the
controller alone run in the unit tests and are marked so.
"""
import json
import sys
import threading
import time
import traceback
from pathlib import Path

from sv1_item import Item
from wire import Conn

IN_PROCESS = {
    "SV1-100": "golden_test: worked example B", "SV1-106": "submit_test: older jobs of the tip",
    "SV1-122": "shard_test: the newest job only", "SV1-127": "Vardiff.Sv1_127", "SV1-128": "Vardiff.Sv1_128",
    "SV1-130": "Vardiff.Sv1_130", "SV1-131": "Vardiff.Sv1_131",
}
OVERRULED = {"SV1-110": "decision 15"}
LATE = ("SV1-124", "SV1-121", "SV1-125")  # what spoils the pool for others, in this order
BESIDE = ("SV1-113", "SV1-079")  # long ones, while the others run


def run_one(item, setup, number, results):
    began, trouble = time.monotonic(), ""
    source = {"SV1-124": "127.0.124.1"}.get(item["id"], f"127.0.{130 + number}.1")
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
    results[item["id"]] = ("failed" if trouble else "passed", trouble, time.monotonic() - began)


def main() -> int:
    setup = json.loads(Path(sys.argv[1]).read_text())
    items = json.loads((Path(__file__).parent.parent / "golden/sv1_checklist.json").read_text())["items"]
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
    bad = 0
    print(f"{'item':<9}{'level':<8}{'result':<12}{'time':>7}  title")
    for item in items:
        name = item["id"]
        if name in results:
            result, trouble, seconds = results[name]
            bad += result == "failed" and item["level"] == "MUST"
            print(f"{name:<9}{item['level']:<8}{result:<12}{seconds:>6.1f}s  {item['title']}" + (f"  -- {trouble}" if trouble else ""))
        elif name in IN_PROCESS:
            print(f"{name:<9}{item['level']:<8}{'in process':<12}{'':>7}  {item['title']} ({IN_PROCESS[name]})")
        elif name in OVERRULED:
            print(f"{name:<9}{item['level']:<8}{'overruled':<12}{'':>7}  {item['title']} ({OVERRULED[name]})")
    failed = sum(r[0] == "failed" for r in results.values())
    print(f"{len(results) - failed} passed, {failed} failed ({bad} of them MUST), "
          f"{len(IN_PROCESS)} in process, {len(OVERRULED)} overruled")
    return 1 if bad else 0


sys.exit(main())
