#!/usr/bin/env python3
"""Who may include whom, as a table; and that no file grows past 500 lines. `./dev check` runs this.

Anything not in the table is forbidden. The library targets in the CMakeLists link the same edges.
"""
import re
import sys
from fnmatch import fnmatch
from pathlib import Path

LINES_MAX = 500

# A folder may include itself and these. Longest name wins; `tests` may include everything, nothing may include it.
FOLDERS = {
    "pool/base": "",
    "pool/crypto": "pool/base",
    "pool/runtime": "pool/base",
    "pool/bitcoin": "pool/base pool/crypto",
    "pool/work": "pool/base pool/crypto pool/bitcoin",
    "pool/share": "pool/base pool/crypto pool/bitcoin pool/work",
    "pool/node": "pool/base pool/bitcoin pool/work",
    "stratum": "pool/base pool/crypto pool/bitcoin pool/work pool/share",
    "payouts": "pool/base pool/crypto pool/bitcoin pool/share pool/node",
    "rpc": "pool/base pool/share payouts",
    "pool/app": "pool/base pool/crypto pool/runtime pool/bitcoin pool/work pool/share pool/node stratum payouts rpc",
    "tests": "pool/base pool/crypto pool/runtime pool/bitcoin pool/work pool/share pool/node pool/app stratum payouts rpc",
}
# These files may include a folder more: the thin edges, and the programs' own main loops.
EDGES_MAY = {
    "pool/share/redis_*": "pool/runtime",
    "pool/node/node_rpc*": "pool/runtime",
    "pool/node/zmq_feed*": "pool/runtime",
    "stratum/server*": "pool/runtime",
    "stratum/client/*": "pool/runtime",
    "rpc/server*": "pool/runtime",
    "rpc/cli/*": "pool/runtime",
}
# Edges translate and decide nothing: besides these files, only the roof and the tests see their headers. Their options are
# plain data and not meant. The books' steps are transactions, so what orders them holds the connection.
EDGES = {
    "*/redis_*.h": "*/redis_* payouts/stream_reader.*",
    "*/mysql_*.h": "*/mysql_* payouts/accountant.* payouts/migrations.* payouts/payees.* payouts/payout_drafts.* payouts/payout_funds.* payouts/payout_hold.* payouts/payout_schedule.* payouts/payout_service.cpp payouts/payout_worker.* payouts/payout_writeoff.* payouts/service.cpp",
    "*/*_rpc.h": "*/*_rpc*",
    "*/node_wallet.h": "*/node_wallet*",
    "*/server.h": "*/server*",
}
# Third-party headers, and the only files that see them (tests aside).
THIRD_PARTY = {
    "uv.h": "pool/runtime/*",
    "llhttp.h": "pool/runtime/*.cpp",
    "curl/*": "pool/runtime/*.cpp",
    "zmq.h": "pool/runtime/*.cpp pool/node/node_rpc*.cpp pool/node/zmq*.cpp",
    "hiredis/*": "*/redis_*.cpp */redis_*.h payouts/stream_reader.*",
    "mysql.h": "payouts/mysql_*",
    "mysql/*": "",
    "mariadb/*": "",
    "simdjson.h": "pool/base/json.cpp",
    "nlohmann/json_fwd.hpp": "*",
    "nlohmann/*": "*.cpp",
    "spdlog/*": "pool/base/log.cpp",
    "fmt/*": "*.cpp",
    "toml++/*": "pool/app/*.cpp rpc/cli/*.cpp",
    "CLI/*": "pool/app/*.cpp rpc/cli/*.cpp stratum/client/*.cpp payouts/verify/*.cpp",
    "prometheus/*": "rpc/*.cpp pool/base/metrics.cpp",
    "openssl/*": "rpc/auth.* stratum/tls* stratum/v2/noise* stratum/v2/mining_token.cpp pool/crypto/hash160.cpp",
    "secp256k1*": "stratum/v2/* pool/crypto/*.cpp",
    "sodium*": "stratum/v2/noise*",
    "tl/*": "pool/base/result.h",
    "zlib.h": "*.cpp",
    "gtest/*": "",
    "gmock/*": "",
    "benchmark/*": "",
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def folder_of(path: str) -> str | None:
    names = [name for name in FOLDERS if path.startswith(name + "/")]
    return max(names, key=len, default=None)


def matches(path: str, patterns: str) -> bool:
    return any(fnmatch(path, pattern) for pattern in patterns.split())


def judge_ours(path: str, folder: str, target: str) -> str | None:
    there = folder_of(target)
    if there is None:
        return f'"{target}" is no path from the root of the tree'
    allowed = FOLDERS[folder].split() + [folder]
    for pattern, more in EDGES_MAY.items():
        if fnmatch(path, pattern):
            allowed += more.split()
    if there not in allowed:
        return f'{folder} may not include {there}: "{target}"'
    if folder in ("pool/app", "tests") or target.endswith("_options.h"):
        return None
    for edge, seen_by in EDGES.items():
        if fnmatch(target, edge) and not matches(path, seen_by):
            return f'"{target}" is an edge: for pool/app, tests and {seen_by}'
    return None


def judge_third_party(path: str, folder: str, target: str) -> str | None:
    if folder == "tests":
        return None
    for pattern, allowed in THIRD_PARTY.items():
        if fnmatch(target, pattern):
            return None if matches(path, allowed) else f"<{target}> belongs in {allowed or 'tests'} only"
    if "/" not in target and not target.endswith(".h"):
        return None  # the standard library
    if re.fullmatch(r"(sys|netinet|arpa|linux)/[a-z_0-9]+\.h|[a-z0-9_]+\.h", target):
        return None  # the system's
    return f"<{target}> is in no rule of .ci/include_rules.py"


def main() -> int:
    root = Path(__file__).resolve().parent.parent
    complaints, seen = [], 0
    files = [path for top in ("pool", "stratum", "payouts", "rpc", "tests") for path in (root / top).rglob("*")
             if path.suffix in (".h", ".cpp", ".c", ".hpp", ".cc")]
    for file in sorted(files):
        path = file.relative_to(root).as_posix()
        folder, text = folder_of(path), file.read_text(errors="replace")
        seen += 1
        lines = text.count("\n")
        if lines > LINES_MAX:
            complaints.append(f"{path}: {lines} lines; one idea a file, split at {LINES_MAX}")
        if folder is None:
            complaints.append(f"{path}: is in no folder of the table")
            continue
        for match in INCLUDE.finditer(text):
            judge = judge_ours if match[1] == '"' else judge_third_party
            if complaint := judge(path, folder, match[2]):
                line = text.count("\n", 0, match.start(2)) + 1
                complaints.append(f"{path}:{line}: {complaint}")
    print("\n".join(complaints) if complaints else f"{seen} files keep to the rules")
    return 1 if complaints else 0


sys.exit(main())
