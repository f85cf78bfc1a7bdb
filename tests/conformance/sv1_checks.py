"""What items of the Stratum v1 list assert in words: of an Item (sv1_item.py) that has been played so far."""
import json
import re
import socket
import struct
import time
import urllib.request
from pathlib import Path

from wire import Conn, rpc


def metrics(item):
    with urllib.request.urlopen(item.setup["web"] + "/metrics", timeout=10) as answer:
        return answer.read().decode()


def answer(item, request):
    """What the server has said to a request, though a step has taken it off its queue."""
    for line in item.conn.raw.split(b"\n")[:-1]:
        message = json.loads(line) if line else {}
        if "method" not in message and message.get("id") == request:
            return message
    raise AssertionError(f"no reply to {request}")


# ---- configure, subscribe, authorize ----
def params_were_understood(item):
    mask = {"version-rolling": True, "version-rolling.mask": "1fffe000"}
    assert answer(item, 5)["result"] == mask and answer(item, 5)["error"] is None, f"without a map: {answer(item, 5)}"
    assert answer(item, 6)["error"][0] == 20, f"garbage: {answer(item, 6)}"


def no_transactions_came(item):
    assert answer(item, "txlist1")["result"] == [], answer(item, "txlist1")


def pong_came(item):
    assert answer(item, 30)["result"] == "pong", answer(item, 30)


def extranonces_differ(item):
    assert len(set(item.parallel)) == len(item.parallel), "an extranonce1 came twice"


def agent_is_cut(item):
    agents = [each["user_agent"] for each in rpc(item.setup["pool"], "listconnections", [10_000])]
    assert "u" * 128 in agents, sorted({len(agent) for agent in agents})
    assert max(map(len, agents)) == 128


def workers(item):
    return [each["worker"] for each in rpc(item.setup["pool"], "listworkers", ["user", 10_000])]


HOSTILE, FOLDED = "user.<script>\r\nSET x 1;--%s\0", "_script___SET_x_1_--_s_"


def nothing_unescaped(item):
    """The name has a share, for only then it is shown and kept; and where it is to be seen it is folded."""
    item.share({"worker": HOSTILE})
    reply = item.conn.reply(item.conn.last_id, 5)
    assert reply and reply["result"] is True, f"its share: {reply}"
    line = booked(item)
    assert line and line["worker"] == FOLDED, f"in the journal, and to MySQL: {line}"
    item.conn.until(lambda: True if FOLDED in workers(item) else None, 5)
    assert FOLDED in workers(item), f"not among {workers(item)}"
    shown = Path(item.setup["log"]).read_text(errors="replace")
    for page in ("/metrics", "/api/v1/users/user"):
        with urllib.request.urlopen(item.setup["web"] + page, timeout=10) as answer:
            shown += answer.read().decode()
    for method, of in (("listworkers", ["user", 10_000]), ("listconnections", [10_000])):
        shown += json.dumps(rpc(item.setup["pool"], method, of), ensure_ascii=False)
    assert "<script>" not in shown and "\0" not in shown and "SET x 1" not in shown, "unescaped"


def names_are_capped(item):
    replies = [each for each in item.conn.replies if isinstance(each["id"], int) and each["id"] >= 10_000]
    taken = sum(each["result"] is True for each in replies)
    assert 0 < taken < 1000, f"{taken} names were let in"
    assert item.conn.closed or any((each["error"] or [0])[0] == 24 for each in replies), "no error 24, and still open"


# ---- jobs ----
def job_fields_are_wide_enough(item):
    job = item.conn.jobs[-1]
    assert len(job) == 9 and isinstance(job[8], bool) and re.fullmatch(r"[!-~]{1,16}", job[0])
    assert all(re.fullmatch(r"[0-9a-f]{8}", job[i]) for i in (5, 6, 7)) and re.fullmatch(r"[0-9a-f]{64}", job[1])
    assert len(job[4]) <= 32 and all(re.fullmatch(r"[0-9a-f]{64}", each) for each in job[4])
    assert all(re.fullmatch(r"([0-9a-f]{2})+", job[i]) for i in (2, 3))


def version_is_free_to_roll(item):
    version = int(item.conn.jobs[-1][5], 16)
    assert version & 0x1FFFE000 == 0 and version & 0x20000000, hex(version)


def prevhash_is_the_tip(item):
    prevhash = item.conn.jobs[-1][1]
    words8 = b"".join(bytes.fromhex(prevhash)[i:i + 4][::-1] for i in range(0, 32, 4))
    assert words8[::-1].hex() == rpc(item.setup["node"], "getbestblockhash")


def coinbase_of(item):
    job = item.conn.jobs[-1]
    return bytes.fromhex(job[2] + item.conn.en1 + "00" * item.conn.en2_size + job[3])


def coinbase_parses(item):
    tx = coinbase_of(item)
    assert tx[4:6] != b"\0\1" and tx[4] == 1, "one input, no witness"
    script = tx[42:42 + tx[41]]
    assert 2 <= len(script) <= 100
    template = rpc(item.setup["node"], "getblocktemplate", [{"rules": ["segwit", "signet"]}])
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


def work_is_short(item):
    """With fourteen branches, which a block of ten thousand transactions has."""
    line = next(each["_text"] for each in reversed(item.conn.notices) if each["method"] == "mining.notify")
    branches = len(item.conn.jobs[-1][4])
    assert len(coinbase_of(item)) <= 700 and len(line) + 67 * (14 - branches) <= 3584, f"{len(coinbase_of(item))} bytes, a line of {len(line)}"


def jobs_come_in_time(item):
    times = [each["_at"] for each in item.conn.notices if each["method"] == "mining.notify"] + [time.monotonic()]
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    assert len(times) > 3 and max(gaps) <= 35, gaps
    # A new tip's work comes in two parts, and does not wait.
    of_a_tip = [gap for gap, job, after in zip(gaps, item.conn.jobs, item.conn.jobs[1:]) if not job[8] and not after[8]]
    assert min(of_a_tip) > 1, gaps


def work_is_never_the_same(item):
    conn = item.conn

    # What the change brings is judged, too; it comes with the next job.
    def difficulty():
        return conn.job_difficulty[conn.jobs[-1][0]]
    before = conn.job_difficulty[item.first_job[0]]
    conn.until(lambda: True if difficulty() != before else None, 40)
    assert difficulty() != before, "no job at the difficulty that was forced"
    ids, works = [j[0] for j in conn.jobs], [json.dumps([j[2], j[3], j[4], j[5], j[7]]) for j in conn.jobs]
    assert len(conn.jobs) > 1 and len(set(ids)) == len(ids) and len(set(works)) == len(works), "the same work twice"


def difficulty_is_plain(item):
    texts = [n["_text"] for n in item.conn.notices if n["method"] == "mining.set_difficulty"]
    for text in texts:
        number = re.search(r'"params":\[([0-9.]+)\]', text)
        assert number and float(number[1]).as_integer_ratio()[0] & (float(number[1]).as_integer_ratio()[0] - 1) == 0, text
    assert texts


def difficulty_comes_with_work(item):
    said = [each for each in item.conn.notices if each["method"] in ("mining.set_difficulty", "mining.notify")]
    changes = 0
    for one, following in zip(said, said[1:] + [None]):
        if one["method"] == "mining.set_difficulty":
            changes += 1
            assert following and following["method"] == "mining.notify", "two difficulties without work between them"
            assert following["_at"] - one["_at"] <= 0.05 and following["_order"] == one["_order"] + 1, "its work came later"
    assert changes >= 3, f"the difficulty changed {changes} times"


def one_difficulty_comes_first(item):
    said = [each["method"] for each in item.conn.notices if each["method"] in ("mining.set_difficulty", "mining.notify")]
    assert said[:2] == ["mining.set_difficulty", "mining.notify"], said


def few_jobs_came(item):
    jobs = len(item.conn.jobs)
    assert jobs <= 3, f"{jobs} jobs for one wish said ten times"


# ---- shares ----
def replies_are_fast(item):
    late = sorted(item.conn.latencies)[int(len(item.conn.latencies) * 0.99)]
    assert late <= 0.020, f"p99 {late * 1000:.1f} ms"


def booked(item):
    """The last share as it lies in the journal, once MySQL has been told whose it is; None when it was refused."""
    _, job, _, ntime, nonce = item.submitted[:5]
    line, end = None, time.monotonic() + 40
    while time.monotonic() < end:
        for line in rpc(item.setup["pool"], "getsharelog", [500]):
            if (line["job"], line["time"], line["nonce"]) == tuple(int(text, 16) for text in (job, ntime, nonce)):
                break
        else:
            return None
        if line["account"] and line["worker"]:
            return line
        time.sleep(0.2)
    raise AssertionError(f"nobody's after 40 s: {line}")


def credited_as_promised(item):
    asked, got = item.conn.job_difficulty[item.first_job[0]], booked(item)["difficulty"]
    assert abs(got / asked - 1) < 1e-3, f"credited {got}, promised {asked}"


def credited_to_nobody_else(item):
    line = booked(item)
    assert line is None or line["account"] == "user", f"credited to {line}"


def credited_to_who_found_it(item):
    line = booked(item)
    assert line and f"{line['account']}.{line['worker']}" == item.submitted[0], f"credited to {line}"


def node_was_handed_it(item):
    """Whatever the miner is told, the node is asked about each block."""
    wanted = item.header_hash()
    end = time.monotonic() + 10
    while time.monotonic() < end:
        found = rpc(item.setup["pool"], "listblocks", [500])
        for block in found["blocks"] if isinstance(found, dict) else found:
            if block["hash"] == wanted:
                return
        time.sleep(0.2)
    raise AssertionError(f"{wanted} is not among the blocks")


# ---- abuse ----
def flood_was_ended(item):
    for _ in range(100):
        if not item.conn.pump(0.1):
            break
    assert item.conn.closed, "1000 bad shares and still open"
    took = sorted(item.beside.latencies)
    assert len(took) >= 5 and took[-1] <= 0.100, f"others waited {took} s"


def excess_was_refused(item):
    time.sleep(1)
    for each in item.parallel:
        each.pump(0)
    refused = sum(each.closed for each in item.parallel)
    assert len(item.parallel) - refused == item.setup["capped"] - 1, f"{refused} of {len(item.parallel)} refused"
    assert re.search(r'zubr_connections_ended_total\{reason="too_many_connections"\} [1-9]', metrics(item))
    item.others_share()  # of the same address, and there before


def deaf_cost_little(item):
    """What had waited for it, in the kernel too; and whether it is the newest work that it gets."""
    conn, reader = item.conn, item.reader
    reader.until(lambda: None, 2)
    newest = reader.jobs[-1]
    conn.until(lambda: True if conn.closed or conn.jobs[-1][:8] == newest[:8] else None, 10)
    assert len(conn.raw) <= 512 << 10, f"{len(conn.raw)} bytes had waited"
    if not conn.closed:
        assert conn.jobs[-1][:8] == newest[:8], "it is left with old work"
        assert len(conn.jobs) < len(reader.jobs) / 2, "it was sent everything"
        assert re.search(r'zubr_stratum_events_total\{event="jobs_superseded"\} [1-9]', metrics(item))


def proxied(item, header):
    rpc(item.setup["pool"], "setban", ["198.51.100.7", 60])
    try:
        for source, welcome in (("198.51.100.7", False), ("198.51.100.8", True)):
            conn = Conn(item.address, item.source)
            conn.send(header(source))
            conn.send(b'{"id":1,"method":"mining.subscribe","params":[]}\n')
            assert bool(conn.reply(1, 3)) == welcome, f"{source} was {'refused' if welcome else 'let in'}"
    finally:
        rpc(item.setup["pool"], "clearbanned", ["198.51.100.7"])


def first_version_tells_who(item):
    proxied(item, lambda source: f"PROXY TCP4 {source} 203.0.113.1 4242 3333\r\n".encode())


def second_version_tells_who(item):
    proxied(item, lambda source: b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + socket.inet_aton(source)
            + socket.inet_aton("203.0.113.1") + struct.pack(">HH", 4242, 3333))


def hello_spoils_nothing(item):
    """Not a word to it, and the next of its address is served."""
    assert not item.conn.raw, item.conn.raw[:100]
    item.connect()
    reply = item.conn.request(1, "mining.subscribe", ["conf/1.0"])
    assert reply and reply["error"] is None, f"after it: {reply}"


def line_is_not_logged(item):
    assert "A" * 64 not in Path(item.setup["log"]).read_text(errors="replace"), "the line is in the log"


def drained(item):
    conn = item.conn
    asked = [n["params"] for n in conn.notices if n["method"] == "client.reconnect"]
    assert asked and not any(asked), f"client.reconnect with {asked}"
    for number in item.in_flight:
        reply = conn.reply(number, 5)
        assert reply and reply["result"] is True, f"share {number}: {reply}"
    try:
        late = Conn(item.address, item.source)
    except OSError:
        return  # nobody listens
    late.pump(2)
    assert late.closed, "somebody is let in still"


BY_WORDS = {
    "all en1 distinct": extranonces_differ,
    "no control chars": nothing_unescaped,
    "user agent cut": agent_is_cut,
    "names are capped": names_are_capped,
    "job.version,nbits": job_fields_are_wide_enough,
    "int(version,16)": version_is_free_to_roll,
    "word-swap": prevhash_is_the_tip,
    "tx(coinb1": coinbase_parses,
    "len(coinbase)": work_is_short,
    "max gap between notifies": jobs_come_in_time,
    "(coinb1,coinb2": work_is_never_the_same,
    "raw text of set_difficulty": difficulty_is_plain,
    "between any two set_difficulty": difficulty_comes_with_work,
    "one set_difficulty before": one_difficulty_comes_first,
    "at most a few jobs": few_jobs_came,
    "reply latency": replies_are_fast,
    "credited old D": credited_as_promised,
    "never credited to someoneelse": credited_to_nobody_else,
    "credited to its worker": credited_to_who_found_it,
    "submitblock called": node_was_handed_it,
    "closed before 1000": flood_was_ended,
    "excess refused": excess_was_refused,
    "server memory for this conn": deaf_cost_little,
    "session remote ip": first_version_tells_who,
}
# What the list asks for in words that no step of it checks.
AFTERWARDS = {"SV1-008": line_is_not_logged, "SV1-031": params_were_understood, "SV1-050": credited_to_who_found_it,
              "SV1-067": no_transactions_came, "SV1-068": pong_came, "SV1-117": hello_spoils_nothing, "SV1-119": second_version_tells_who,
              "SV1-125": drained}


def check(item, words):
    for beginning, holds in BY_WORDS.items():
        if words.startswith(beginning):
            return holds(item)
    raise AssertionError(f"no check for: {words}")
