#!/usr/bin/env python3
"""Prints pplns_histories.txt: thousands of random histories, split by pplns_reference.py, a SHA-256 a hundred of them.

tests/unit/payouts/pplns_histories_test.cpp makes the same histories from the same numbers and must come to the same text.
With a number as argument, prints the line of that history instead; with two, of so many from the first on.
"""
import hashlib
import sys

from pplns_reference import settle, window

COUNT, PER_DIGEST = 4000, 100
MASK = (1 << 64) - 1


def numbers(seed: int):
    """SplitMix64."""
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def line(seed: int) -> str:
    source = numbers(seed)
    draw = lambda: next(source)
    accounts, slots_last, base = 1 + draw() % 12, 1 + draw() % 40, 10 ** (12 + draw() % 12)
    slots = {}
    for slot in range(1, slots_last + 1):
        if draw() % 5 == 0:
            continue
        scores = {}
        for account in range(1, accounts + 1):
            if draw() % 3 == 0:
                high = draw()
                scores[account] = (high << 64 | draw()) % base
        if scores:
            slots[slot] = scores
    size = (1 + draw() % 8000) * 10**15
    end = 1 + draw() % (slots_last + 2)
    reward = draw() % 700_000_000
    usual = draw() % 301
    fees, donations = {}, {}
    for account in range(1, accounts + 1):
        if draw() % 4 == 0:
            fees[account] = draw() % 1001
            donations[account] = draw() % 501
    weights, info = window(slots, end, size)
    gross, net, donated, fee = settle(reward, weights, usual, fees, donations)
    cut = info["cut"] or (0, 0, 0)
    text = f"{info['total']} {info['first'] or 0} {cut[0]} {cut[1]} {cut[2]}"
    for account in sorted(account for account, weight in weights.items() if weight > 0):
        text += f" {account}:{weights[account]}:{gross[account]}:{net[account]}:{donated[account]}"
    return text + f" {fee}\n"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        seed, count = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
        for each in range(seed, seed + count):
            print(line(each), end="")
    else:
        for first in range(0, COUNT, PER_DIGEST):
            text = "".join(line(seed) for seed in range(first, first + PER_DIGEST))
            print(hashlib.sha256(text.encode()).hexdigest())
