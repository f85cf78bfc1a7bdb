#!/usr/bin/env python3
"""Runs test programs one after the other and sums up: suites.py BUILD_DIR TEMP_DIR PATTERN SUITE...

./dev test starts the real servers and calls this. A suite is BUILD_DIR/zubr_SUITE_tests (GoogleTest); its whole output is
in BUILD_DIR/SUITE_tests.log, that of failed tests is printed, and lines that begin with `measured: `. The last line is
`N passed, N failed, N skipped`.
"""
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

SUITE_SECONDS_MAX = int(os.environ.get("ZUBR_SUITE_SECONDS", "1800"))
TTY = sys.stdout.isatty()


def run(binary: Path, log: Path, report: Path, temp: Path, pattern: str) -> str:
    """Runs one test program; returns why it ended badly, or nothing."""
    if not os.access(binary, os.X_OK):
        log.write_text(f"{binary} is not there\n")
        return "is missing"
    temp.mkdir(parents=True)
    environment = dict(os.environ, TMPDIR=str(temp), ZUBR_TEST_BIN=str(binary.parent))
    environment.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    began = shown = time.monotonic()
    with log.open("wb") as out:
        child = subprocess.Popen(
            [binary, f"--gtest_filter={pattern}", "--gtest_color=no", f"--gtest_output=json:{report}"],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment)
        while True:
            try:
                code = child.wait(timeout=0.5)
                break
            except subprocess.TimeoutExpired:
                now = time.monotonic()
            if now - began > SUITE_SECONDS_MAX:
                child.kill()
                child.wait()
                return f"was stopped after {SUITE_SECONDS_MAX} s"
            if TTY or now - shown > 30:
                shown = now
                running = re.findall(r"^\[ RUN      \] (\S+)", log.read_text(errors="replace"), re.M)
                line = f"… {binary.name}, {now - began:.0f} s: {running[-1] if running else 'starting'}"
                print(f"\r\033[K{line[:110]}" if TTY else line, end="" if TTY else "\n", flush=True)
    if TTY:
        print("\r\033[K", end="")
    return "" if code == 0 else f"ended by signal {-code}" if code < 0 else f"ended with {code}"


def count(report: Path, log: str, trouble: str) -> tuple[int, int, int, list[str]]:
    """Passed, failed, skipped, and the names of the failed."""
    if report.exists():
        tests = [(f"{suite['name']}.{test['name']}", test)
                 for suite in json.loads(report.read_text())["testsuites"] for test in suite["testsuite"]]
        ran = [(name, test) for name, test in tests if test["status"] == "RUN"]
        bad = [name for name, test in ran if "failures" in test]
        skipped = sum(test["result"] == "SKIPPED" for _, test in ran)
        passed = len(ran) - len(bad) - skipped
    else:  # it crashed, hung or never began: what its text says, and the crash itself
        passed = len(re.findall(r"^\[       OK \]", log, re.M))
        skipped = len(re.findall(r"^\[  SKIPPED \].* ms\)$", log, re.M))
        bad = re.findall(r"^\[  FAILED  \] (\S+).* ms\)$", log, re.M)
        bad += [f"the program, in {name}" for name in re.findall(r"^\[ RUN      \] (\S+)", log, re.M)[-1:]] or ["the program"]
    if trouble and not bad:
        bad = ["the program, around its tests"]
    return passed, len(bad), skipped, bad


def show(name: str, trouble: str, bad: list[str], log: str, path: Path) -> None:
    print(f"---- {name} tests {trouble or 'failed'}; all they said: {path}")
    parts = re.findall(r"^\[ RUN      \] (\S+)\n(.*?)(?=^\[ RUN|^\[-----|\Z)", log, re.M | re.S)
    texts = [f"{test}\n{text}" for test, text in parts if test in bad]
    if not texts or trouble.startswith(("ended by", "was stopped")):
        texts.append("\n".join(log.splitlines()[-40:]) + "\n")
    for text in texts[:20]:
        print(text if len(text) < 8000 else text[:4000] + "\n[...]\n" + text[-4000:], end="")


def main() -> int:
    build, temp, pattern, suites = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4:]
    if not any(wild in pattern for wild in "*?:-"):
        pattern = f"*{pattern}*"
    total, rows, names = [0, 0, 0], [], []
    for suite in suites:
        log, report = build / f"{suite}_tests.log", temp / f"{suite}.json"
        began = time.monotonic()
        trouble = run(build / f"zubr_{suite}_tests", log, report, temp / suite, pattern)
        text = log.read_text(errors="replace")
        *numbers, bad = count(report, text, trouble)
        print("".join(re.findall(r"^measured: .*\n", text, re.M)), end="")
        if bad:
            show(suite, trouble, bad, text, log)
        names += [f"{suite}: {test}" for test in bad]
        total = [a + b for a, b in zip(total, numbers)]
        rows.append((suite, *numbers, time.monotonic() - began))
    print(f"\n{'suite':<14}{'passed':>8}{'failed':>8}{'skipped':>8}{'time':>10}")
    for name, passed, failed, skipped, seconds in rows:
        print(f"{name:<14}{passed:>8}{failed:>8}{skipped:>8}{seconds:>8.1f} s")
    for name in names:
        print(f"failed  {name}")
    if sum(total) == 0:
        print(f"no test matches {pattern}")
        total[1] = 1
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped", flush=True)
    return 1 if total[1] else 0


sys.exit(main())
