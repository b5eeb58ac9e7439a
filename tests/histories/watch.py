"""The invariants of requirements.md §11 as they are seen from outside a running system: over the portal, the console, the
responder and `certhall audit verify`."""
import json
import os
import subprocess
import time
import urllib.request

import client
from tapper import holds, same

OCSP_SECONDS, CRL_SECONDS = 60, 600  # invariant 7
FEE_FEN = 30000
DESKS = {"maker": "maker", "shipping": "shipping", "finance": "finance", "support": "support"}
INCOME = ("revenue", "vat")


def merchant(s):
    with open(os.path.join(s.data, "sim/merchants.json"), encoding="utf-8") as f:
        known = json.load(f)
    known = known.get("merchants", known) if isinstance(known, dict) else known
    if isinstance(known, list):
        return known[0].get("merchant") or known[0]["id"]
    return next(iter(known))


class Watch:
    def __init__(self, s):
        self.system = s
        self.console = client.Browser(s.url, "console")
        self.issuer = os.path.join(s.folder, "issuing.pem")
        der = os.path.join(s.folder, "issuing.der")
        with urllib.request.urlopen(f"{s.status_url}/ca/issuing-p256.cer", timeout=10) as answer, open(der, "wb") as f:
            f.write(answer.read())
        subprocess.run(["openssl", "x509", "-inform", "DER", "-in", der, "-out", self.issuer], check=True)

    # ---- the responder

    def ocsp(self, serial):
        done = subprocess.run(["openssl", "ocsp", "-issuer", self.issuer, "-serial", "0x" + serial, "-url",
                               f"{self.system.status_url}/ocsp", "-no_nonce", "-noverify", "-validity_period", "99999999"], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False)
        words = [line.split(": ")[1] for line in done.stdout.splitlines() if line.startswith("0x")]
        holds(words, f"no OCSP answer: {done.stdout}{done.stderr}")
        return words[0].strip()

    def seen_by_ocsp(self, serial, status):
        until = time.monotonic() + OCSP_SECONDS
        while (said := self.ocsp(serial)) != status:
            holds(time.monotonic() < until, f"invariant 7: OCSP says {said}, not {status}, of {serial} after {OCSP_SECONDS} s")
            time.sleep(0.2)

    def listed(self):
        path = os.path.join(self.system.folder, "issuing.crl")
        with urllib.request.urlopen(f"{self.system.status_url}/crl/issuing-p256.crl", timeout=10) as answer, open(path, "wb") as f:
            f.write(answer.read())
        done = subprocess.run(["openssl", "crl", "-inform", "DER", "-in", path, "-noout", "-text"], capture_output=True,
                              text=True, check=True)
        return {line.split(":")[1].strip().lower() for line in done.stdout.splitlines() if "Serial Number:" in line}

    # ---- after one history

    def after(self, life):
        if not life.order:
            return
        self.console.stand_in("support")
        record = self.console.get(f"/orders/{life.order}")
        status = record["status"]
        states = status["states"]
        self.page(life, status)
        self.certificates(life, states)
        if not status.get("final"):
            self.somebodys(life.order, status)
        holds(states["payment"] != "PAID" or states["application"] in ("IN_PRODUCTION", "COMPLETED"),
              f"invariant 2: PAID, but {states}")
        made = states["fulfilment"] not in ("NONE", "VOID")
        holds(not made or states["payment"] == "PAID", f"invariant 2: made without payment: {states}")

    def page(self, life, status):
        """10: what he sees is what the desks see, and both follow from the states."""
        holds(status["text"] and status["owner"]["text"] is not None, f"invariant 10: {status}")
        try:
            mine = life.applicant.get(f"/orders/{life.order}")["status"]
        except client.Refused as error:
            same(error.status, 401, "the page of an order")
            return
        same(mine["states"], status["states"], "invariant 10: the states that the applicant sees")
        same((mine.get("due") or {}).get("at"), (status.get("due") or {}).get("at"), "invariant 10: the due date he sees")

    def certificates(self, life, states):
        """1: one valid at most, and none for an order that stopped."""
        items = self.console.get(f"/certificates?q={life.order}")["items"]
        valid = [c["serial"] for c in items if self.ocsp(c["serial"]) == "good"]
        holds(len(valid) <= 1, f"invariant 1: {len(valid)} valid certificates")
        holds(not valid or states["application"] in ("IN_PRODUCTION", "COMPLETED"), f"invariant 1: valid, but {states}")

    def somebodys(self, order, status):
        """4: he has it, a clock measures it, or it stands on a desk's list."""
        kind = status["owner"]["kind"]
        holds(status["owner"]["text"], f"invariant 4: nobody has {status}")  # for the desks an applicant is of no kind
        if kind in DESKS:
            self.console.stand_in(DESKS[kind])
            items = self.console.get(f"/work?q={order}&limit=50")["items"]
            holds(any(i.get("order") == order for i in items), f"invariant 4: {order} is not on the list of {kind}: {status}")
            self.console.stand_in("support")

    # ---- when all have lived

    def at_the_end(self, tap, lives):
        orders = {life.order for life in lives if life.order}
        with tap.case("INV-2 the ledger balances, and at no time was more invoiced than paid and kept"):
            self.money(orders)
        with tap.case("INV-1 no user has two valid certificates"):
            self.users()
        with tap.case("INV-7 the list names what OCSP calls revoked"):
            self.revoked()
        with tap.case("G-41 the audit chains are intact, here and by the command"):
            self.console.stand_in("auditor")
            verdict = self.console.post("/audit/verify")
            holds(verdict["intact"], f"the audit says: {verdict.get('text')}")
            self.system.command([self.system.program("certhall"), "audit", "verify", "--data", self.system.data, "--run",
                                 self.system.run])

    def pages(self, path):
        """All items of a list."""
        key, after = ("entries" if "ledger" in path else "items"), ""
        while True:
            body = self.console.get(f"{path}{'&' if '?' in path else '?'}limit=200{after}")
            yield from body[key]
            if not body.get("next"):
                return
            after = f"&after={body['next']}"

    def money(self, orders):
        self.console.stand_in("finance")
        ledger = self.console.get("/finance/ledger")
        holds(ledger["balanced"] and ledger["debit_fen"] == ledger["credit_fen"], f"not balanced: {ledger}")
        code = {a["title"]: a["account"] for a in ledger["accounts"]} | {a["account"]: a["account"] for a in ledger["accounts"]}
        kept, invoiced = dict.fromkeys(orders, 0), dict.fromkeys(orders, 0)
        for entry in sorted(self.pages("/finance/ledger"), key=lambda e: int(e["id"])):
            order, fen, debit, credit = entry.get("order"), entry["amount_fen"], code[entry["debit"]], code[entry["credit"]]
            if order not in kept:
                continue
            kept[order] += fen * ((debit == "bank") - (credit == "bank"))
            invoiced[order] += fen * ((credit in INCOME) - (debit in INCOME))
            holds(invoiced[order] <= kept[order], f"invariant 2: at {entry} {invoiced[order]} invoiced, {kept[order]} kept")
        self.console.stand_in("support")
        for order in orders:
            states = self.console.get(f"/orders/{order}")["status"]["states"]
            if states["payment"] == "PAID":
                holds(kept[order] >= FEE_FEN, f"invariant 2: PAID, {kept[order]} kept")
                holds(states["invoice"] != "DELIVERED" or invoiced[order] == FEE_FEN, f"invariant 2: {invoiced[order]} invoiced")
            elif states["payment"] in ("REFUNDED", "VOID", "UNPAID", "NONE"):
                same((kept[order], invoiced[order]), (0, 0), f"invariant 2: {states}, kept and invoiced")

    def users(self):
        self.console.stand_in("support")
        valid = [c for c in self.pages("/certificates?state=active") if c.get("order")]
        orders = [c["order"] for c in valid]
        same(len(orders), len(set(orders)), "orders with a valid certificate")

    def revoked(self):
        self.console.stand_in("support")
        gone = [c["serial"].lower() for c in self.pages("/certificates?state=revoked")]
        for serial in gone:
            same(self.ocsp(serial), "revoked", f"OCSP of {serial}")
        until = time.monotonic() + CRL_SECONDS
        while not set(gone) <= self.listed():
            holds(time.monotonic() < until, f"invariant 7: the list lacks {set(gone) - self.listed()}")
            time.sleep(1)
