#!/usr/bin/env python3
"""clang-tidy on what changed lately: tidy.py BUILD_DIR [FILES]

Without FILES: what the last 8 commits and the work in hand touched, or all where the history is shorter or shallow. A changed
header is judged through its own .cpp, or else through one that includes it. As many at a time as there are cores. What passed
once is remembered in BUILD_DIR/tidy/, under a hash of all of our text that it read.
"""
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

COMMITS = 8
TOPS = ("pool/", "stratum/", "payouts/", "rpc/", "tests/")
ROOT = Path(__file__).resolve().parent.parent
# gtest's macros make globals and long functions by design, and branches that cost the analyzer most of a check's time. A test
# may waste a copy, and its texts are cut where they read best.
FOR_TESTS = ("-cppcoreguidelines-avoid-non-const-global-variables,-readability-function-size,-performance-*,"
             "-bugprone-suspicious-missing-comma,-bugprone-implicit-widening-of-multiplication-result,"
             "-bugprone-optional-value-conversion,-bugprone-unchecked-optional-access,-clang-analyzer-*")


def git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", "-c", "safe.directory=*", *arguments], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.split("\n")[:-1] if done.returncode == 0 else []


def changed() -> set[str] | None:
    """Paths, or nothing where the history does not reach back far enough to tell."""
    if git("rev-parse", "--is-shallow-repository") != ["false"] or not git("rev-parse", "-q", "--verify", f"HEAD~{COMMITS}"):
        return None
    return {*git("diff", "--name-only", f"HEAD~{COMMITS}"), *git("ls-files", "--others", "--exclude-standard")}


def judged_through(paths: set[str], sources: dict[str, str]) -> set[str]:
    chosen = {path for path in paths if path in sources}
    for header in (path for path in paths if path.endswith(".h") and path.startswith(TOPS) and (ROOT / path).exists()):
        own = header[:-2] + ".cpp"
        includers = [own] if own in sources else [path for path, text in sources.items() if f'"{header}"' in text]
        if includers and not chosen & set(includers):
            chosen.add(includers[0])
    return chosen


def read_by(path: str, seen: dict[str, bytes]) -> dict[str, bytes]:
    """This file and all of ours that it includes, however deep."""
    if path not in seen and (ROOT / path).is_file():
        seen[path] = (ROOT / path).read_bytes()
        for header in re.findall(rb'^\s*#\s*include\s*"([^"]+)"', seen[path], re.M):
            read_by(header.decode(), seen)
    return seen


def judged_alone(build: str) -> list[dict[str, str]]:
    """How each file is compiled, but for g++'s precompiled header: clang can't read it, and a file must include what it uses."""
    text = (ROOT / build / "compile_commands.json").read_text()
    alone = re.sub(r" (-Winvalid-pch|-fpch-preprocess)\b| -include \S*/cmake_pch\.hxx", "", text)
    (ROOT / build / "tidy").mkdir(exist_ok=True)
    (ROOT / build / "tidy" / "compile_commands.json").write_text(alone)
    return [entry for entry in json.loads(alone) if "cmake_pch" not in entry["file"]]


def tidy(build: str, path: str) -> tuple[str, bool, str]:
    text = b"".join(content for _, content in sorted(read_by(path, {}).items()))
    rules = (ROOT / ".clang-tidy").read_bytes() + Path(__file__).read_bytes()
    passed = ROOT / build / "tidy" / hashlib.sha256(path.encode() + rules + text).hexdigest()
    if passed.exists():
        return path, True, ""
    command = ["clang-tidy-19", "-p", f"{build}/tidy", "--quiet", "--extra-arg=-Wno-unknown-warning-option"]
    if path.startswith("tests/"):
        command.append(f"--checks={FOR_TESTS}")
    done = subprocess.run([*command, str(ROOT / path)], cwd=ROOT, capture_output=True, text=True)
    said = re.sub(r"^\d+ warnings? .*\n|^Suppressed .*\n|^Use -header-filter.*\n", "", done.stdout + done.stderr, flags=re.M)
    if done.returncode == 0:
        passed.touch()
    return path, done.returncode == 0, said.strip()


def main() -> int:
    build, named = sys.argv[1], sys.argv[2:]
    entries = judged_alone(build)
    paths = [os.path.relpath(Path(entry["directory"], entry["file"]).resolve(), ROOT) for entry in entries]
    sources = {path: (ROOT / path).read_text(errors="replace") for path in paths
               if path.startswith(TOPS) and path.endswith(".cpp") and (ROOT / path).exists()}
    lately = {os.path.relpath(Path(name).resolve(), ROOT) for name in named} if named else changed()
    chosen = set(sources) if lately is None else judged_through(lately, sources)

    began, bad = time.monotonic(), 0
    print(f"{len(chosen)} of {len(sources)} files", flush=True)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        jobs = [pool.submit(tidy, build, path) for path in sorted(chosen)]
        for number, job in enumerate(as_completed(jobs), 1):
            path, good, said = job.result()
            bad += not good
            print(f"[{number}/{len(jobs)}] {path}" + ("" if good else f"\n{said}"), flush=True)
    print(f"{len(chosen)} files, {bad} with complaints, {time.monotonic() - began:.0f} s")
    return 1 if bad else 0


sys.exit(main())
