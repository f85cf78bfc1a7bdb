#!/usr/bin/env python3
"""What docker/Dockerfile would do, done without a Docker engine: each stage in a root directory of its own, its RUN and COPY
steps by chroot, its base image by debootstrap. Then the Debian package, made by CPack in the stage that builds, is installed in
a fresh Debian 12 and started there, and must answer. `./dev check image` runs this, as root: minutes with a filled ccache, a
whole build without one. Base systems and downloaded packages stay in build/image for the next time.

Not the same as an image: base images are Debian's minbase (that is what they are made of), layers and their cache are not
there, and compose's services do not meet.
"""
import fcntl
import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import containers

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "image"
NODE = ROOT / ".deps" / "bitcoind"  # of ./dev: it brings its own libraries along
SUITES = {"debian:12-slim": "bookworm", "debian:forky-slim": "forky"}


BEGAN = time.monotonic()


def tell(what: str) -> None:
    print(f"{time.monotonic() - BEGAN:4.0f} s  {what}", flush=True)


def fail(why: str) -> None:
    sys.exit(f"image: {why}")


def run(command: list[str], log: Path, **more) -> None:
    with log.open("ab") as out:
        out.write(f"$ {shlex.join(command)}\n".encode())
        out.flush()
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, **more)
    if done.returncode != 0:
        tail = log.read_text(errors="replace")[-3000:]
        fail(f"ended with {done.returncode}: {shlex.join(command)[:300]}\n{tail}")


class Stage:
    """A root directory, and where and as whom its next step runs."""

    def __init__(self, name: str, suite: str) -> None:
        self.name, self.root, self.directory, self.user = name, WORK / name, "/", "0"
        self.environment: dict[str, str] = {}
        self.entry: list[str] = []
        self.health: list[str] = []
        self.log = WORK / f"{name}.log"
        base = WORK / f"base-{suite}"
        if not base.exists():
            mirror = subprocess.run([ROOT / ".ci/fetch", "mirror"], capture_output=True, text=True, check=True).stdout.strip()
            run(["debootstrap", "--variant=minbase", suite, str(base) + ".new", mirror, "/usr/share/debootstrap/scripts/sid"], self.log)
            os.rename(str(base) + ".new", base)
            tell(f"  debootstrap {suite}")
        run(["cp", "-a", str(base), str(self.root)], self.log)
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        (self.root / "etc/dpkg/dpkg.cfg.d/unsafe-io").write_text("force-unsafe-io\n")  # as Debian's images have it
        # Testing's lists expire in a week, and mirrors may stand still. Signatures are checked as always.
        (self.root / "etc/apt/apt.conf.d/valid-until").write_text('Acquire::Check-Valid-Until "false";\n')
        packages = WORK / f"packages-{suite}"  # what apt has downloaded: apt asks nobody for it again
        (packages / "partial").mkdir(parents=True, exist_ok=True)
        self.mount("--bind", str(packages), "var/cache/apt/archives")
        self.mount("-t", "proc", "proc", "proc")
        self.mount("-t", "tmpfs", "tmpfs", "dev")
        for device, minor in (("null", 3), ("zero", 5), ("full", 7), ("random", 8), ("urandom", 9)):
            run(["mknod", "-m", "666", str(self.root / "dev" / device), "c", "1", str(minor)], self.log)
        (self.root / "dev/shm").mkdir(mode=0o1777)
        os.symlink("/proc/self/fd", self.root / "dev/fd")

    def mount(self, *arguments: str) -> None:
        target = self.root / arguments[-1]
        target.mkdir(parents=True, exist_ok=True)
        run(["mount", *arguments[:-1], str(target)], self.log)

    def command(self, script: str, user: str | None = None) -> list[str]:
        inside = f"cd {shlex.quote(self.directory)} && {script}"
        return ["chroot", f"--userspec={user or self.user}", str(self.root), "/bin/sh", "-c", inside]

    def do(self, script: str, user: str | None = None) -> None:
        accounts = [line.split(":") for line in (self.root / "etc/passwd").read_text().splitlines()]
        home = next(line[5] for line in accounts if line[2] == (user or self.user))
        environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": home,
                       "CCACHE_BASEDIR": self.directory, "CCACHE_NOHASHDIR": "true", **self.environment}
        run(self.command(script, user), self.log, env=environment)

    def copy(self, arguments: list[str], stages: dict) -> None:
        source_root, excluded = ROOT, (ROOT / "docker/Dockerfile.dockerignore").read_text().split()
        if arguments[0].startswith("--from="):
            source_root, excluded = stages[arguments.pop(0)[7:]].root, []
        source, target = arguments
        inside = self.root / os.path.join(self.directory, target).lstrip("/")
        path = source_root / source.lstrip("/")
        # As COPY does: what is in a directory; a file under the target's name, unless that is a directory's.
        into = path.is_dir() or target.endswith("/") or inside.is_dir()
        (inside if into else inside.parent).mkdir(parents=True, exist_ok=True)
        for each in path.iterdir() if path.is_dir() else [path]:
            if not path.is_dir() or each.name not in excluded:
                run(["cp", "-a", "--no-preserve=ownership", str(each), str(inside)], self.log)


def build_stages(text: str) -> dict[str, Stage]:
    stages: dict[str, Stage] = {}
    stage = None
    for name, argument in containers.steps(text):
        if name == "FROM":
            image, _, label = argument.partition(" AS ")
            tell(f"stage {label} from {image}")
            stage = stages[label] = Stage(label, SUITES[image])
            if label == "build" and shutil.which("ccache"):
                cache = subprocess.run(["ccache", "-k", "cache_dir"], capture_output=True, text=True, check=True).stdout.strip()
                Path(cache).mkdir(parents=True, exist_ok=True)
                stage.mount("--bind", cache, "root/.cache/ccache")
        elif name == "WORKDIR":
            stage.directory = argument
            (stage.root / argument.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif name == "COPY":
            stage.copy(argument.split(), stages)
        elif name == "RUN":
            stage.do(argument)
            tell(f"  RUN {argument[:70]}…")
        elif name == "ENV":
            stage.environment.update([argument.split("=", 1)])
        elif name == "USER":
            stage.user = argument
        elif name == "ENTRYPOINT":
            stage.entry = json.loads(argument)
        elif name == "HEALTHCHECK":
            stage.health = json.loads(argument[argument.index("["):])
    return stages


def try_images(stages: dict[str, Stage]) -> None:
    """What the images run is there, and runs as its user, who owns /data."""
    node = stages["node"]
    node.do(f"{node.entry[0]} -version && test -w /data && test $(id -u) = {node.user}")
    pool = stages["zubr"]
    (pool.root / "etc/zubr").mkdir(parents=True)
    shutil.copy(ROOT / "docker/pool.conf", pool.root / "etc/zubr/pool.conf")
    pool.do(f"{shlex.join(pool.entry)} --check-config && test -w /data && test $(id -u) = {pool.user}")
    pool.do(f"{pool.health[0]} --help >/dev/null && ! {shlex.join(pool.health)}")
    pool.do("test -z \"$(ls -A /data)\"")  # a fresh volume is empty, and so may be restored to
    # Without MariaDB it gets as far as asking it, as the user of pool.conf.
    pool.do("mariadb --version && test -w /var/backups/zubr && ! zubr-backup 2>/tmp/said && cat /tmp/said && grep -q \"Unknown.*host.*'mysql'\" /tmp/said")
    pool.do("! zubr-restore /tmp 2>/tmp/said && cat /tmp/said && grep -q 'is no backup' /tmp/said")
    tell("✓ both images' programs run as their users")


def try_package(build: Stage) -> None:
    """zubr_*.deb installs with what it depends on, starts with real servers, answers, stops, and goes."""
    build.do("apt-get -q install -y --no-install-recommends dpkg-dev file && cd build/release && cpack -G DEB")
    package = next((build.root / "src/build/release").glob("zubr_*.deb"))
    tell("package made; a fresh Debian 12 for it")
    host = Stage("package", "bookworm")
    shutil.copy(package, host.root / "root/zubr.deb")
    for name in ("etc/apt/sources.list.d/zubr-trixie.sources", "etc/apt/preferences.d/zubr-trixie"):
        shutil.copy(build.root / name, host.root / name)  # libsecp256k1-2 of Debian 13, as ./dev takes it
    if not NODE.exists():
        run([ROOT / ".ci/fetch", "bitcoind", str(NODE)], host.log)
    shutil.copytree(NODE, host.root / "opt/bitcoind", symlinks=True)
    host.do("printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d; apt-get -q update && "
            "DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends /root/zubr.deb "
            "mariadb-server mariadb-client redis-server", "0")
    tell("  installed")
    host.do("test $(stat -c %a:%U:%G /etc/zubr/zubr.toml) = 640:root:zubr && test $(stat -c %a:%U /var/backups/zubr) = 700:zubr", "0")
    try_unit(host)
    try_documents(host)
    (host.root / "root/try.sh").write_text(TRY_PACKAGE)
    host.do("sh -eux /root/try.sh", "0")
    link = enable(host)
    host.do("apt-get -q remove -y zubr && test ! -e /usr/bin/zubrd && test -e /etc/zubr/zubr.toml", "0")
    if not link.is_symlink():
        fail("a package that is removed and installed again is no longer enabled")
    host.do("apt-get -q purge -y zubr && test -d /var/lib/zubr && test ! -e /etc/zubr/zubr.toml", "0")
    if link.is_symlink():
        fail(f"purging leaves {link.relative_to(host.root)}, which points at nothing")
    tell("✓ package installs, starts, answers, is backed up and restored, stops, goes")


UNIT = "lib/systemd/system/zubrd.service"
DOCUMENTS = "usr/share/doc/zubr"


def try_unit(host: Stage) -> None:
    """systemd warns at every start of a directory whose mode is another than the unit says, and 0755 where it says nothing."""
    unit = (host.root / UNIT).read_text()
    for key, path in (("ConfigurationDirectory", "etc/zubr"), ("StateDirectory", "var/lib/zubr")):
        said = re.search(rf"^{key}Mode=([0-7]+)$", unit, re.M)
        wanted, mode = int(said[1], 8) if said else 0o755, stat.S_IMODE((host.root / path).stat().st_mode)
        if mode != wanted:
            fail(f"zubrd.service: {key} wants mode {wanted:04o}, and /{path} has {mode:04o}")


def try_documents(host: Stage) -> None:
    """What the package's own pages send people to is in the package; only what Docker reads is in the tree alone."""
    there = {path.name for path in (host.root / DOCUMENTS).iterdir()}
    for page in sorted((host.root / DOCUMENTS).glob("*.md")):
        if page.name == "CHANGELOG.md":  # of every version: it names what has gone since
            continue
        named = set(re.findall(r"\b(?:docs/[\w-]+\.md|CHANGELOG\.md|docker/(?:prometheus|grafana)/[\w.-]+)", page.read_text()))
        lacking = sorted(name for name in named if Path(name).name not in there)
        if lacking:
            fail(f"{page.name} names {', '.join(lacking)}: not in the package")


def enable(host: Stage) -> Path:
    """What `systemctl enable` does; by chroot there may be none."""
    wanted_by = re.search(r"^WantedBy=(\S+)$", (host.root / UNIT).read_text(), re.M)[1]
    link = host.root / "etc/systemd/system" / f"{wanted_by}.wants" / "zubrd.service"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to("/" + UNIT)
    return link


# By chroot there is no systemd: the unit's program is run as the unit's user.
TRY_PACKAGE = r"""
address=bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080
mkdir -p /tmp/node /run/mysqld; chown mysql: /run/mysqld
/opt/bitcoind/bitcoind -regtest -datadir=/tmp/node -rpcport=28555 -rpcuser=u -rpcpassword=p -listen=0 >/tmp/node.log 2>&1 & node=$!
redis-server --port 0 --unixsocket /tmp/redis.sock --unixsocketperm 777 --dir /tmp --appendonly yes --save '' \
    --maxmemory-policy noeviction >/tmp/redis.log 2>&1 & redis=$!
mariadbd --user=mysql --skip-networking --socket=/tmp/mysql.sock >/tmp/mysql.log 2>&1 & mysql=$!
pool=''
trap 'kill $pool $redis $mysql $node 2>/dev/null || :; wait' EXIT
for try in $(seq 300); do mariadb -S /tmp/mysql.sock -e 'select 1' >/dev/null 2>&1 && break; sleep 0.2; done
mariadb -S /tmp/mysql.sock -e "create database zubr; create user zubr@localhost identified by 'secret';
    grant all on zubr.* to zubr@localhost"
cat >/etc/zubr/zubr.toml <<END
[network]
chain = "regtest"
[pool]
payout_address = "$address"
data_dir = "/var/lib/zubr"
[[node]]
name = "local"
url = "http://127.0.0.1:28555"
user = "u"
password = "p"
[stratum]
listen = "127.0.0.1:23333"
[redis]
socket = "/tmp/redis.sock"
[mysql]
socket = "/tmp/mysql.sock"
password = "secret"
[web]
listen = "127.0.0.1:28080"
[admin]
listen = "127.0.0.1:28337"
backup_command = "/usr/bin/zubr-backup"
END
setpriv --reuid=zubr --regid=zubr --clear-groups /usr/bin/zubrd --config /etc/zubr/zubr.toml >/tmp/zubrd.log 2>&1 & pool=$!
for try in $(seq 300); do zubr-cli healthcheck >/dev/null 2>&1 && break; kill -0 $pool || { cat /tmp/zubrd.log; exit 1; }; sleep 0.2; done
zubr-cli healthcheck
zubr-cli getpoolinfo | grep '"chain": "regtest"'
zubr-cli backupnow
kill $pool; wait $pool
mariadb -S /tmp/mysql.sock -e 'drop database zubr; create database zubr'
mv /var/lib/zubr /var/lib/zubr.lost
mv /etc/zubr/zubr.toml /root/
zubr-restore --config /var/backups/zubr/zubr-*Z
cmp /root/zubr.toml /etc/zubr/zubr.toml
test "$(stat -c %a:%U:%G /etc/zubr/zubr.toml)" = 640:root:zubr
test "$(stat -c %a:%U:%G /var/lib/zubr)" = 750:zubr:zubr
setpriv --reuid=zubr --regid=zubr --clear-groups /usr/bin/zubrd --config /etc/zubr/zubr.toml >>/tmp/zubrd.log 2>&1 & pool=$!
for try in $(seq 300); do zubr-cli healthcheck >/dev/null 2>&1 && break; kill -0 $pool || { cat /tmp/zubrd.log; exit 1; }; sleep 0.2; done
zubr-cli verifyledger | grep '"good": true'
kill $pool; wait $pool
pool=''
"""


def remove_roots() -> None:
    for path in WORK.iterdir():
        if path.is_dir() and (path.suffix == ".new" or not path.name.startswith(("base-", "packages-"))):
            shutil.rmtree(path)


def main() -> int:
    if os.geteuid() != 0:
        fail("this needs root, for chroot and mount")
    if shutil.which("debootstrap") is None:
        fail("this needs debootstrap: apt-get install debootstrap")
    if sys.argv[1:] != ["inside"]:
        # Mounts live in a name space of their own: they are gone, and only then the directories are removed.
        WORK.mkdir(parents=True, exist_ok=True)
        lock = (WORK / "lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails where another one runs here
        remove_roots()
        code = subprocess.run(["unshare", "--mount", "--propagation=private", sys.executable, __file__, "inside"]).returncode
        remove_roots()
        return code
    for log in WORK.glob("*.log"):
        log.unlink()
    stages = build_stages((ROOT / "docker/Dockerfile").read_text())
    try_images(stages)
    try_package(stages["build"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
