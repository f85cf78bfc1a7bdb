#!/usr/bin/env python3
"""Loads a running pool and prints what a share costs: shares.py MINER URL USER ZUBRD_PID NULL_SERVER REDIS_PID MYSQL_PID [SECONDS [SHARES [RATE]]]

./dev bench shares starts the servers and calls this. Everything of the pool is on: journal, Redis, MySQL, duplicates, statistics.
CPU is that of the zubrd process, all its threads. Before each row the same load runs against a server that only answers.
SHARES, when given, are sent first, in parts: neither cost nor memory may grow from part to part. 100 x 8 in four parts, or in ten at RATE
a second: a table of duplicates keeps a job's shares for the ten minutes that it lives, so memory must stand still when that is over.
"""
import json
import subprocess
import sys
import time

SHAPES = [(1, 1), (1, 8), (100, 1), (100, 8), (1000, 1), (1000, 8)]
OPEN_LOOP = 15_000


def load(miner: str, url: str, user: str, pid: int, seconds: float, *more: str) -> dict:
    command = [miner, "--load", "--url", url, "--user", user, "--duration", str(seconds), "--watch-pid", str(pid), *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    if done.returncode != 0:
        sys.exit(f"the load failed: {done.stderr.strip()}")
    return json.loads(done.stdout)


def cpu_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def row(name: str, report: dict, floor: dict) -> None:
    refused = f"  {report['rejected']} refused: {report['last_refusal']}" if report["rejected"] * 1000 > report["accepted"] else ""
    print(f"{name:<14}{report['shares_per_server_cpu_second']:>12,}{floor['shares_per_server_cpu_second']:>12,}"
          f"{report['shares_per_second']:>12,}{report['p50_us']:>10,}{report['p99_us']:>10,}{report['p999_us']:>10,}"
          f"{report['server_rss_bytes'] / 2**20:>9.0f}{refused}", flush=True)


def untimed_row(name: str, report: dict) -> None:
    print(f"{name:<20}{report['shares_per_server_cpu_second']:>6,}{'':>12}{report['shares_per_second']:>12,}{'':>30}"
          f"{report['server_rss_bytes'] / 2**20:>9.0f}", flush=True)


def main() -> None:
    miner, url, user, pid, null_server, redis_pid, mysql_pid = sys.argv[1:8]
    seconds = float(sys.argv[8]) if len(sys.argv) > 8 else 3
    null_port = int(url.rsplit(":", 1)[1]) + 1000
    null = subprocess.Popen([null_server, str(null_port)])
    began = (cpu_seconds(int(redis_pid)), cpu_seconds(int(mysql_pid)))
    shares = 0
    try:
        time.sleep(0.2)
        null_url = f"stratum+tcp://127.0.0.1:{null_port}"
        total, rate = (int(sys.argv[9]) if len(sys.argv) > 9 else 0), (int(sys.argv[10]) if len(sys.argv) > 10 else 0)
        parts = 0 if not total else 10 if rate else 4
        for part in range(parts):
            if rate:
                report = load(miner, url, user, int(pid), total / parts / rate, "--connections", "100", "--rate", str(rate))
            else:
                report = load(miner, url, user, int(pid), 600, "--connections", "100", "--in-flight", "8", "--shares", str(total // parts))
            shares += report["accepted"]
            print(f"part {part + 1}: {report['accepted']:,} shares, {report['shares_per_server_cpu_second']:,} /CPU-s, "
                  f"{report['server_rss_bytes'] / 2**20:.0f} MiB", flush=True)
        print(f"{'connections x W':<14}{'/CPU-s':>12}{'null':>12}{'/s':>12}{'p50 us':>10}{'p99':>10}{'p99.9':>10}{'MiB':>9}")
        for connections, in_flight in SHAPES:
            shape = ("--connections", str(connections), "--in-flight", str(in_flight))
            floor = load(miner, null_url, user, null.pid, seconds / 3, *shape)
            report = load(miner, url, user, int(pid), seconds, *shape)
            shares += report["accepted"]
            row(f"{connections} x {in_flight}", report, floor)
        shape = ("--connections", "100", "--rate", str(OPEN_LOOP))
        floor = load(miner, null_url, user, null.pid, seconds / 3, *shape)
        report = load(miner, url, user, int(pid), seconds, *shape)
        shares += report["accepted"]
        row(f"{OPEN_LOOP:,}/s", report, floor)
        # Over v2 success comes for sixteen shares together, or once a second: times say nothing, and a miner with eight in flight
        # would wait for the second. Twice that is what goes round; v1 with as many stands beside it.
        v2_url = url.replace("stratum+tcp", "stratum2+tcp")
        flight = ("--connections", "100", "--in-flight", "16")
        for name, at, more in (("v1 100 x 16", url, flight),
                               ("v2 standard 100 x 16", v2_url, (*flight, "--channel", "standard")),
                               ("v2 extended 100 x 16", v2_url, (*flight, "--channel", "extended")),
                               (f"v2, {OPEN_LOOP * 4:,}/s", v2_url, ("--connections", "100", "--rate", str(OPEN_LOOP * 4)))):
            report = load(miner, at, user, int(pid), seconds, *more)
            shares += report["accepted"]
            untimed_row(name, report)
        used = [cpu_seconds(int(each)) - start for each, start in zip((redis_pid, mysql_pid), began)]
        print(f"redis used {used[0] / max(shares, 1) * 1e6:.2f} us a share, mysql {used[1] / max(shares, 1) * 1e6:.2f}")
    finally:
        null.kill()
        null.wait()


main()
