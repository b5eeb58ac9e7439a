"""What must be true of a demo's databases, files, bank and mail when everything has come to rest, however often its processes
were ended: read from outside, with the hashes and sums made here once more."""
import collections
import contextlib
import csv
import email
import hashlib
import io
import json
import os
import sqlite3
import struct
import subprocess
import time

import crowd
from tapper import holds, same

REST_SECONDS = 150


def query(demo, process, sql):
    """Rows of texts; bytes as hex, which the statement makes itself."""
    if demo.postgres:
        done = subprocess.run(["psql", "-X", "-q", "--csv", "-t", "-d", demo.database(process), "-c", sql], check=True,
                              capture_output=True, text=True)
        return list(csv.reader(io.StringIO(done.stdout)))
    with contextlib.closing(sqlite3.connect(f"file:{demo.database(process)}?mode=ro", uri=True, timeout=10)) as db:
        return [["" if v is None else str(v) for v in row] for row in db.execute(sql)]


def hexed(demo, column):
    return f"encode({column}, 'hex')" if demo.postgres else f"lower(hex({column}))"


def responder_snapshot(demo):
    """(number of the log's last row, serial → state's number); the file's shape stands in src/responder/snapshot.c."""
    with open(os.path.join(demo.data, "responder/snapshot"), "rb") as f:
        data = f.read()
    holds(data.startswith(b"CERTHALL-SNAP-1\n") and hashlib.sha256(data[:-32]).digest() == data[-32:],
          "the responder's snapshot is damaged")
    head, rows = struct.unpack_from("<QQ", data, 16)
    first, states = 32 + head, {}
    for at in range(first, first + 40 * rows, 40):
        length, state = data[at], data[at + 1]
        states[data[at + 4:at + 4 + length].hex()] = state
    return json.loads(data[32:first])["seq"], states


# ---- the bank

def bank_books(demo):
    """(order → trade → the last word of the books, refund → likewise)"""
    paid, refunds = collections.defaultdict(dict), {}
    with open(os.path.join(demo.data, "sim/bank.jsonl"), encoding="utf-8") as f:
        for line in f:
            with contextlib.suppress(ValueError):
                entry = json.loads(line)
                entry["order"] = entry["order"].split("-")[0]  # of its attempts to pay, too
                if entry["what"] == "payment":
                    paid[entry["order"]][entry["trade_no"]] = entry
                else:
                    refunds[entry["refund_no"]] = entry
    return paid, refunds


def money(demo, everybody, _errands):
    paid, refunds = bank_books(demo)
    in_hall = {trade: (order, int(fen), state) for order, trade, fen, state in query(
        demo, "hall", "SELECT order_id, trade_no, amount_fen, refund_state FROM payment_money")}
    for person in everybody:
        trades = {t: e for t, e in paid[person.order].items() if e["status"] == 1}
        back = [r for r in refunds.values() if r["order"] == person.order]
        came, went = sum(e["amount_fen"] for e in trades.values()), sum(r["amount_fen"] for r in back)
        same(came - went, crowd.FEE_FEN, f"what the bank keeps of order {person.order} ({len(trades)} paid, {len(back)} back)")
        holds(len(trades) == 1 or "again" in person.lives, f"order {person.order} was charged {len(trades)} times")
        same(len(back), len(trades) - 1, f"refunds of order {person.order}")
        for trade in trades:
            holds(trade in in_hall, f"{trade} of order {person.order} is not in the hall's books")
    of_bank = {t for order in paid.values() for t, e in order.items() if e["status"] == 1}
    same(set(in_hall), of_bank, "payments in the hall and at the bank")


def ledger(demo, everybody, errands):
    errands.clerk.ledger()
    paid, refunds = bank_books(demo)
    kept = sum(e["amount_fen"] for trades in paid.values() for e in trades.values() if e["status"] == 1) - sum(
        r["amount_fen"] for r in refunds.values())
    balance = collections.Counter()
    for debit, credit, fen in query(demo, "hall", "SELECT debit, credit, amount_fen FROM payment_ledger"):
        balance[debit] += int(fen)
        balance[credit] -= int(fen)
    same(balance["bank"], kept, "what lies at the bank, in the ledger")
    same(kept, crowd.FEE_FEN * len(everybody), "one fee for each order")
    same(sum(balance.values()), 0, "the ledger's sum")


# ---- orders and certificates

def orders(demo, everybody, _errands):
    states = {row[0]: row[1:] for row in query(
        demo, "hall", "SELECT id, account_id, application, payment, fulfilment FROM orders")}
    accounts = collections.Counter(row[0] for row in states.values())
    same([a for a, n in accounts.items() if n > 1], [], "accounts with more than one order")
    same(len(states), len(everybody), "orders")
    for person in everybody:
        number = str(int(person.order))
        holds(number in states, f"order {person.order}, which was begun, is gone")
        _, application, payment, fulfilment = states[number]
        same(payment, "PAID", f"the payment of order {person.order}")
        holds((application, fulfilment) == ("COMPLETED", "DONE"), f"order {person.order} is {application}, {fulfilment}; acknowledged: {person.acknowledged}")
        holds(os.path.exists(os.path.join(demo.data, f"demo/ukeys/user/{person.serial}.ukey")), f"UKey {person.serial}")


def wanted_state(person):
    if "revoke" in person.lives:
        return "revoked"
    return "hold" if "hold" in person.lives and "release" not in person.lives else "active"


def certificates(demo, everybody, _errands):
    rows = query(demo, "ca", f"SELECT order_no, {hexed(demo, 'serial')}, state, request_id FROM ca_certificate")
    same([r for r in rows if r[2] == "intent"], [], "intents that were never signed")
    by_order = collections.defaultdict(list)
    for order, serial, state, request in rows:
        by_order[order].append((serial, state, request))
    of_hall = dict((serial, state) for serial, state in query(
        demo, "hall", "SELECT serial, state FROM certificate WHERE serial IS NOT NULL"))
    for person in everybody:
        made = by_order[person.order] or by_order[str(int(person.order))]
        mine = [m for m in made if m[0] == person.certificate]
        same(len(mine), 1, f"certificates {person.certificate} of order {person.order}")
        same(mine[0][1], wanted_state(person), f"certificate {person.certificate} of order {person.order} at the ca")
        others = [m for m in made if m[0] != person.certificate and m[1] != "revoked"]
        same(others, [], f"further certificates of order {person.order}")
        for serial, _, _ in made:
            holds(serial in of_hall, f"certificate {serial} of order {person.order} is not known to the hall")
    same(query(demo, "hall", "SELECT serial FROM certificate WHERE serial IS NOT NULL AND wish_done <> wish_no"), [],
         "changes that the ca has not carried out")


def status_log(demo, _everybody, _errands):
    serial = hexed(demo, "serial")
    log = query(demo, "ca", f"SELECT seq, {serial}, state FROM ca_status ORDER BY seq")
    same([int(r[0]) for r in log], list(range(1, len(log) + 1)), "the numbers of the status log")
    newest = {r[1]: r[2] for r in log}
    at_ca = dict(query(demo, "ca", f"SELECT {serial}, state FROM ca_certificate WHERE profile <> 'ocsp-responder'"))
    for known, state in newest.items():
        same(at_ca.get(known, state), state, f"the last word of the log on {known}")
    names = ("active", "hold", "revoked")
    seq, states = responder_snapshot(demo)
    same(seq, len(log), "what the responder's snapshot has read of the log")
    same({serial: names[state] for serial, state in states.items()}, newest, "the responder's snapshot")
    numbers = query(demo, "ca", "SELECT issuer_id, number FROM ca_crl ORDER BY issuer_id, number")
    same(len({tuple(n) for n in numbers}), len(numbers), "numbers of the lists")


# ---- chains

def sm3(*parts):
    h = hashlib.new("sm3")
    for part in parts:
        h.update(part)
    return h.digest()


def chains(demo, _everybody, errands):
    errands.clerk.audit()
    whole = demo.command([demo.program("certhall"), "audit", "verify", "--data", demo.data, "--run", demo.run])
    holds(whole.startswith("Whole"), whole)
    last = bytes(32)
    for n, row in enumerate(query(demo, "ca", f"SELECT n, at, actor, act, object, {hexed(demo, 'hash')} FROM ca_audit ORDER BY n"),
                            1):
        last = sm3(last, int(row[0]).to_bytes(8, "big"), int(row[1]).to_bytes(8, "big"),
                   *(row[i].encode() + b"\0" for i in (2, 3, 4)))
        same((int(row[0]), row[5]), (n, last.hex()), f"link {n} of the ca's chain")
    last = bytes(32)
    for n, row in enumerate(query(demo, "kmc", f"SELECT n, at, act, object, {hexed(demo, 'hash')} FROM kmc_audit ORDER BY n"), 1):
        last = sm3(last, "".join(f"{row[i]}\n" for i in range(4)).encode())
        same((int(row[0]), row[4]), (n, last.hex()), f"link {n} of the kmc's chain")


# ---- invoices, mail, SMS, PINs

def invoices(demo, _everybody, errands):
    rows = query(demo, "hall", "SELECT order_id, number FROM invoice WHERE number <> ''")
    numbers = sorted(number for _, number in rows)
    holds(numbers, "no invoice was issued")
    same(len(set(numbers)), len(numbers), "numbers of invoices")
    serials = [int(number[-15:]) for number in numbers]
    same(serials, list(range(serials[0], serials[0] + len(serials))), "their order")
    same(serials[0], 1, "the first")
    counters = [int(r[0]) for r in query(demo, "hall", "SELECT last FROM invoice_counter")]
    same(counters, [len(serials)], "the counter")
    same(query(demo, "hall", "SELECT id FROM invoice_batch WHERE issued_at = 0"), [], "batches left open")
    booked = collections.Counter(r[0] for r in query(demo, "hall", "SELECT order_id FROM payment_ledger WHERE what = 'invoice'"))
    same(sorted(booked), sorted({order for order, _ in rows}), "orders with an invoice in the ledger")
    same([o for o, n in booked.items() if n != 1], [], "orders booked twice")
    for order, number in rows:
        files = query(demo, "hall", f"SELECT format FROM invoice_file f, invoice i WHERE f.invoice_id = i.id AND i.order_id = {order}")
        holds(files, f"invoice {number} has no file")


def mails_by_id(demo):
    got = collections.Counter()
    for name in os.listdir(demo.mails):
        if name.endswith(".eml"):
            with open(os.path.join(demo.mails, name), "rb") as f:
                got[email.message_from_binary_file(f)["Message-ID"].strip("<>").split("@")[0]] += 1
    return got


def idems(demo, kind):
    return [r[0] for r in query(demo, "hall", f"SELECT idem FROM outbox_row WHERE kind = '{kind}' AND state = 'done'")]


def mails(demo, _everybody, _errands):
    got = mails_by_id(demo)
    wanted = {hashlib.sha256(idem.encode()).hexdigest()[:32]: idem for idem in idems(demo, "mail")}
    same([wanted[i] for i in sorted(set(wanted) - set(got))], [], "mails that count as sent and never came")
    same(sorted(set(got) - set(wanted)), [], "mails that came and do not count as sent")
    _, killed = demo.places.counts()
    ended = sum(n for (process, _), n in killed.items() if process in ("hall", "serve")) + demo.ends["hall"] + \
        demo.ends["serve"] + demo.ends["database"]
    repeats = sum(n - 1 for n in got.values())
    holds(repeats <= ended, f"{repeats} mails came twice, and the hall ended {ended} times only")
    files = {n.split("-")[1].removesuffix(".json") for n in os.listdir(os.path.join(demo.data, "demo/outbox"))
             if n.startswith("sms-") and n.endswith(".json")}
    sent = {hashlib.sha256(idem.encode()).hexdigest()[:24] for idem in idems(demo, "sms")}
    same(sorted(sent - files), [], "SMS that count as sent and never came")


def pins(demo, everybody, _errands):
    state = collections.defaultdict(dict)
    for serial, version, what in query(demo, "kmc", "SELECT serial, version, state FROM kmc_pin ORDER BY serial, version"):
        state[serial][int(version)] = what
    keys = {r[0]: r[1:] for r in query(demo, "hall", "SELECT serial, admin_version, release_open, first_pin_at FROM ukey WHERE order_id > 0")}
    for person in everybody:
        if person.stopped:
            continue
        current = [v for v, what in state[person.serial].items() if what == "current"]
        same(len(current), 1, f"admin PINs in force of UKey {person.serial}: {dict(state[person.serial])}")
        version, is_open, first_pin_at = keys[person.serial]
        same(int(version), current[0], f"the admin PIN that the hall knows of UKey {person.serial}")
        same(int(is_open), 0, f"an open release of UKey {person.serial}")
        if "activate" in person.lives and not person.stopped:
            holds(current[0] > 1, f"UKey {person.serial} still has the admin PIN of its making")
            holds(int(first_pin_at), f"UKey {person.serial} was activated, and the hall does not know")


def nothing_half(demo, _everybody, _errands):
    """Side files of a write that was ended go when the next is made."""
    left = []
    for base, _, files in os.walk(demo.data):
        left += [os.path.join(base, f) for f in files if f.endswith(".new") or (
            "." in f and len(f.rsplit(".", 1)[1]) == 8 and all(c in "0123456789abcdef" for c in f.rsplit(".", 1)[1]))]
    holds(len(left) <= 3, f"{len(left)} side files lie about: {left[:8]}")


def logs(demo, _everybody, _errands):
    """Two at once are no reason to send anybody away."""
    with open(os.path.join(demo.logs, "serve.log"), encoding="utf-8", errors="replace") as f:
        met = [line.strip() for line in f if " store.unique " in line]
    same(met, [], "who met another one's number")


CHECKS = (
    ("every order has come to its end, and nothing acknowledged is lost", orders),
    ("INV-3 one certificate in force for each order, in the state that was acknowledged", certificates),
    ("the responder knows what the ca's log says, which has no gap", status_log),
    ("nobody was charged twice: what was paid twice went back once", money),
    ("the ledger balances, with one fee for each order, as the bank has it", ledger),
    ("invoices are numbered without a gap, each order once", invoices),
    ("each mail and SMS was sent; what came twice bears the same Message-ID", mails),
    ("each UKey has one admin PIN in force, which is the one that the hall knows", pins),
    ("G-41 the chains of hall, ca and kmc are intact", chains),
    ("no side files pile up", nothing_half),
    ("nobody was sent away because two came at once", logs),
)


# ---- coming to rest

def restless(demo):
    """What is still under way, in words; "" when all is at rest."""
    if not demo.up():
        return "hall or responder does not answer"
    now = int(time.time() * 1000)
    waiting = query(demo, "hall", "SELECT kind, idem, tries, last_error FROM outbox_row WHERE state = 'waiting' "
                    f"AND (kind <> 'payment.query' OR next_at <= {now})")
    if waiting:
        return f"outbox: {waiting[:5]}"
    calls = [t for trades in bank_books(demo)[0].values() for t, e in trades.items() if e["calls_left"]]
    if calls:
        return f"the bank has not told of {calls}"
    refunds = query(demo, "hall", "SELECT trade_no, refund_state FROM payment_money WHERE refund_state IN ('asked', 'sent')")
    if refunds:
        return f"refunds: {refunds}"
    last = query(demo, "ca", "SELECT COALESCE(MAX(seq), 0) FROM ca_status")
    seq, _ = responder_snapshot(demo)
    return "" if int(last[0][0]) == seq else f"the responder is at {seq}, the ca at {last[0][0]}"


def at_rest(demo):
    until = time.monotonic() + REST_SECONDS
    while True:
        try:
            why = restless(demo)
        except (OSError, ValueError, sqlite3.Error, subprocess.CalledProcessError) as error:
            why = str(error)
        if not why:
            break
        holds(time.monotonic() < until, f"not within {REST_SECONDS} s: {why}")
        time.sleep(0.3)
    dead = query(demo, "hall", "SELECT kind, idem, last_error FROM outbox_row WHERE state = 'dead'")
    same(dead, [], "what the outbox gave up")


def told(demo):
    got = mails_by_id(demo)
    return f"{sum(got.values())} mails, {sum(n - 1 for n in got.values())} of them a second time"
