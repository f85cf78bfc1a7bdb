#!/usr/bin/env python3
"""Compiles the pool's own parts for 64-bit Arm, as they would be there: no vector kernels, warnings are errors. Runs nothing.

Headers of libraries are this machine's own (behind the cross compiler's): enough to compile with, not to link.
"""
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ["pool/base", "pool/crypto", "pool/bitcoin", "pool/work", "pool/share"]
COMPILER = ["aarch64-linux-gnu-g++", "-std=c++20", "-c", "-o", "/dev/null", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
            "-Wno-restrict", "-Wno-maybe-uninitialized",
            f"-I{ROOT}", "-idirafter", "/usr/include", "-idirafter", "/usr/include/x86_64-linux-gnu"]


def sources(folder: str) -> list[Path]:
    """What CMake builds there where CMAKE_SYSTEM_PROCESSOR is not x86_64."""
    text = (ROOT / folder / "CMakeLists.txt").read_text(encoding="utf-8")
    text = re.sub(r"if\(CMAKE_SYSTEM_PROCESSOR STREQUAL \"x86_64\"\).*?endif\(\)", "", text, flags=re.DOTALL)
    return [ROOT / folder / name for name in sorted(set(re.findall(r"[\w/]+\.cpp", text)))]


def compile_one(source: Path) -> str:
    done = subprocess.run([*COMPILER, str(source)], capture_output=True, text=True)
    return done.stderr if done.returncode != 0 else ""


def main() -> int:
    files = [source for folder in FOLDERS for source in sources(folder)]
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        complaints = [text for text in workers.map(compile_one, files) if text]
    print("\n".join(complaints), end="")
    print(f"{len(files)} files, {len(complaints)} do not compile for aarch64")
    return 1 if complaints or not files else 0


sys.exit(main())
