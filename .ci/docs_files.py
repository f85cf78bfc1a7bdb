#!/usr/bin/env python3
"""Every file that the README and docs/ name exists, and every page of docs/ that a source names. `./dev check` runs this.

A name is `folder/file.ext`, `folder/folder/` or `folder/file.{h,cpp}` in backticks, from the root of the tree, or the target of a
Markdown link, from the page itself. Left alone: what is absolute, has a placeholder in it, or is made by building and running.
"""
import re
import sys
from pathlib import Path

MADE = ("build/", ".run/", ".deps/", "run/", "DATA_DIR/")
NAME = re.compile(r"^[\w.+-]+(/[\w.+-]+)*/?(\{[\w.,]+\})?$")


def expand(name: str) -> list[str]:
    braces = re.search(r"\{([^}]*)\}$", name)
    return [name[: braces.start()] + part for part in braces[1].split(",")] if braces else [name]


def named_files(text: str) -> list[tuple[int, str]]:
    text = re.sub(r"^```.*?^```", lambda block: "\n" * block[0].count("\n"), text, flags=re.M | re.S)
    found = []
    for match in re.finditer(r"`([^`\n]+)`", text):
        name = re.sub(r":\d+$", "", match[1].strip().removeprefix("./"))
        is_file = "/" in name.rstrip("/") and re.search(r"(\.[A-Za-z][\w]*|\.\{[\w,]+\}|/)$", name)
        if is_file and NAME.match(name) and not name.startswith(MADE):
            found += [(text.count("\n", 0, match.start()) + 1, part) for part in expand(name)]
    return found


def linked_files(text: str) -> list[tuple[int, str]]:
    links = re.finditer(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)", text)
    return [(text.count("\n", 0, link.start()) + 1, link[1]) for link in links if "://" not in link[1]]


def named_pages(text: str) -> list[tuple[int, str]]:
    return [(text.count("\n", 0, page.start()) + 1, page[0]) for page in re.finditer(r"\bdocs/[\w/-]+\.md\b", text)]


def main() -> int:
    root = Path(__file__).resolve().parent.parent
    pages = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    missing, names = [], 0
    for page in (page for page in pages if page.exists()):
        text, here = page.read_text(), page.relative_to(root)
        for base, found in ((root, named_files(text)), (page.parent, linked_files(text))):
            names += len(found)
            missing += [f"{here}:{line}: there is no {name}" for line, name in found if not (base / name).exists()]
    sources = [path for top in ("pool", "stratum", "payouts", "rpc", "tests", "docker") for path in (root / top).rglob("*")
               if path.suffix in (".h", ".cpp", ".sql", ".py", ".yml", ".toml", ".conf")]
    for source in sorted(sources):
        found = named_pages(source.read_text(errors="replace"))
        names += len(found)
        missing += [f"{source.relative_to(root)}:{line}: there is no {name}" for line, name in found
                    if not (root / name).exists()]
    print("\n".join(missing) if missing else f"{names} names, all there")
    return 1 if missing else 0


sys.exit(main())
