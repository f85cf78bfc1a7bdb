#!/usr/bin/env python3
"""docker/Dockerfile, docker/compose.yml and the ports of docker/pool.conf: read here, by this and by image.py, and judged as far as that goes without Docker."""
import json
import re
import tomllib
from pathlib import Path

import yaml

KNOWN = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "ENV", "HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT"}
DOCKERFILE, COMPOSE = Path("docker/Dockerfile"), Path("docker/compose.yml")
POOL = Path("docker/pool.conf")
SERVICE_KEYS = {"build", "image", "command", "environment", "volumes", "ports", "depends_on", "restart", "healthcheck", "ulimits",
                "stop_grace_period", "read_only", "cap_drop", "security_opt", "tmpfs", "logging", "entrypoint", "init"}


def steps(text: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile, lines that go on joined."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.split(None, 1) + [""])[:2] for line in joined.splitlines()]


def stages(text: str) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for name, argument in steps(text):
        if name == "FROM":
            found[argument.partition(" AS ")[2]] = []
        if found:
            list(found.values())[-1].append((name, argument))
    return found


def copy_fault(argument: str, before: list[str]) -> str:
    words = argument.split()
    if words[0].startswith("--from="):
        return "" if words[0][7:] in before else f"COPY {argument}: no stage of that name stands before"
    missing = [source for source in words[:-1] if not Path(source).exists()]
    return f"COPY {argument}: there is no {missing[0]}" if missing else ""


def dockerfile_faults() -> list[str]:
    faults, before = [], []
    for stage, parts in stages(DOCKERFILE.read_text()).items():
        of = dict(parts)
        faults += [f"stage {stage}: nobody here knows {name}" for name, _ in parts if name not in KNOWN]
        image = of["FROM"].partition(" AS ")[0]
        if not stage or ":" not in image:
            faults.append(f"FROM {of['FROM']}: wants a tag and a name")
        faults += [fault for name, argument in parts if name == "COPY" and (fault := copy_fault(argument, before))]
        if "ENTRYPOINT" in of:
            if of.get("USER", "0") in ("0", "root"):
                faults.append(f"stage {stage}: runs as root")
            if not isinstance(json.loads(of["ENTRYPOINT"]), list):
                faults.append(f"stage {stage}: ENTRYPOINT is no list, so a shell stands before the program and keeps its signals")
        before.append(stage)
    return [f"Dockerfile: {fault}" for fault in faults]


def service_faults(name: str, service: dict, whole: dict) -> list[str]:
    faults = [f"{name}: nobody here knows {key}" for key in service.keys() - SERVICE_KEYS]
    if ("image" in service) == ("build" in service):
        faults.append(f"{name}: wants an image or a build, one of them")
    if "image" in service and ":" not in service["image"]:
        faults.append(f"{name}: {service['image']} has no tag")
    if not {"max-size", "max-file"} <= service.get("logging", {}).get("options", {}).keys():
        faults.append(f"{name}: its log grows without bound: logging wants max-size and max-file")
    if "build" in service:
        build, known = service["build"], stages(DOCKERFILE.read_text())
        if not (COMPOSE.parent / build["context"] / build["dockerfile"]).exists() or build["target"] not in known:
            faults.append(f"{name}: there is nothing to build it from")
    waits = service.get("depends_on", [])
    for other in waits:
        if other not in whole["services"]:
            faults.append(f"{name}: depends on {other}, which is not there")
        elif isinstance(waits, dict) and waits[other]["condition"] == "service_healthy" and \
                "healthcheck" not in whole["services"][other]:
            faults.append(f"{name}: waits for the health of {other}, which nobody checks")
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        there = (COMPOSE.parent / source).exists() if source.startswith(".") else source in whole["volumes"]
        if not there:
            faults.append(f"{name}: there is no {source}")
    return faults


def compose_faults() -> list[str]:
    whole = yaml.safe_load(COMPOSE.read_text())
    faults = [fault for name, service in whole["services"].items() for fault in service_faults(name, service, whole)]
    used = {volume.split(":")[0] for service in whole["services"].values() for volume in service.get("volumes", [])}
    faults += [f"the volume {name} is nobody's" for name in whole["volumes"] if name not in used]
    return [f"compose.yml: {fault}" for fault in faults]


def listening_faults() -> list[str]:
    """Whoever stands outside the container reaches each port that pool.conf opens, and the admin's from this machine alone."""
    pool = tomllib.loads(POOL.read_text())
    exposed = dict(stages(DOCKERFILE.read_text())["zubr"])["EXPOSE"].split()
    published = {port.rpartition(":")[2]: port.rpartition(":")[0]
                 for port in yaml.safe_load(COMPOSE.read_text())["services"]["zubr"]["ports"]}
    faults = []
    for section in ("stratum", "web", "admin"):
        host, _, port = pool[section]["listen"].rpartition(":")
        if host != "0.0.0.0":
            faults.append(f"{section}.listen is {host}, where nobody outside the container gets to")
        if port not in published:
            faults.append(f"compose.yml does not publish {port}, where {section} listens")
        if port not in exposed:
            faults.append(f"the Dockerfile does not expose {port}, where {section} listens")
        if section == "admin" and not published.get(port, "127.0.0.1:").startswith("127.0.0.1:"):
            faults.append("compose.yml publishes the admin's port to the network")
    if not pool["admin"].get("allow"):
        faults.append("admin.listen is open to all: name in admin.allow who may ask")
    return [f"pool.conf: {fault}" for fault in faults]


def faults() -> list[str]:
    return dockerfile_faults() + compose_faults() + listening_faults()
