#!/usr/bin/env python3
"""Compares credits of a pool's books with the reference: check_credits.py BOOKS_JSON.

BOOKS_JSON: slots [[slot, account, score]], blocks [[hash, slot, reward, fee_bps]], credits [[hash, account, gross, fee, net]].
"""
import json
import sys

from pplns_reference import E18, settle, window

books = json.load(open(sys.argv[1], encoding="utf-8"))
slots = {}
for slot, account, score in books["slots"]:
    slots.setdefault(slot, {})[account] = slots.get(slot, {}).get(account, 0) + int(score)
credits = {}
for block, account, gross, fee, net in books["credits"]:
    credits.setdefault(block, {})[account] = (gross, fee, net)
checked = 0
for block, slot, reward, fee_bps in books["blocks"]:
    weights, _ = window(slots, slot, 2 * E18)
    gross, net, _, _ = settle(reward, weights, fee_bps)
    wanted = {account: (gross[account], gross[account] - net[account], net[account]) for account in gross}
    if wanted != credits[block]:
        sys.exit(f"block {block}: {credits[block]} in the books, {wanted} by the reference")
    checked += 1
print(f"{checked} blocks agree to the satoshi")
sys.exit(0 if checked else "no block to check")
