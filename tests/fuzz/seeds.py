#!/usr/bin/env python3
"""Writes the fuzz targets' seeds to tests/golden/fuzz, small and in our words; run it after a change of the transcripts."""
import re
import shutil
import struct
from pathlib import Path

GOLDEN = Path(__file__).parent.parent / "golden"
# A share of the fuzz targets' first job (one_loop.cpp): any hash will do.
SHARE = {"{job}": "6a0001", "{job2}": "6a0001", "{en2}": "0000000000000000", "{en2_2}": "0000000000000001",
         "{ntime}": "68123af0", "{ntime2}": "68123af0", "{nonce}": "00000001", "{nonce2}": "1", "{short_nonce}": "1",
         "{bits}": "00800000"}


def transcript(path: Path) -> bytes:
    out = ""
    for line in path.read_text().splitlines():
        if line.startswith(">"):
            out += line[2:] + "\n"
        elif line.startswith("!"):
            out += {"job": "\2", "tip": "\3"}.get(line[2:], "\1\1")
    for place, value in SHARE.items():
        out = out.replace(place, value)
    return out.encode()


def frame(kind: int, payload: bytes, extension: int = 0) -> bytes:
    channel = 0x8000 if kind in (0x16, 0x18, 0x1a, 0x1b, 0x22) else 0
    return struct.pack("<HB", extension | channel, kind) + len(payload).to_bytes(3, "little") + payload


def text(value: str) -> bytes:
    return bytes([len(value)]) + value.encode()


def v2_seeds() -> dict[str, bytes]:
    hardest = b"\xff" * 32
    setup = struct.pack("<BHHI", 0, 2, 2, 1) + text("pool.example") + struct.pack("<H", 3333) + text("Acme") * 4
    submit = struct.pack("<IIIIII", 2, 1, 0x6a0001, 7, 0x68123af0, 0x20000000)
    extended = struct.pack("<IIIIII", 3, 1, 0x6a0001, 7, 0x68123af0, 0x20002000) + b"\x08" + bytes(8)
    standard = struct.pack("<I", 9) + text("user.c") + struct.pack("<f", 1e12) + hardest
    return {
        "setup": b"\6" + frame(0, setup) + frame(0x10, standard),
        "channels": b"\0" + frame(0x10, standard) + frame(0x13, standard + struct.pack("<H", 8)) +
                    frame(0x16, struct.pack("<If", 2, 1e15) + hardest) + frame(0x18, struct.pack("<I", 2) + text("bye")),
        "shares": b"\0" + frame(0x1a, submit) + frame(0x1a, submit) + frame(0x1b, extended),
        "extensions": b"\0" + frame(0, struct.pack("<HHHH", 1, 2, 1, 2), 1) + frame(0x22, bytes(64)),
        "declaring": b"\5" + frame(0x50, text("user.a") + struct.pack("<I", 3)) + frame(0x57, bytes(60)),
        "custom": b"\x90" + frame(0x22, struct.pack("<II", 2, 1) + bytes(80) + struct.pack("<I", 2) + b"\0" + bytes(11)) +
                  frame(0x1b, struct.pack("<IIIIII", 2, 1, 1, 7, 0x68123af0, 0x20002000) + b"\x08" + bytes(8)),
        "garbage": b"\7" + bytes(range(64)) + bytes(200),
    }


def crowd_seeds(told: dict[str, bytes]) -> dict[str, bytes]:
    """Who speaks is a byte from 4 to 7; 8: it hangs up."""
    ping = b'{"id":1,"method":"mining.ping","params":[]}\n'
    pair = [words.replace(b"\1\1", b"\1") for words in (told["cgminer"], told["bfgminer"])]
    cut = [words.split(b"\n") for words in pair]
    turns = b"".join(bytes([4 + 3 * (at % 2)]) + line + b"\n" for lines in zip(*cut) for at, line in enumerate(lines))
    return {
        "turns": turns + b"\4\10" + pair[0],
        "flood": b"\4" + told["cgminer"] + b"\4" + ping * 190 + b"\5" + ping * 30 + b"\6" + ping * 3 + b"\1\4" + ping * 40 + b"\7" + ping,
        "answers": b"\5" + told["cpuminer"] + b"\5" + ping * 400 + b"\3\6" + ping,
        "padding": b"\4" + (b" " * 4000 + ping) * 12 + b"\1\5" + b"\n" * 600 + b"\6" + ping,
        "again": (b"\4" + pair[1] + b"\10") * 3 + b"\5" + pair[1] + b"\2\3",
        **resumed_seeds(),
    }


def resumed_seeds() -> dict[str, bytes]:
    """Who comes back with the session that it had (14), or with that of the first (15): its old shares, and new ones."""
    def authorize(user: bytes) -> bytes:
        return b'{"id":2,"method":"mining.authorize","params":["' + user + b'",""]}\n'

    def share(number: int, user: bytes = b"user.w") -> bytes:
        return b'{"id":3,"method":"mining.submit","params":["%s","6a0001","%016x","68123af0","00000001"]}\n' % (user, number)

    def back(byte: bytes) -> bytes:
        return b'{"id":1,"method":"mining.subscribe","params":["x","' + byte + b'"]}\n'
    mine, other = authorize(b"user.w"), b"bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080.w"
    fresh = b'{"id":1,"method":"mining.subscribe","params":["x"]}\n' + mine
    moves = b'{"id":4,"method":"mining.extranonce.subscribe","params":[]}\n'
    return {
        "resumes": b"\4" + fresh + share(0) + share(1) + b"\10" + back(b"\16") + mine + share(0) + share(2) + b"\3" + share(3) +
                   b"\10" + back(b"\16") + mine + share(2) + share(4),
        "resumed_by_others": b"\4" + fresh + share(0) + b"\10\5" + back(b"\17") + moves + authorize(other) + share(0, other) +
                             b"\4" + back(b"\16") + mine + share(0) + share(1) + b"\6" + back(b"\17") + mine + share(0),
    }


HTTP = {
    "get": b"GET /api/v1/pool?x=%41&y=b HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\nGET / HTTP/1.0\r\n\r\n",
    "post": b'POST / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YTpi\r\nContent-Length: 51\r\n\r\n'
            b'{"jsonrpc":"2.0","id":1,"method":"add","params":[7]}',
    "chunked": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,2]\r\n0\r\n\r\n",
    "call": b'{"jsonrpc":"2.0","id":"x","method":"add","params":{"a":"7","who":"me","flag":"false"}}',
    "batch": b'[{"jsonrpc":"2.0","id":1,"method":"add","params":[1]},{"jsonrpc":"2.0","method":"add"},'
             b'{"id":null,"method":"help","params":["add"]},7]',
}
# A route (web.cpp), whether it is marked (1), what stands in its path, and a line for each part of the query.
WEB = {
    "history": b"\1\0\nrange=24h\nstep=5m",
    "blocks": b"\6\0\nlimit=5\nbefore=812",
    "blocks-cursor": b"\6\1\nlimit=100\ncursor=812:" + b"a" * 64,
    "block": b"\7\2812\n",
    "block-hash": b"\7\0" + b"a" * 64,
    "payouts": b"\x08\0\nlimit=20\ncursor=7",
    "watch": b"\x09\4\n",
    "account": b"\x0b\4hidden\n",
    "markup": b"\x0b\1<img src=x onerror=alert(1)>\n",
    "workers": b"\x0f\0\nlimit=1000\ncursor=rig",
    "worker": b"\x10\0rig",
    "site": b"\x13\1';drop table account;--\nrange=30d",
    "earnings": b"\x14\1\nlimit=-1\nlimit=1e9\ncursor=\"}],\"a\":[{\"",
    "paid": b"\x15\0\nlimit=3\ncursor=17:bc1q",
    "client": b"\x17\1../../etc/passwd\npayoutMode=solo",
    "ckpool": b"\x1c\0miner",
    "qr": b"\x1e\0\nhost=pool.example",
    "qr-split": b"\x1e\1\nhost=a\r\nX-Evil: 1",
    "page": b"\x20\1%2e%2e\r\nX-Evil: 1",
}
PROXY_V2 = b"\r\n\r\n\0\r\nQUIT\n"
FIRST = {
    "v1": b'\5{"id":1,"method":"mining.subscribe"}\n',
    "http": b"\6GET / HTTP/1.1\r\n\r\n",
    "tls": b"\0\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32),
    "proxied": b'\3PROXY TCP4 198.51.100.7 203.0.113.1 4242 3333\r\n{"id":1}\n                  ',
    "proxied-v2": b"\1" + PROXY_V2 + bytes.fromhex("2111000cc6336407cb00710110920d05") + b'{"id":1,"method":"x"}\n',
    "noise": b"\7" + bytes((i * 37 + 11) % 256 for i in range(64)),
    "ssh": b"\0SSH-2.0-OpenSSH_9.2p1 Debian\r\n",
}
PROXY = {
    "v4": b"PROXY TCP4 198.51.100.7 203.0.113.1 4242 3333\r\n{}",
    "v6": b"PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n",
    "unknown": b"PROXY UNKNOWN whatever\r\n",
    "v2-local": PROXY_V2 + bytes.fromhex("20000000"),
    "v2-v4": PROXY_V2 + bytes.fromhex("2111000cc6336407cb00710110920d05"),
    "v2-v6": PROXY_V2 + bytes.fromhex("21210024") + bytes(36),
    "rest-v1": b"TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
    "network": b"10.0.0.0/8",
    "network-v6": b"2001:db8::/32",
}


def main() -> None:
    root = GOLDEN / "fuzz"
    shutil.rmtree(root, ignore_errors=True)
    told = {path.stem: transcript(path) for path in sorted((GOLDEN / "transcripts").glob("*.txt"))}
    lines = {name: b"\5" + re.sub(rb"[\1-\3]", b"", words) for name, words in told.items()
             if name in ("cgminer", "bfgminer", "headlong", "rental-proxy")}
    seeds = {"v1_line": lines, "v1_session": {name: b"\4" + words for name, words in told.items()},
             "v1_crowd": crowd_seeds(told),
             "v2_session": v2_seeds(), "first_bytes": FIRST, "proxy_header": PROXY,
             "http": {name: b"\t" + words for name, words in HTTP.items()}, "web": WEB}
    for target, files in seeds.items():
        (root / target).mkdir(parents=True)
        for name, data in files.items():
            (root / target / name).write_bytes(data)


main()
