"""One item of the Stratum v1 list, played over TCP against a running zubrd: its steps, and what it expects."""
import json
import threading
import time

import sv1_checks
from match import matches
from wire import DIFF1, Conn, rpc, sha256d

REPLY_FIRST = ("SV1-004", "SV1-005", "SV1-032")  # no line comes before the first reply
ON_REGTEST = ("SV1-122", "SV1-108")  # tips by the hundred, and shares that are blocks
BESIDE_IT = ("SV1-121", "SV1-124")  # what others feel of it is looked at
IN_ORDER = REPLY_FIRST + ("SV1-112",)  # replies come in the order of the requests


class Item:
    def __init__(self, item, setup, source):
        self.item, self.source = item, source
        self.conn, self.conns, self.started, self.parallel = None, [], time.monotonic(), []
        self.setup = setup["regtest"] if item["id"] in ON_REGTEST else setup
        port = {"P0": "port", "P1": "asic_port", "P3": "proxy_port"}[item["setup"]]
        self.address = ("127.0.0.1", self.setup[port])
        self.before = None
        self.beside, self.repeated = None, 0
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
        if self.item["id"] in BESIDE_IT:
            self.others_come()
        for step in self.item["steps"]:
            self.step(step)
        if self.item["id"] in sv1_checks.AFTERWARDS:
            sv1_checks.AFTERWARDS[self.item["id"]](self)

    def step(self, step):
        if "macro" in step:
            self.connect()
            self.conn.handshake(step["macro"] == "HANDSHAKE")
        elif "connect" in step:
            self.connect()
        elif "send" in step or "send_raw" in step:
            text = step.get("send", step.get("send_raw"))
            if self.conn.jobs:
                text = text.replace("$job", self.conn.jobs[-1][0]).replace("$n", f"{self.repeated:04}")
            if "pad_to" in step:
                text = text.ljust(step["pad_to"], "A")
            self.mark()
            self.conn.send(text.encode())
        elif "send_hex" in step:
            self.conn.send(bytes.fromhex(step["send_hex"]))
        elif "send_split" in step:
            for byte in step["send_split"].encode():
                next_at = time.monotonic() + step["gap_ms"] / 1000
                self.conn.send(bytes([byte]))
                while self.conn.pump(next_at - time.monotonic()):
                    pass
                if self.conn.closed:
                    break
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
            sv1_checks.check(self, step["assert"])
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
        late = (end - self.conn.opened) * 1000
        assert step.get("not_before_ms", 0) <= age <= late, f"closed after {age:.0f} ms"

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

    def header_hash(self):
        """Of the share that was handed in last."""
        _, name, en2, ntime, nonce, *bits = self.submitted
        job = next(each for each in self.conn.jobs if each[0] == name)
        version = int(job[5], 16) | int(bits[0] if bits else "0", 16)
        header = self.conn.header(job, bytes.fromhex(en2), int(ntime, 16), version) + bytes.fromhex(nonce)[::-1]
        return sha256d(header)[::-1].hex()

    def spelt(self, params, wish):
        prefix, upper = wish.get("prefix", ""), wish.get("case") == "upper"
        return params[:2] + [prefix + (p.upper() if upper else p) for p in params[2:]]

    def resubmit(self, step):
        params = list(self.saved)
        if step.get("params") == 5:
            params = params[:5]
        self.conn.submit(self.spelt(params, step))

    def repeat(self, step):
        for self.repeated in range(step["repeat"]):
            for each in step["do"]:
                self.step(each)
            self.conn.pump(0)
            if self.beside and self.repeated % 5 == 0:
                self.others_share()
            if self.conn.closed:
                return

    def others_come(self):
        """A miner of another address; where it is the address that is attacked, of the same."""
        self.beside = Conn(self.address, self.source if self.item["id"] == "SV1-124" else "127.0.251.1")
        self.conns.append(self.beside)
        self.beside.handshake(user="user2.beside")

    def others_share(self):
        miner = self.beside
        while miner.pump(0):
            pass
        job = miner.jobs[-1]
        en2, nonce = miner.find(job, {}, int(job[7], 16))
        miner.submit(["user2.beside", job[0], en2.hex(), job[7], f"{nonce:08x}"])
        reply = miner.reply(miner.last_id)
        assert reply and reply["result"] is True, f"another miner's share: {reply}"
        miner.latencies.append(reply["_at"] - miner.sent_at)

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
