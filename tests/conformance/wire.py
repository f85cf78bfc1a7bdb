"""One connection to a Stratum v1 server as the conformance runner sees it: replies and notices in two queues, numbered as they came; jobs, shares."""
import base64
import hashlib
import json
import select
import socket
import struct
import time
import urllib.request
from pathlib import Path

DIFF1 = 0xFFFF << 208
HEX_CASE = {"upper": str.upper, None: str}


def sha256d(data: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def target_of_bits(bits: int) -> int:
    return (bits & 0xFFFFFF) << 8 * ((bits >> 24) - 3)


def rpc(at, method, params=()):
    cookie = Path(at["cookie"]).read_text().strip()
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}).encode()
    head = {"Authorization": "Basic " + base64.b64encode(cookie.encode()).decode(), "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(at["url"], body, head), timeout=120) as answer:
        reply = json.load(answer)
    if reply.get("error"):
        raise AssertionError(f"{method}: {reply['error']}")
    return reply.get("result")


class Conn:
    def __init__(self, address, source=None, far=False):
        """far: over segments as a network has them, and into a small buffer: the kernel takes little for who does not read."""
        self.socket = socket.socket()
        if far:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1400)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.opened = time.monotonic()
        self.rest = b""
        self.raw = b""
        self.closed = False
        self.replies, self.notices, self.texts = [], [], []
        self.odd = []  # lines that are no ASCII, or no JSON
        self.seen_notices = self.messages = 0
        self.en1, self.en2_size, self.sid = "", 8, ""
        self.difficulty, self.jobs, self.job_difficulty = None, [], {}
        self.configured = False
        self.last_id, self.next_en2, self.saved, self.latencies = None, 0, {}, []

    def send(self, data: bytes):
        try:
            self.socket.sendall(data)
        except OSError:
            self.closed = True

    def pump(self, seconds: float) -> bool:
        """Reads what comes within the time; false when nothing did."""
        if self.closed:
            return False
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        if not poll.poll(max(seconds, 0) * 1000):
            return False
        try:
            data = self.socket.recv(1 << 16)
        except OSError:
            data = b""
        if not data:
            self.closed = True
            return False
        self.raw += data
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            try:
                self.take(line.decode("ascii"))
            except ValueError:
                self.odd.append(line)
        return True

    def take(self, text: str):
        message = json.loads(text)
        self.messages += 1
        message["_text"], message["_order"] = text, self.messages
        message["_at"] = time.monotonic()
        if "method" not in message:
            self.replies.append(message)
            result = message.get("result")
            if isinstance(result, list) and len(result) == 3 and isinstance(result[1], str):
                self.en1, self.en2_size, self.sid = result[1], result[2], result[0][0][1]
            return
        self.notices.append(message)
        if message["method"] == "mining.set_difficulty":
            self.difficulty = message["params"][0]
        elif message["method"] == "mining.notify":
            self.jobs.append(message["params"])
            self.job_difficulty[message["params"][0]] = self.difficulty

    def until(self, found, seconds: float):
        """Pumps until found() gives something that is not None."""
        end = time.monotonic() + seconds
        while True:
            got = found()
            if got is not None:
                return got
            left = end - time.monotonic()
            if left <= 0 or self.closed:
                return found()
            self.pump(left)

    def reply(self, request, seconds=2.0):
        """The oldest reply to this id, taken off its queue."""
        def take():
            for at, message in enumerate(self.replies):
                if message.get("id") == request and type(message.get("id")) is type(request):
                    return self.replies.pop(at)
            return None
        return self.until(take, seconds)

    def request(self, request, method, params):
        self.send(json.dumps({"id": request, "method": method, "params": params}).encode() + b"\n")
        return self.reply(request, 5)

    def handshake(self, configure=True, user="user.w1"):
        self.configured = configure
        if configure:
            mask = {"version-rolling.mask": "ffffffff", "version-rolling.min-bit-count": 2}
            self.request(0, "mining.configure", [["version-rolling"], mask])
        self.request(1, "mining.subscribe", ["conf/1.0"])
        self.request(2, "mining.authorize", [user, "x"])
        self.until(lambda: True if self.jobs else None, 10)
        if not self.jobs:
            raise AssertionError("no job after the handshake")
        self.seen_notices = len(self.notices)

    # ---- shares ----
    def header(self, job, en2: bytes, ntime: int, version: int) -> bytes:
        root = sha256d(bytes.fromhex(job[2] + self.en1) + en2 + bytes.fromhex(job[3]))
        for branch in job[4]:
            root = sha256d(root + bytes.fromhex(branch))
        previous = b"".join(bytes.fromhex(job[1])[i:i + 4][::-1] for i in range(0, 32, 4))
        return struct.pack("<I", version) + previous + root + struct.pack("<II", ntime, int(job[6], 16))

    def find(self, job, wish, ntime: int) -> tuple:
        """A nonce whose hash is of the wanted class, and never a block."""
        target = int(DIFF1 / self.job_difficulty.get(job[0], self.difficulty or 1)) if not wish.get("target") else wish["target"]
        floor = max(target_of_bits(int(job[6], 16)), wish.get("above", 0))
        bits = int(wish["vbits"], 16) if "vbits" in wish else 0
        version = int(job[5], 16)
        version = version | bits if wish.get("hash_with") != "replace" else (version & ~0x1FFFE000) | bits
        nonces = range(wish.get("nonce_lt", 1 << 32))
        while True:
            en2 = self.next_en2.to_bytes(self.en2_size, "little")
            self.next_en2 += 1
            start = self.header(job, en2, ntime, version)
            begun = hashlib.sha256(start[:64])
            tail, digest = start[64:], hashlib.sha256
            for nonce in nonces[:1 << 22]:
                first = begun.copy()
                first.update(tail + nonce.to_bytes(4, "little"))
                number = int.from_bytes(digest(first.digest()).digest(), "little")
                if wish.get("below"):
                    if number > target:
                        return en2, nonce
                elif wish.get("block"):
                    if number <= min(target, floor):
                        return en2, nonce
                elif floor < number <= target:
                    return en2, nonce

    def submit(self, params, request=None):
        if request is None:
            self.last = getattr(self, "last", 100) + 1
            request = self.last
        self.last_id = request
        self.send(json.dumps({"id": request, "method": "mining.submit", "params": params}).encode() + b"\n")
        self.sent_at = time.monotonic()
