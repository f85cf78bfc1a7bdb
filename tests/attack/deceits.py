"""The attacks that deceive rather than flood: withheld blocks and shares, altered streams, orders, what a reply gives away, our own lines."""
import json
import re
import ssl
import time

from arena import Conn, attack
from wire import target_of_bits


def share(conn, user, **wish):
    """A share's parameters; never a block unless the wish says so."""
    job = conn.jobs[-1]
    ntime = int(job[7], 16)
    en2, nonce = conn.find(job, wish, ntime)
    return [user, job[0], en2.hex(), f"{ntime:08x}", f"{nonce:08x}"]


@attack("1", "hands in shares, keeps what would be a block", "limits.withheld_blocks", ["zubr_withholding_suspects"])
def withholds(a):
    user = a.server.setup["thief"]
    conn = a.miner(user=user + ".thief")
    for _ in range(300):
        if (conn.submit(share(conn, user + ".thief")) or conn.reply(conn.last_id, 5))["result"] is not True:
            raise AssertionError("an honest looking share was refused")
    end = time.monotonic() + 90
    while not re.search("blocks_may_be_withheld.*" + user, a.server.log()):
        if time.monotonic() > end:
            raise AssertionError("nobody noticed")
        time.sleep(1)


@attack("2", "keeps shares back until the tip is old", "limits.stale_shares; jobs live ten minutes",
        ["zubr_shares_total:rejected:stale", "zubr_connections_ended_total:too_many_stale_shares"])
def late(a):
    conn = a.miner()
    kept, tip = [share(conn, f"user.bad{a.net}") for _ in range(300)], conn.jobs[-1][1]
    a.server.rpc("generatetodescriptor", 1, "raw(51)", 1 << 30, at="node")
    conn.until(lambda: True if conn.jobs[-1][1] != tip else None, 10)
    if conn.jobs[-1][1] == tip:
        raise AssertionError("no new tip")
    conn.send(b"".join(json.dumps({"id": n, "method": "mining.submit", "params": params}).encode() + b"\n" for n, params in enumerate(kept, 1000)))
    conn.until(lambda: None, 2)
    answers = [reply for reply in conn.replies if (reply.get("id") or 0) >= 1000]
    if not answers or any(reply["result"] is True or reply["error"][0] != 21 for reply in answers):
        raise AssertionError("a share that came late was taken")
    if not conn.closed:
        raise AssertionError("it may go on")


@attack("6", "sits in the middle and alters what a miner says over TLS", "stratum.tls_certificate, [[listener]] tls_only",
        ["zubr_connections_ended_total:tls_failed"])
def middle(a):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for turn in range(40 if a.full else 4):
        sock = a.connect(1 + turn)
        if not sock:
            continue
        coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(coming, going)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                sock.sendall(going.read())
                coming.write(sock.recv(65536))
        sock.sendall(going.read())
        tls.write(b'{"id":1,"method":"mining.authorize","params":["user.honest0","x"]}\n')
        record = bytearray(going.read())
        record[20 + turn % 40] ^= 1
        a.pour(sock, bytes(record) if turn % 2 else b'{"id":1,"method":"mining.authorize","params":["user.mine","x"]}\n')
        try:
            while True:
                data = sock.recv(65536)
                if not data:
                    break
                coming.write(data)
            words = tls.read(65536)
        except (OSError, ssl.SSLError):
            words = b""
        if b"result" in words:
            raise AssertionError("an altered line was answered")


@attack("7", "gives orders: client.reconnect, set_difficulty, notify to the server", "limits.bad_requests",
        ["zubr_stratum_events_total:unknown_methods", "zubr_connections_ended_total:too_many_bad_requests"])
def orders(a):
    near = a.miner(host=2, user=f"user.near{a.net}")
    conn = a.miner()
    for method, params in [("client.reconnect", ["evil.example", 3333, 0]), ("client.show_message", ["evil.example"]),
                           ("mining.set_difficulty", [1e-9]), ("mining.set_extranonce", ["00", 4]),
                           ("mining.notify", ["evil", "", "", "", [], "", "", "", True])] * 8:
        conn.send(json.dumps({"id": 1, "method": method, "params": params}).encode() + b"\n")
    conn.until(lambda: None, 1)
    near.pump(0.3)
    for heard in (conn, near):
        if b"evil" in heard.raw or b"client.reconnect" in heard.raw:
            raise AssertionError("an order was passed on")
    if not conn.closed:
        raise AssertionError("it may go on")


@attack("23", "times the answer to a block against those to shares", "limits.block_answer_ms", ["zubr_block_candidates_total"])
def timing(a):
    slow = a.server.counters().get("zubr_slow_block_answers_total")
    if slow is None:
        raise AssertionError("nobody counts")
    conn, user = a.miner(), f"user.bad{a.net}"
    took, texts = [], set()

    def send(params):
        reply = conn.submit(params) or conn.reply(conn.last_id, 10)
        took.append((time.monotonic() - conn.sent_at) * 1000)
        texts.add(re.sub(r'"id":\d+', '"id":0', reply["_text"]))
    for _ in range(100):
        send(share(conn, user))
    usual = max(took)
    job, network = conn.jobs[-1], target_of_bits(int(conn.jobs[-1][6], 16))
    ntime = int(job[7], 16)
    en2, nonce = conn.find(job, {"target": network, "block": True}, ntime)
    send([user, job[0], en2.hex(), f"{ntime:08x}", f"{nonce:08x}"])
    if len(texts) != 1:
        raise AssertionError(f"answers differ: {texts}")
    if took[-1] > max(5.0, 2 * usual):
        raise AssertionError(f"the block took {took[-1]:.1f} ms, shares at most {usual:.1f}")
    if a.server.counters()["zubr_slow_block_answers_total"] > slow:
        raise AssertionError("the server itself took too long over it")


HEX = {2: 8, 5: 8, 6: 8, 7: 8}
KNOWN = {"mining.notify", "mining.set_difficulty", "mining.set_version_mask", "client.show_message", "client.get_version"}


def strict(line, limit):
    """What the pickiest firmware would make of a line of ours; says what is wrong with it."""
    if len(line) > limit or b"\0" in line or not line.isascii():
        return "too long, or no ASCII"
    said = json.loads(line)
    if "method" not in said:
        fine = set(said) == {"id", "result", "error"} and (said["error"] is None or
                                                           [type(part) for part in said["error"]] == [int, str, type(None)])
        return None if fine else "no reply as firmware reads it"
    if said["method"] not in KNOWN:
        return "an unknown method"
    params = said["params"]
    if said["method"] == "mining.set_difficulty" and (re.search(rb"\[[^\]]*[eE\"]", line.split(b"params")[1]) or params[0] <= 0):
        return "a difficulty that firmware misreads"
    if said["method"] != "mining.notify":
        return None
    widths = [len(params[1]) == 64, *(len(params[at]) == 8 for at in (5, 6, 7)), *(len(branch) == 64 for branch in params[4])]
    digits = all(re.fullmatch("([0-9a-f]{2})*", text) for text in (params[1], params[2], params[3], *params[4], *params[5:8]))
    small = len(params) == 9 and len(params[4]) <= 32 and (len(params[2]) + len(params[3])) // 2 + 12 <= 700 and len(params[0]) <= 16
    clean = isinstance(params[8], bool) and int(params[5], 16) & 0x1FFFE000 == 0
    return None if all(widths) and digits and small and clean else "a job that firmware breaks on"


@attack("24", "makes the server say what firmware breaks on", "limits.job_line_bytes", ["zubr_stratum_events_total:low_hints"])
def output(a):
    evil = ['a"],"b":["', "\u0000\u001b[2J", "\u00e9\u4e16" * 30, "%n%s", "x" * 900, 1e-300, 1e300, -0.0, None, [], {"a": 1}]
    conns = []

    def say(conn, request, method, params):
        conn.send(json.dumps({"id": request, "method": method, "params": params}).encode() + b"\n")
        conn.pump(0.01)
    for host, text in enumerate(evil, 1):
        conn = Conn(a.server.address, a.source(host))
        conns.append(conn)
        a.open.append(conn.socket)
        say(conn, text, "mining.subscribe", [text, text])
        say(conn, text, "mining.configure", [["version-rolling", str(text)[:200]], {"version-rolling.mask": text}])
        say(conn, text, "mining.authorize", [f"user.bad{a.net}", "d=1e-300,md=1e-300"])
        for method in ("mining.suggest_difficulty", "mining.suggest_target", "mining.authorize", "mining.ping", "mining.get_transactions"):
            say(conn, text, method, [text])
        for params in ([], ["", "", "", "", ""], ["x"] * 9):
            say(conn, text, "mining.submit", params)
    a.server.rpc("generatetodescriptor", 1, "raw(51)", 1 << 30, at="node")
    conns[0].until(lambda: None, 1.5)
    lines = []
    for conn in conns:
        conn.pump(0.01)
        lines += [line for line in conn.raw.split(b"\n") if line]
    for line in lines:
        wrong = strict(line, 3584)
        if wrong:
            raise AssertionError(f"{wrong}: {line[:200]!r}")
    if len(lines) < 10 * len(evil) or a.server.counters().get("zubr_stratum_events_total:long_job_lines", 0):
        raise AssertionError(f"{len(lines)} lines, or a long one")
