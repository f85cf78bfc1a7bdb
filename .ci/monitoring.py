#!/usr/bin/env python3
"""The files of docker/ that a computer can judge: Prometheus' rules and their tests by promtool, the dashboard by what it
names, Dockerfile and compose file by containers.py. A metric that no source exposes makes an alarm that never rings."""
import json
import re
import subprocess
import sys
from pathlib import Path

import containers

METRIC = re.compile(r"\bzubr_[a-z0-9_]+")
DIRECTORY = Path("docker/prometheus")


def exposed() -> set[str]:
    sources = [path for folder in ("rpc", "pool/app") for path in Path(folder).glob("*.cpp")]
    names = {name for path in sources for name in re.findall(r'"(zubr_[a-z0-9_]+)"', path.read_text())}
    histograms = {name for path in sources for name in re.findall(r'histogram\(\s*"(zubr_[a-z0-9_]+)"', path.read_text())}
    return names | {name + part for name in histograms for part in ("_bucket", "_sum", "_count")}


def unknown_metrics(known: set[str]) -> list[str]:
    faults = []
    for path in (DIRECTORY / "alerts.yml", DIRECTORY / "alerts_test.yml", Path("docker/grafana/pool.json")):
        named = set(METRIC.findall(path.read_text()))
        faults += [f"{path}: nothing exposes {name}" for name in sorted(named - known)]
    return faults


def dashboard_faults() -> list[str]:
    panels = json.loads(Path("docker/grafana/pool.json").read_text())["panels"]
    ids = [panel["id"] for panel in panels]
    faults = [] if len(ids) == len(set(ids)) else ["pool.json: two panels have one id"]
    faults += [f"pool.json: {panel['title']} asks nothing" for panel in panels
               if panel["type"] != "row" and not panel.get("targets")]
    return faults


def main() -> int:
    faults = unknown_metrics(exposed()) + dashboard_faults() + containers.faults()
    for fault in faults:
        print(fault, file=sys.stderr)
    tools = [["promtool", "check", "config", "prometheus.yml"], ["promtool", "check", "rules", "alerts.yml"],
             ["promtool", "test", "rules", "alerts_test.yml"]]
    failed = [command for command in tools if subprocess.run(command, cwd=DIRECTORY).returncode != 0]
    return 1 if faults or failed else 0


if __name__ == "__main__":
    sys.exit(main())
