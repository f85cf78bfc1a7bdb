"""Attacks by what a miner calls itself: names that mean something elsewhere, and too many of them."""
import json
import re
import time
from pathlib import Path

from arena import Conn, attack


@attack("12", "worker names on one connection", "limits.workers_per_connection", ["zubr_authorize_refused_total"])
def names(a):
    conn = a.miner()
    count = 10_000 if a.full else 2500
    good = bad = 0
    for start in range(0, count, 100):
        conn.send(b"".join(b'{"id":%d,"method":"mining.authorize","params":["user.n%d",""]}\n' % (n, n)
                           for n in range(start, start + 100)))
        for n in range(start, start + 100):
            reply = conn.reply(n, 5)
            if reply is None:
                break
            good, bad = good + (reply["result"] is True), bad + (reply["result"] is not True)
        if conn.closed:
            break
    if good > 1000 or not (bad or conn.closed):
        raise AssertionError(f"{good} names were taken")


HOSTILE = ["'; drop table zubr.account; --", "x\r\nSET a b\r\n", "*3\r\n$3\r\nDEL\r\n", "<script>alert(1)</script>",
           "\x1b[31mred\x1b]0;title\x07", "../../etc/passwd", "a\x00b", "${jndi:ldap://x}", "%s%n%p", "\u202eevil", '"}],"x":[{"']


EVIL = ("<script>", "\x1b[", "drop table", "SET a b\r", "\u202e", "a\x00b", "${jndi", "etc/passwd", "%s%n", "*3\r", '],"x":')


def folded(name):
    """What of a worker's name may go on from the socket, told anew from the design's words."""
    return re.sub(rb"[^A-Za-z0-9._:+=@-]", b"_", name.strip().encode()[:64]).decode()


def folded_agent(said):
    """The same of what it says of itself."""
    plain = "".join(c for c in said if " " <= c <= "~")
    return re.sub(r"[^A-Za-z0-9 ._:+=@/(),#~;-]", "_", plain[:128])


def mine_one(conn, name):
    conn.until(lambda: True if conn.jobs else None, 5)
    job = conn.jobs[-1]
    en2, nonce = conn.find(job, {}, int(job[7], 16))
    reply = conn.submit([name, job[0], en2.hex(), job[7], f"{nonce:08x}"]) or conn.reply(conn.last_id, 5)
    if not reply or reply["result"] is not True:
        raise AssertionError(f"the share of {name[:40]!r} was refused: {reply}")


def shown_within(seconds, shown, want):
    """Waits until everything that is wanted is among what is shown."""
    end = time.monotonic() + seconds
    while not want <= (found := shown()):
        if time.monotonic() > end:
            raise AssertionError(f"not shown as it should be: {sorted(want - found)}")
        time.sleep(0.2)


@attack("13", "hostile strings as worker names and user agents", "the names' alphabet, 64 bytes; the agents', 128",
        ["zubr_authorize_refused_total"])
def hostile(a):
    conn = Conn(a.server.address, a.source())
    a.open.append(conn.socket)
    conn.request(1, "mining.subscribe", ["x"])
    for at, text in enumerate(HOSTILE):
        conn.request(at + 10, "mining.authorize", ["user." + text, text])
        conn.request(at + 40, "mining.authorize", [text, text])
    big = Conn(a.server.address, a.source())
    a.open.append(big.socket)
    big.request(1, "mining.subscribe", ["x"])
    big.request(2, "mining.authorize", ["user." + "w" * 65536, "x"])
    if not big.closed:
        raise AssertionError("a name of 64 KiB was listened to")
    # Each of them mines, so that its name travels all the way. An agent is its connection's, so each has one: at the end too.
    names = HOSTILE + ["w" * 180]
    for name in names:
        mine_one(conn, "user." + name)
    agents = [text + "agent" for text in HOSTILE]
    for at, agent in enumerate(agents):
        each = Conn(a.server.address, a.source(2 + at))
        a.open.append(each.socket)
        each.request(1, "mining.subscribe", [agent])
        each.request(2, "mining.authorize", [f"user.agent{at}", "x"])
        mine_one(each, f"user.agent{at}")
    want, want_agents = {folded(name) for name in names}, {folded_agent(agent) for agent in agents}
    workers = "/api/v1/users/user/workers"
    shown_within(30, lambda: {worker["name"] for worker in json.loads(a.server.get(workers))["workers"]}, want)
    shown_within(30, lambda: {worker["user_agent"] for worker in json.loads(a.server.get(workers))["workers"]}, want_agents)
    shown_within(30, lambda: {agent["userAgent"] for agent in json.loads(a.server.get("/api/info"))["userAgents"]}, want_agents)
    shown_within(30, lambda: {line["user_agent"] for line in a.server.rpc("listconnections", 10_000)["result"]}, want_agents)
    seen = {"the log": a.server.log(), "the metrics": a.server.get("/metrics"), "the page": a.server.get(workers),
            "the page of agents": a.server.get("/api/info")}
    for method, of in (("listworkers", ("user", 10_000)), ("listconnections", (10_000,))):
        seen[method] = json.dumps(a.server.rpc(method, *of)["result"], ensure_ascii=False)
        if "user" not in seen[method]:
            raise AssertionError(f"{method} lists nobody")
    for where, text in seen.items():
        for evil in EVIL:
            # Of an agent words are left: they are text, and mean nothing without the marks around them.
            if evil in text and not (evil in folded_agent(evil) and any(evil in agent for agent in want_agents)):
                raise AssertionError(f"{evil!r} got through to {where} unescaped")
    # For the test that looks into Redis and MySQL.
    Path(a.server.setup["names"]).write_text("".join(f"{name}\n" for name in sorted(want)))


# Behind those that look at what becomes of names: an account's further ones are no longer told apart.
@attack("13", "mines under ever more names", "limits.worker_names", ["zubr_worker_names_folded_total"])
def crowd_of_names(a):
    conn = a.miner()
    for n in range(a.server.setup["worker_names"] + 20):
        conn.request(1000 + n, "mining.authorize", [f"user.m{n}", ""])
        mine_one(conn, f"user.m{n}")


@attack("19", "does all that a pool might write a line about, by the thousand", "none: no line for what a miner does",
        ["zubr_log_lines_total:info", "zubr_stratum_events_total:bad_lines|unknown_methods", "zubr_authorize_refused_total"])
def log_flood(a):
    def written():
        return sum(value for name, value in a.server.counters().items() if name.startswith("zubr_log_lines_total"))
    before = written()
    bad = [b'{"id":1,"method":,"params":[]}\n', b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b"PROXY TCP4 198.51.100.7 203.0.113.1 4242 3333\r\n",
           b"".join(b'{"id":1,"method":"no.%d","params":[]}\n' % n for n in range(40)),
           b'{"id":1,"method":"mining.subscribe","params":[]}\n' +
           b"".join(b'{"id":2,"method":"mining.authorize","params":["nobody%d","x"]}\n' % n for n in range(40))]
    for turn in range(1200 if a.full else 120):
        sock = a.connect(1 + turn % 250)
        if sock:
            a.pour(sock, bad[turn % len(bad)])
    conn = a.miner(host=251)
    job, ntime = conn.jobs[-1][0], conn.jobs[-1][7]
    a.pour(conn.socket, b"".join(b'{"id":%d,"method":"mining.submit","params":["user.bad%d","%s","%016x","%s","00000000"]}\n'
                                 % (n, a.net, job.encode(), n, ntime.encode()) for n in range(200)))
    conn.until(lambda: None, 1)
    # Lines that are wanted, so that the counter is seen to count: of the ban, and two of the audit.
    a.server.rpc("setban", "198.51.100.9", 1)
    end = time.monotonic() + 5
    while written() - before < 3 and time.monotonic() < end:
        time.sleep(0.2)  # an answer is shown for a second
    lines = written() - before
    if not 3 <= lines <= 20:
        raise AssertionError(f"{lines:.0f} lines")
