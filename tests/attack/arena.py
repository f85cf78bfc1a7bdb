"""Where attacks.py fights: the server seen from outside, the honest miners beside, an attacker's connections, the list of attacks."""
import base64
import json
import multiprocessing
import random
import re
import select
import socket
import sys
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "conformance"))
from wire import Conn  # noqa: E402

LATENCY_MS = 5.0
# What an attack may add to the log: a line or two of each kind, not one for each thing it does.
LOG_BYTES = 64 << 10
random.seed(7)


# ---- what others feel ----
HONEST = 4
RATE = 50  # shares a second of each honest miner
STOCK = 25  # shares that it has found ahead


class Honest(Conn):
    """A miner that hands its shares in when they are due, whether or not the server has answered those before: what a stall costs
    is felt by every share that falls into it."""

    def __init__(self, address, number):
        super().__init__(address, "127.0.250.1")
        self.name, self.due = f"user.honest{number}", 0.0
        self.handshake(user=self.name)
        self.stock, self.waiting, self.took, self.refused, self.next_id = [], {}, [], 0, 1000

    def find_one(self):
        """A third of a millisecond's work or so."""
        job = self.jobs[-1]
        if self.stock and self.stock[-1][0][1] != job[1]:
            self.stock.clear()  # of another tip
        self.stock.append((job, *self.find(job, {}, int(job[7], 16))))

    def hand_in(self, now):
        while self.due <= now:
            if self.stock:
                job, en2, nonce = self.stock.pop(0)
                self.send(json.dumps({"id": self.next_id, "method": "mining.submit",
                                      "params": [self.name, job[0], en2.hex(), job[7], f"{nonce:08x}"]}).encode() + b"\n")
                self.waiting[self.next_id] = self.due
                self.next_id += 1
            self.due += 1 / RATE

    def ages(self):
        return [(time.monotonic() - due) * 1000 for due in self.waiting.values()]

    def hear(self):
        while self.pump(0):
            pass
        if self.closed or max(self.ages(), default=0) > 30_000:
            raise SystemExit("an honest miner was lost")
        for reply in self.replies:
            due = self.waiting.pop(reply["id"], None)
            if due is None:
                continue
            self.took.append((reply["_at"] - due) * 1000)
            late = (reply.get("error") or [0])[0] == 21
            self.refused += 0 if reply.get("result") is True or late else 1
        self.replies.clear()
        self.raw = b""
        del self.jobs[:-4], self.notices[:]


def honest(address, pipe):
    """Four miners, until told to end; at each word tells how many milliseconds after they were due shares were answered since the
    last, and how many were refused."""
    miners, poll = [Honest(address, number) for number in range(HONEST)], select.poll()
    begin = time.monotonic() + 0.5
    for number, miner in enumerate(miners):
        poll.register(miner.socket, select.POLLIN)
        miner.due = begin + number / RATE / HONEST
    while True:
        if pipe.poll():
            more = pipe.recv()
            # Who waits for an answer still has waited for so long already.
            took = [each for miner in miners for each in miner.took + [age for age in miner.ages() if age > 100]]
            pipe.send((sorted(took), sum(miner.refused for miner in miners)))
            if not more:
                return
            for miner in miners:
                miner.took, miner.refused = [], 0
        for miner in miners:
            miner.hear()
            miner.hand_in(time.monotonic())
        # Mining must delay neither what is due nor the look at an answer's time.
        poorest, wait = min(miners, key=lambda each: len(each.stock)), min(each.due for each in miners) - time.monotonic()
        if len(poorest.stock) < STOCK and (not poorest.stock or wait > 0.001) and not any(each.waiting for each in miners):
            poorest.find_one()
        else:
            poll.poll(max(wait, 0) * 1000)


class Others:
    def __init__(self, setup):
        self.pipe, theirs = multiprocessing.Pipe()
        self.child = multiprocessing.Process(target=honest, args=(("127.0.0.1", setup["port"]), theirs), daemon=True)
        self.child.start()
        theirs.close()

    def queued_ms(self):
        return queued_ms(self.child.pid)

    def felt(self, more=True):
        """Latencies since the last time, and refusals."""
        self.pipe.send(more)
        if not self.pipe.poll(30):
            raise SystemExit("the honest miners hang")
        return self.pipe.recv()


def queued_ms(pid, name=""):
    """How long a process, or its threads of a name, have stood in the kernel's queue for a processor, in all."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text().startswith(name):
            total += int((task / "schedstat").read_text().split()[1])
    return total / 1e6


def p99(took):
    return took[min(len(took) - 1, int(len(took) * 0.99))] if took else float("inf")


# ---- the server, from outside ----
class Server:
    def __init__(self, setup):
        self.setup, self.address = setup, ("127.0.0.1", setup["port"])

    def rpc(self, method, *params, at="pool"):
        """Of the pool, or of its node."""
        cookie = Path(self.setup[at]["cookie"]).read_text().strip()
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        head = {"Authorization": "Basic " + base64.b64encode(cookie.encode()).decode(), "Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(self.setup[at]["url"], body, head), timeout=60) as answer:
            return json.load(answer)

    def get(self, path):
        with urllib.request.urlopen(self.setup["web"] + path, timeout=60) as answer:
            return answer.read().decode()

    def counters(self):
        found = {}
        for line in self.get("/metrics").splitlines():
            match = re.match(r'(zubr_\w+?)(?:\{(?:\w+="([^"]*)",?)(?:\w+="([^"]*)")?\})? (\S+)$', line)
            if match:
                name = ":".join(part for part in match.group(1, 2, 3) if part)
                found[name] = found.get(name, 0) + float(match.group(4))
        return found

    def log(self):
        return Path(self.setup["log"]).read_text(errors="surrogateescape")

    def log_bytes(self):
        return Path(self.setup["log"]).stat().st_size

    def queued_ms(self):
        return queued_ms(self.setup["pid"], "stratum")

    def forget_peak(self):
        """From now on peak_mib() is of what comes."""
        Path(f"/proc/{self.setup['pid']}/clear_refs").write_text("5")

    def peak_mib(self):
        """The most memory it has held, resident, also for a moment."""
        return self.memory_mib("VmHWM")

    def memory_mib(self, which="VmRSS"):
        for line in Path(f"/proc/{self.setup['pid']}/status").read_text().splitlines():
            if line.startswith(which):
                return int(line.split()[1]) / 1024
        raise SystemExit("the kernel does not tell the server's memory")


class Attack:
    """One attacker with addresses of its own."""
    next_net = 1

    def __init__(self, server, full):
        self.server, self.full, self.net = server, full, Attack.next_net
        Attack.next_net += 1
        self.open = []

    def source(self, host=1):
        return f"127.0.{self.net}.{host}"

    def connect(self, host=1):
        """A plain socket; None when it was refused at once."""
        sock = socket.socket()
        sock.bind((self.source(host), 0))
        sock.settimeout(5)
        try:
            sock.connect(self.server.address)
        except OSError:
            sock.close()
            return None
        self.open.append(sock)
        return sock

    def miner(self, host=1, user=None):
        conn = Conn(self.server.address, self.source(host))
        self.open.append(conn.socket)
        conn.handshake(user=user or f"user.bad{self.net}")
        return conn

    def pour(self, sock, data, times=1):
        """How much of it the server took before it closed."""
        sent = 0
        try:
            for _ in range(times):
                sock.sendall(data)
                sent += len(data)
        except OSError:
            pass
        return sent

    def close(self):
        for sock in self.open:
            sock.close()


ATTACKS = []


def attack(numbers, title, limit, counters, cap_mib=64):
    def add(run):
        ATTACKS.append((numbers, title, limit, counters, cap_mib, run))
        return run
    return add
