"""One item of tests/golden/sv1_checklist.json, played over TCP against a running zubrd: its steps, and what it expects."""
import base64
import json
import re
import socket
import struct
import threading
import time
import urllib.request
from pathlib import Path

from match import matches
from wire import DIFF1, Conn, sha256d, target_of_bits

REPLY_FIRST = ("SV1-004", "SV1-005", "SV1-032")  # no line comes before the first reply
IN_ORDER = REPLY_FIRST + ("SV1-112",)  # replies come in the order of the requests


def rpc(at, method, params=()):
    cookie = Path(at["cookie"]).read_text().strip()
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}).encode()
    head = {"Authorization": "Basic " + base64.b64encode(cookie.encode()).decode(), "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(at["url"], body, head), timeout=120) as answer:
        reply = json.load(answer)
    if reply.get("error"):
        raise AssertionError(f"{method}: {reply['error']}")
    return reply.get("result")


class Item:
    def __init__(self, item, setup, source):
        self.item, self.source = item, source
        self.conn, self.conns, self.started, self.parallel = None, [], time.monotonic(), []
        # Tips by the hundred, at once, come on regtest only.
        self.setup = setup["regtest"] if item["id"] == "SV1-122" else setup
        port = {"P0": "port", "P1": "asic_port", "P3": "proxy_port"}[item["setup"]]
        self.address = ("127.0.0.1", self.setup[port])
        self.before = None
        self.answered = 0  # the place of the last expected reply among all that came

    def bound(self, name):
        job = self.conn.jobs[-1] if self.conn.jobs else None
        if name == "prevhash":
            return self.before[1] if self.before else job[1]
        if name == "job_ids":
            return [each[0] for each in self.known_jobs]
        return {"en1": self.conn.en1, "en2size": self.conn.en2_size, "sid": self.conn.sid}[name]

    def connect(self):
        self.conn = Conn(self.address, self.source, far=self.item["id"] == "SV1-122")
        self.conns.append(self.conn)

    def run(self):
        steps = self.item["steps"]
        for at, step in enumerate(steps):
            self.step(step, steps[at + 1] if at + 1 < len(steps) else {})
        if hasattr(self, "in_flight"):
            self.check_drained()
        # What the list asks for in words that no step of it checks.
        if self.item["id"] == "SV1-119":
            self.check_proxied(lambda source: b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + socket.inet_aton(source)
                               + socket.inet_aton("203.0.113.1") + struct.pack(">HH", 4242, 3333))
        elif self.item["id"] == "SV1-008":
            assert "A" * 64 not in Path(self.setup["log"]).read_text(errors="replace"), "the line is in the log"

    def step(self, step, following):
        if "macro" in step:
            self.connect()
            self.conn.handshake(step["macro"] == "HANDSHAKE")
        elif "connect" in step:
            self.connect()
        elif "send" in step or "send_raw" in step:
            text = step.get("send", step.get("send_raw"))
            if self.conn.jobs:
                text = text.replace("$job", self.conn.jobs[-1][0])
            if "pad_to" in step:
                text = text.ljust(step["pad_to"], "A")
            self.mark()
            self.conn.send(text.encode())
        elif "send_hex" in step:
            self.conn.send(bytes.fromhex(step["send_hex"]))
        elif "send_split" in step:
            for byte in step["send_split"].encode():
                self.conn.send(bytes([byte]))
                time.sleep(step["gap_ms"] / 1000)
        elif "shutdown_write" in step:
            self.conn.socket.shutdown(1)
        elif "expect" in step:
            self.expect(step)
        elif "expect_one_of" in step:
            self.expect_one_of(step)
        elif "expect_none" in step or "expect_none_matching" in step:
            self.expect_none(step)
        elif "expect_close" in step:
            self.expect_close(step)
        elif "expect_raw" in step:
            assert self.conn.until(lambda: self.conn.raw.startswith(step["expect_raw"].encode()) or None, 3), "other bytes"
        elif "expect_open" in step or "expect_open_for_ms" in step:
            end = time.monotonic() + step.get("expect_open_for_ms", 100) / 1000
            while time.monotonic() < end:
                self.conn.pump(end - time.monotonic())
            assert not self.conn.closed, "closed"
        elif "sleep_ms" in step:
            time.sleep(step["sleep_ms"] / 1000)
        elif "observe_ms" in step:
            end = time.monotonic() + step["observe_ms"] / 1000
            while time.monotonic() < end and not self.conn.closed:
                self.conn.pump(end - time.monotonic())
        elif "share" in step:
            self.share(step["share"])
        elif "resubmit" in step:
            self.resubmit(step)
        elif "repeat" in step:
            self.repeat(step)
        elif "parallel" in step:
            self.many(step)
        elif "stop_reading" in step:
            pass  # nobody reads between two steps
        elif "admin" in step:
            self.admin(step)
        elif "assert" in step:
            self.check(step["assert"])
        else:
            raise AssertionError(f"a step that the runner does not know: {step}")

    def mark(self):
        self.known_jobs = list(self.conn.jobs)
        self.before = self.conn.jobs[-1] if self.conn.jobs else None

    # ---- what is expected ----
    def within(self, step):
        """For how long what a step expects may be waited for: its own time, longer only where whoever runs this says so."""
        # Of the item that times its replies, the time is what it asserts.
        return 2 if self.item["id"] == "SV1-112" else step["within_ms"] / 1000 * self.setup["slack"]

    def find(self, pattern, first=False):
        pattern = {key: value for key, value in pattern.items() if key != "result_exact_keys"}
        if "method" in pattern:
            for at in range(self.conn.seen_notices, len(self.conn.notices)):
                notice = self.conn.notices[at]
                if notice["method"] != pattern["method"]:
                    continue
                if matches(pattern, notice, self.bound):
                    self.conn.seen_notices = at + 1
                    return notice
                if first:
                    raise AssertionError(f"the first is {notice['_text'][:200]}")
            return None
        for at, reply in enumerate(self.conn.replies):
            wanted = pattern.get("id", self.conn.last_id if "share" in self.item["area"] or self.conn.last_id else None)
            if reply.get("id") == wanted and type(reply.get("id")) is type(wanted):
                self.conn.replies.pop(at)
                if not matches(pattern, reply, self.bound):
                    raise AssertionError(f"got {reply['_text'][:200]}, expected {json.dumps(pattern)[:200]}")
                return reply
        return None

    def expect(self, step):
        pattern, seconds = step["expect"], self.within(step)
        got = self.conn.until(lambda: self.find(pattern, step.get("first", False)), seconds)
        assert got, f"no {json.dumps(pattern)[:200]} within {seconds} s{', closed' if self.conn.closed else ''}"
        if "method" not in pattern and self.item["id"] in IN_ORDER:
            self.in_order(got)
        if "result_exact_keys" in pattern:
            assert sorted(got["result"]) == sorted(pattern["result_exact_keys"]), got["_text"]
        if "max_bytes" in step:
            assert len(got["_text"]) < step["max_bytes"]
        if "_at" in got and hasattr(self.conn, "sent_at"):
            self.conn.latencies.append(got["_at"] - self.conn.sent_at)

    def in_order(self, reply):
        place = reply["_order"]
        if not self.answered and self.item["id"] in REPLY_FIRST:
            assert place == 1, f"{place - 1} lines came before the first reply"
        assert place > self.answered, f"an earlier reply came later: {reply['_text'][:200]}"
        self.answered = place

    def expect_one_of(self, step):
        def any_of():
            for pattern in step["expect_one_of"]:
                if pattern == "close":
                    if self.conn.closed:
                        return True
                elif pattern != "none":
                    try:
                        if self.find_quietly(pattern):
                            return True
                    except AssertionError:
                        continue
            return None
        silent = "none" in step["expect_one_of"]
        heard = len(self.conn.replies)
        got = self.conn.until(any_of, step["within_ms"] / 1000 if silent else self.within(step))
        if got:
            return
        assert silent, f"none of {step['expect_one_of']}"
        # Silence is one of the answers, so any other answer is a wrong one.
        assert len(self.conn.replies) == heard, f"not silent: {self.conn.replies[-1]['_text'][:200]}"

    def find_quietly(self, pattern):
        if "method" in pattern:
            return self.find(pattern)
        for at, reply in enumerate(self.conn.replies):
            if pattern.get("id", self.conn.last_id) == reply.get("id") or "id" not in pattern:
                if matches(pattern, reply, self.bound):
                    return self.conn.replies.pop(at)
        return None

    def expect_none(self, step):
        end = time.monotonic() + step["within_ms"] / 1000
        replies, notices = len(self.conn.replies), len(self.conn.notices)
        while time.monotonic() < end and not self.conn.closed:
            self.conn.pump(end - time.monotonic())
        pattern = step.get("expect_none", step.get("expect_none_matching"))
        if pattern == "any":
            assert len(self.conn.replies) == replies and len(self.conn.notices) == notices, "not silent"
            return
        pool = self.conn.notices if "method" in pattern else self.conn.replies
        assert not any(matches(pattern, each, self.bound) for each in pool), f"there was {pattern}"

    def expect_close(self, step):
        begun = self.conn.opened if step.get("from") == "connect" else time.monotonic()
        # The server's own deadline, which no slow machine makes longer than the list says.
        own = "not_before_ms" in step
        end = begun + (step["within_ms"] / 1000 if own else self.within(step))
        while not self.conn.closed and time.monotonic() < end:
            self.conn.pump(end - time.monotonic())
        assert self.conn.closed, "still open"
        age = (time.monotonic() - self.conn.opened) * 1000
        assert age >= step.get("not_before_ms", 0), f"closed after {age:.0f} ms"

    # ---- shares ----
    def job_of(self, name):
        if name == "first" or name == "prev_tip":
            return self.first_job
        return self.conn.jobs[-1]

    def share(self, wish):
        conn = self.conn
        time.sleep(wish.get("delay_ms", 0) / 1000)
        while conn.pump(0):
            pass
        job = self.job_of(wish.get("job")) if hasattr(self, "first_job") else conn.jobs[-1]
        if "ntime" not in wish:
            ntime = int(job[7], 16)
        elif wish["ntime"].startswith("mintime"):
            ntime = rpc(self.setup["node"], "getblockchaininfo")["mediantime"]
        elif wish["ntime"].startswith("now"):
            ntime = int(time.time()) + int(wish["ntime"][3:])
        else:
            ntime = int(job[7], 16) + int(wish["ntime"][3:])
        mining = dict(wish)
        if "nonce_lt" in wish:
            mining["nonce_lt"] = int(wish["nonce_lt"], 16)
        if wish.get("diff") == "below":
            mining["below"] = True
        elif wish.get("diff") == "old_only":
            mining["target"] = int(DIFF1 / conn.job_difficulty[self.first_job[0]])
            mining["above"] = int(DIFF1 / conn.difficulty)
        en2, nonce = conn.find(job, mining, ntime)
        fields = ["%x" % nonce if wish.get("strip_zeros") else "%08x" % nonce, "%08x" % ntime]
        en2 = en2.hex()
        if "en2_bytes" in wish:
            en2 = en2[:2 * wish["en2_bytes"]].ljust(2 * wish["en2_bytes"], "0")
        nonce, ntime = wish.get("nonce_raw", fields[0]), wish.get("ntime_raw", fields[1])
        identity = wish["job"] if wish.get("job") not in (None, "first", "latest", "prev_tip") else job[0]
        params = [wish.get("worker", "user.w1"), identity, en2, ntime, nonce]
        if "vbits" in wish or (conn.configured and wish.get("params") != 5):
            params.append(wish.get("vbits", "00000000"))
        params = self.spelt(params, wish) + wish.get("extra", [])
        if "save" in wish:
            self.saved = params
        self.mark()
        self.submitted = params
        conn.submit(params, wish.get("id"))

    def spelt(self, params, wish):
        prefix, upper = wish.get("prefix", ""), wish.get("case") == "upper"
        return params[:2] + [prefix + (p.upper() if upper else p) for p in params[2:]]

    def resubmit(self, step):
        params = list(self.saved)
        if step.get("params") == 5:
            params = params[:5]
        self.conn.submit(self.spelt(params, step))

    def repeat(self, step):
        for _ in range(step["repeat"]):
            for each in step["do"]:
                self.step(each, {})
            self.conn.pump(0)
            if self.conn.closed:
                return

    def many(self, step):
        count, per_source = step["parallel"], step.get("per_source", 1 << 30)
        for begin in range(0, count, 500):
            wave = []
            for at in range(begin, min(begin + 500, count)):
                source = self.source if "per_source" not in step else f"127.1.{at // per_source}.1"
                conn = Conn(self.address, source)
                wave.append(conn)
                if len(step["do"]) > 1:
                    conn.send(step["do"][1]["send"].encode())
            for conn in wave:
                if len(step["do"]) > 1:
                    assert conn.reply(1, 20), "no reply"
                    self.parallel.append(conn.en1)
                    conn.socket.close()
                else:
                    conn.pump(0)
                    self.parallel.append(conn)

    def admin(self, step):
        self.first_job = getattr(self, "first_job", self.conn.jobs[-1])
        self.mark()
        name = step["admin"]
        if name == "refresh_template" and "times" in step:
            self.broadcast(step["times"])
        elif name == "new_block":
            rpc(self.setup["node"], "generatetodescriptor", [1, "raw(51)", 1 << 30])
        elif name.startswith("force_vardiff"):
            rpc(self.setup["pool"], "setdifficulty", ["user", repr(self.conn.difficulty * step.get("factor", 2))])
        elif name == "drain":
            self.drain()
        else:
            assert name == "refresh_template", name  # the desk does it by itself

    def broadcast(self, times):
        """A job is a new tip's, for a template that is as good as the one before becomes none. Somebody who reads sees them all out."""
        self.reader = Conn(self.address, self.source)
        self.conns.append(self.reader)
        self.reader.handshake()
        for _ in range(times):
            before = self.reader.jobs[-1][1]
            rpc(self.setup["node"], "generatetodescriptor", [1, "raw(51)", 1 << 30])
            self.reader.until(lambda: True if self.reader.jobs[-1][1] != before else None, 10)
            assert self.reader.jobs[-1][1] != before, f"no job for a new tip after {len(self.reader.jobs)}"

    def check_deaf(self):
        """What had waited for it, in the kernel too; and whether it is the newest work that it gets."""
        self.reader.until(lambda: None, 2)
        newest = self.reader.jobs[-1]
        self.conn.until(lambda: True if self.conn.closed or self.conn.jobs[-1][:8] == newest[:8] else None, 10)
        assert len(self.conn.raw) <= 512 << 10, f"{len(self.conn.raw)} bytes had waited"
        if not self.conn.closed:
            assert self.conn.jobs[-1][:8] == newest[:8], "it is left with old work"
            assert len(self.conn.jobs) < len(self.reader.jobs) / 2, "it was sent everything"
            with urllib.request.urlopen(self.setup["web"] + "/metrics", timeout=10) as answer:
                assert re.search(r'zubr_stratum_events_total\{event="jobs_superseded"\} [1-9]', answer.read().decode())

    def drain(self):
        """Shares are on their way before, while and after the server says that it goes; each is to be answered."""
        conn, job = self.conn, self.conn.jobs[-1]
        ntime = int(job[7], 16)
        found = [conn.find(job, {}, ntime) for _ in range(30)]
        self.in_flight = list(range(1000, 1030))

        def hand_in(numbers):
            for number in numbers:
                en2, nonce = found[number - 1000]
                conn.submit(["user.w1", job[0], en2.hex(), f"{ntime:08x}", f"{nonce:08x}"], number)
        hand_in(self.in_flight[:10])
        said = threading.Thread(target=rpc, args=(self.setup["pool"], "drain"))
        said.start()
        hand_in(self.in_flight[10:20])
        said.join()
        hand_in(self.in_flight[20:])

    def check_drained(self):
        conn = self.conn
        asked = [n["params"] for n in conn.notices if n["method"] == "client.reconnect"]
        assert asked and not any(asked), f"client.reconnect with {asked}"
        for number in self.in_flight:
            reply = conn.reply(number, 5)
            assert reply and reply["result"] is True, f"share {number}: {reply}"
        try:
            late = Conn(self.address, self.source)
        except OSError:
            return  # nobody listens
        late.pump(2)
        assert late.closed, "somebody is let in still"

    # ---- what items assert in words ----
    def check(self, words):
        conn, job = self.conn, self.conn.jobs[-1] if self.conn and self.conn.jobs else None
        if words.startswith("all en1 distinct"):
            assert len(set(self.parallel)) == len(self.parallel), "an extranonce1 came twice"
        elif words.startswith("no control chars"):
            time.sleep(0.3)
            shown = Path(self.setup["log"]).read_text(errors="replace")
            for page in ("/metrics", "/api/v1/users/user"):
                with urllib.request.urlopen(self.setup["web"] + page, timeout=10) as answer:
                    shown += answer.read().decode()
            for method, of in (("listworkers", ["user", 10_000]), ("listconnections", [10_000])):
                shown += json.dumps(rpc(self.setup["pool"], method, of), ensure_ascii=False)
            assert "<script>" not in shown and "\0" not in shown and "SET x 1" not in shown, "unescaped"
        elif words.startswith("job.version,nbits"):
            assert len(job) == 9 and isinstance(job[8], bool) and re.fullmatch(r"[!-~]{1,16}", job[0])
            assert all(re.fullmatch(r"[0-9a-f]{8}", job[i]) for i in (5, 6, 7)) and re.fullmatch(r"[0-9a-f]{64}", job[1])
            assert len(job[4]) <= 32 and all(re.fullmatch(r"[0-9a-f]{64}", each) for each in job[4])
            assert all(re.fullmatch(r"([0-9a-f]{2})+", job[i]) for i in (2, 3))
        elif words.startswith("word-swap"):
            words8 = b"".join(bytes.fromhex(job[1])[i:i + 4][::-1] for i in range(0, 32, 4))
            assert words8[::-1].hex() == rpc(self.setup["node"], "getbestblockhash")
        elif words.startswith("tx(coinb1"):
            self.check_coinbase(bytes.fromhex(job[2] + conn.en1 + "00" * conn.en2_size + job[3]))
        elif words.startswith("server memory for this conn"):
            self.check_deaf()
        elif words.startswith("(coinb1,coinb2"):
            # What the change brings is judged, too; it comes with the next job.
            def difficulty():
                return conn.job_difficulty[conn.jobs[-1][0]]
            before = conn.job_difficulty[self.first_job[0]]
            conn.until(lambda: True if difficulty() != before else None, 40)
            assert difficulty() != before, "no job at the difficulty that was forced"
            ids, works = [j[0] for j in conn.jobs], [json.dumps([j[2], j[3], j[4], j[5], j[7]]) for j in conn.jobs]
            assert len(conn.jobs) > 1 and len(set(ids)) == len(ids) and len(set(works)) == len(works), "the same work twice"
        elif words.startswith("raw text of set_difficulty"):
            texts = [n["_text"] for n in conn.notices if n["method"] == "mining.set_difficulty"]
            for text in texts:
                number = re.search(r'"params":\[([0-9.]+)\]', text)
                assert number and float(number[1]).as_integer_ratio()[0] & (float(number[1]).as_integer_ratio()[0] - 1) == 0, text
            assert texts
        elif words.startswith("reply latency"):
            late = sorted(conn.latencies)[int(len(conn.latencies) * 0.99)]
            assert late <= 0.020, f"p99 {late * 1000:.1f} ms"
        elif words.startswith("session remote ip"):
            self.check_proxied(lambda source: f"PROXY TCP4 {source} 203.0.113.1 4242 3333\r\n".encode())
        elif words.startswith("closed before 1000"):
            for _ in range(100):
                if not conn.pump(0.1):
                    break
            assert conn.closed, "1000 bad shares and still open"
        elif words.startswith("excess refused"):
            time.sleep(1)
            for each in self.parallel:
                each.pump(0)
            refused = sum(each.closed for each in self.parallel)
            assert len(self.parallel) - refused == self.setup["capped"], f"{refused} of {len(self.parallel)} refused"
            with urllib.request.urlopen(self.setup["web"] + "/metrics", timeout=10) as answer:
                assert re.search(r'zubr_connections_ended_total\{reason="too_many_connections"\} [1-9]', answer.read().decode())
        elif words == "credited old D":
            asked, got = conn.job_difficulty[self.first_job[0]], self.booked()["difficulty"]
            assert abs(got / asked - 1) < 1e-3, f"credited {got}, promised {asked}"
        elif words == "never credited to someoneelse":
            line = self.booked()
            assert line is None or line["account"] == "user", f"credited to {line}"
        else:
            raise AssertionError(f"no check for: {words}")

    def booked(self):
        """The last share as it lies in the journal, once MySQL has been told whose it is; None when it was refused."""
        _, job, _, ntime, nonce = self.submitted[:5]
        line, end = None, time.monotonic() + 40
        while time.monotonic() < end:
            for line in rpc(self.setup["pool"], "getsharelog", [500]):
                if (line["job"], line["time"], line["nonce"]) == tuple(int(text, 16) for text in (job, ntime, nonce)):
                    break
            else:
                return None
            if line["account"]:
                return line
            time.sleep(0.2)
        raise AssertionError(f"nobody's after 40 s: {line}")

    def check_coinbase(self, tx):
        assert tx[4:6] != b"\0\1" and tx[4] == 1, "one input, no witness"
        script = tx[42:42 + tx[41]]
        assert 2 <= len(script) <= 100
        template = rpc(self.setup["node"], "getblocktemplate", [{"rules": ["segwit", "signet"]}])
        height = template["height"]
        expected = bytes([0x50 + height]) if 0 < height <= 16 else bytes([len(height.to_bytes(2, "little").rstrip(b"\0"))])
        assert script.startswith(expected), "BIP 34"
        at, total, commitment = 42 + tx[41] + 4, 0, False
        count, at = tx[at], at + 1
        for _ in range(count):
            total += int.from_bytes(tx[at:at + 8], "little")
            size = tx[at + 8]
            commitment = commitment or tx[at + 9:at + 9 + size].hex() == template["default_witness_commitment"]
            at += 9 + size
        assert at + 4 == len(tx) and total == template["coinbasevalue"] and commitment

    def check_proxied(self, header):
        rpc(self.setup["pool"], "setban", ["198.51.100.7", 60])
        try:
            for source, welcome in (("198.51.100.7", False), ("198.51.100.8", True)):
                conn = Conn(self.address, self.source)
                conn.send(header(source))
                conn.send(b'{"id":1,"method":"mining.subscribe","params":[]}\n')
                assert bool(conn.reply(1, 3)) == welcome, f"{source} was {'refused' if welcome else 'let in'}"
        finally:
            rpc(self.setup["pool"], "clearbanned", ["198.51.100.7"])
