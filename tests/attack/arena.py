"""Where attacks.py fights: the server seen from outside, the honest miners beside, an attacker's connections, the list of attacks."""
import base64
import json
import multiprocessing
import random
import re
import socket
import sys
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "conformance"))
from wire import Conn  # noqa: E402

LATENCY_MS = 5.0
random.seed(7)


# ---- what others feel ----
def honest(address, pipe):
    """Four miners, until told to end; at each word tells how many milliseconds answers took since the last, and what was refused."""
    miners = []
    for number in range(4):
        conn = Conn(address, "127.0.250.1")
        conn.handshake(user=f"user.honest{number}")
        miners.append((conn, f"user.honest{number}"))
    took, refused = [], 0
    while True:
        if pipe.poll():
            more = pipe.recv()
            pipe.send((sorted(took), refused))
            if not more:
                return
            took, refused = [], 0
        for conn, name in miners:
            while conn.pump(0):
                pass
            job = conn.jobs[-1]
            ntime = int(job[7], 16)
            en2, nonce = conn.find(job, {}, ntime)
            begun = time.perf_counter()
            conn.submit([name, job[0], en2.hex(), f"{ntime:08x}", f"{nonce:08x}"])
            reply = conn.reply(conn.last_id, 10)
            took.append((time.perf_counter() - begun) * 1000)
            if reply is None or conn.closed:
                raise SystemExit("an honest miner was lost")
            late = (reply.get("error") or [0])[0] == 21
            refused += 0 if reply.get("result") is True or late else 1
            time.sleep(0.002)


class Others:
    def __init__(self, setup):
        self.pipe, theirs = multiprocessing.Pipe()
        self.child = multiprocessing.Process(target=honest, args=(("127.0.0.1", setup["port"]), theirs), daemon=True)
        self.child.start()
        theirs.close()

    def felt(self, more=True):
        """Latencies since the last time, and refusals."""
        self.pipe.send(more)
        if not self.pipe.poll(30):
            raise SystemExit("the honest miners hang")
        return self.pipe.recv()


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

    def memory_mib(self):
        for line in Path(f"/proc/{self.setup['pid']}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0.0


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
