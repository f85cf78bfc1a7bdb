#!/usr/bin/env python3
"""The files of docker/ that a computer can judge: Prometheus' rules and their tests by promtool, the dashboard by what it
names, Dockerfile and compose file by containers.py, the unit by systemd-analyze. A metric that no source exposes makes an alarm that never rings."""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

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
    for path in (*DIRECTORY.glob("alerts*.yml"), Path("docker/grafana/pool.json")):
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


def routing_faults() -> list[str]:
    """An alarm that nobody is told of is none."""
    asked = yaml.safe_load((DIRECTORY / "prometheus.yml").read_text()).get("alerting", {}).get("alertmanagers", [])
    targets = [target for each in asked for group in each["static_configs"] for target in group["targets"]]
    services = yaml.safe_load(containers.COMPOSE.read_text())["services"]
    faults = [] if targets else ["prometheus.yml: alarms go to no Alertmanager"]
    faults += [f"prometheus.yml: compose.yml has no {target}" for target in targets if target.split(":")[0] not in services]
    told = yaml.safe_load((DIRECTORY / "alertmanager.yml").read_text())
    reached = {receiver["name"] for receiver in told["receivers"] if len(receiver) > 1}
    routes = [told["route"], *told["route"]["routes"]]
    faults += [f"alertmanager.yml: {route['receiver']} tells nobody" for route in routes if route["receiver"] not in reached]
    rules = [rule for group in yaml.safe_load((DIRECTORY / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
    faults += [f"alerts.yml: {rule['alert']} has no severity that operators know" for rule in rules
               if rule["labels"].get("severity") not in ("page", "warn")]
    paged = [route for route in routes if 'severity="page"' in route.get("matchers", [])]
    return faults if paged else [*faults, "alertmanager.yml: severity page has no route of its own"]


def unit_faults() -> list[str]:
    """systemd goes over what it does not understand; a fence that is misspelt is none."""
    text = Path("docker/systemd/zubrd.service").read_text()
    with tempfile.TemporaryDirectory() as folder:
        unit = Path(folder) / "zubrd.service"
        unit.write_text(re.sub(r"^(ExecStart=).*$", r"\1/bin/true", text, flags=re.M))  # ours is not installed here
        read = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
        # Exposure in tenths of systemd's points: 17 as it stands, 96 without a fence.
        fenced = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=20", unit], capture_output=True, text=True)
    faults = [f"zubrd.service: {line}" for line in read.stderr.splitlines()]
    return faults if fenced.returncode == 0 else [*faults, "zubrd.service: it lacks fences, see systemd-analyze security"]


def main() -> int:
    faults = unknown_metrics(exposed()) + dashboard_faults() + routing_faults() + containers.faults() + unit_faults()
    for fault in faults:
        print(fault, file=sys.stderr)
    tools = [["promtool", "check", "config", "prometheus.yml"], ["promtool", "check", "rules", "alerts.yml"],
             ["promtool", "test", "rules", *sorted(path.name for path in DIRECTORY.glob("alerts_*test.yml"))], ["amtool", "check-config", "alertmanager.yml"]]
    failed = [command for command in tools if subprocess.run(command, cwd=DIRECTORY).returncode != 0]
    return 1 if faults or failed else 0


if __name__ == "__main__":
    sys.exit(main())
