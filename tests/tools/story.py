"""The story of one order of aml-reporting, business new, as steps over HTTP and the real agent (requirements S0).

Each step may be taken alone, so that other tests stop in its middle. Where a step can be repeated after a crash
without doing anything twice, it is.
"""
import html
import os
import re
import subprocess
import time
import urllib.parse

import client
from tapper import holds, same

PROJECT = "aml-reporting"
PIN = "Haisi2026"
CODE_LETTERS = "0-9A-HJKMNP-TV-Z"
COURIER_NUMBER = "SF1427553081926"

PEOPLE = (  # the demo regulator's list
    {"name": "沈若琳", "mobile": "13805952716", "reporting": "F3505030000117", "uscc": "91350503MA2Y7K4H06",
     "mail": "shen.ruolin@haisi.example", "institution": "泉州海丝供应链管理有限公司"},
    {"name": "陈思远", "mobile": "13600960718", "reporting": "F3502030000224", "uscc": "",
     "mail": "chen.siyuan@ludao.example", "institution": "厦门鹭岛融资担保有限公司"},
    {"name": "林国辉", "mobile": "13959112046", "reporting": "F3501020000331", "uscc": "",
     "mail": "lin.guohui@rongtou.example", "institution": "福州榕投基础设施建设有限公司"},
)
TYPED = {"mobile": "138 0595 2716", "phone": "0595-22556677", "postcode": "362000",
         "bank_account": "35001652000052500001", "longtext": "福建省泉州市丰泽区津淮街18号海丝大厦6楼",
         "region": "福建省泉州市丰泽区"}


def read(path):
    with open(path, "rb") as f:
        return f.read()


class Story:
    """One order of one person of the list."""

    def __init__(self, system, person=0):
        self.system, self.person = system, PEOPLE[person]
        self.staff = client.Browser(system.url, "console")
        self.applicant = client.Browser(system.url, "portal")
        self.agent = client.Agent(system)
        self.code = self.order = self.serial = self.certificate = self.trade_no = self.issued = None

    def new_browsers(self):
        """As after a restart of the hall with all pages closed; sessions are in the cookies and stay."""
        for side in ("staff", "applicant"):
            old = getattr(self, side)
            fresh = client.Browser.__new__(client.Browser)
            fresh.__dict__.update(old.__dict__)
            setattr(self, side, fresh)

    # ---- regulator

    def regulator_file(self, name):
        return read(os.path.join(self.system.data, "demo/regulator", name))

    def import_list(self):
        self.staff.stand_in("regulator")
        batch = self.staff.upload("/imports", {"project": PROJECT}, [
            ("file", "list.csv", self.regulator_file("list.csv")),
            ("signature", "list.csv.p7s", self.regulator_file("list.csv.p7s"))])
        return self.staff.wait(f"/imports/{batch['id']}", lambda b: b.get("ca_state") == "entered")

    def texts(self, channel, to, needle=""):
        """The demo's outbox, newest first."""
        items = self.staff.get(f"/demo/outbox?channel={channel}&limit=200")["items"]
        return [i for i in items if i["to"] == to and needle in i["text"]]

    def wait_text(self, channel, to, needle, than=0, seconds=20):
        """The newest text to `to` with `needle`, once there are more than `than` of them."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = self.texts(channel, to, needle)
            if len(found) > than:
                return found[0]["text"]
            time.sleep(0.1)
        raise AssertionError(f"no {channel} to {to} with “{needle}” in the outbox")

    def read_code(self):
        text = self.wait_text("sms", self.person["mobile"], "授权码")
        grouped = re.findall(rf"(?<![{CODE_LETTERS}])(?:[{CODE_LETTERS}]{{4}}[ -]?){{4}}(?![{CODE_LETTERS}])", text)
        holds(grouped, f"no code of 16 characters in “{text}”")
        self.code = re.sub("[ -]", "", grouped[0])
        return self.code

    # ---- applicant

    def sign_in(self, browser=None):
        browser = browser or self.applicant
        session = browser.post("/session", {"project": PROJECT, "code": self.code,
                                            "reporting_code": self.person["reporting"]})
        browser.csrf = session["csrf"]
        return session

    def second_workday(self):
        self.system.clock("+2wd")
        return self.sign_in()

    def begin(self):
        order = self.applicant.post("/orders", {"project": PROJECT, "type": "new"})
        self.order = order["order"]
        holds(re.fullmatch("[0-9]{19}", self.order), f"the order number {self.order} has not 19 digits")
        return order

    def form(self):
        return self.applicant.get(f"/orders/{self.order}/form")

    def section(self, name):
        return next(s for s in self.form()["sections"] if s["id"] == name)

    @staticmethod
    def fields(section):
        return [field for question in section["questions"] for field in question["fields"]]

    def typed_for(self, field):
        if field.get("value"):
            return field["value"]
        if field["kind"] == "choice":
            return field["options"][0]["value"]
        if field["kind"] == "email":
            return self.person["mail"]
        if field["kind"] == "uscc":
            return self.person["uscc"]
        if field["kind"] in TYPED:
            return TYPED[field["kind"]]
        return TYPED["longtext"] if "address" in field["name"] else self.person["name"]

    def save(self, section, values, rev=None, final=False, browser=None):
        body = {"rev": section["rev"] if rev is None else rev, "final": final, "values": values}
        return (browser or self.applicant).put(f"/orders/{self.order}/form/{section['id']}", body)

    def fill_section(self, section):
        values = {f["name"]: self.typed_for(f) for f in self.fields(section)
                  if f["kind"] != "fixed" and f.get("editable", True)}
        return self.save(section, values, final=True)

    def fill(self):
        for section in self.form()["sections"]:
            self.fill_section(section)

    def check(self):
        return self.applicant.get(f"/orders/{self.order}/check")

    def submit(self):
        check = self.check()
        holds(check["ready"], f"not ready to submit: {check.get('missing')}")
        order = self.applicant.post(f"/orders/{self.order}/submit", {
            "revision": check["revision"], "agreement_version": check["agreement"]["version"], "consent": True})
        same(self.state(order, "application"), "AWAIT_PAY", "the application")
        return order

    # ---- bank

    def payment_path(self):
        return f"/orders/{self.order}/payment"

    def pay_start(self):
        payment = self.applicant.get(self.payment_path())
        return self.applicant.post(self.payment_path(), {"method": payment["methods"][0]["id"]})

    def at_bank(self, url, decision="approve"):
        """What the payer does on the bank's page: the address that leads back."""
        page = client.exchange(url, "GET", urllib.parse.urlsplit(url)._replace(scheme="", netloc="").geturl())
        ticket = re.search(r'name="ticket" value="([^"]*)"', page.data.decode())
        if not ticket and page.status == 200:
            return None  # paid already
        holds(ticket, f"the bank's page answers {page.status}: {page.data.decode()[:300]}")
        form = urllib.parse.urlencode({"ticket": html.unescape(ticket.group(1)), "decision": decision})
        decided = client.exchange(url, "POST", "/decide", form,
                                  {"Content-Type": "application/x-www-form-urlencoded"})
        same(decided.status, 303, "the bank's answer")
        return decided.headers["Location"]

    def wait_paid(self, seconds=40):
        payment = self.applicant.wait(self.payment_path(), lambda p: p["state"] == "PAID", seconds)
        self.trade_no = payment.get("trade_no")
        return payment

    def pay(self):
        started = self.pay_start()
        self.at_bank(started["redirect_url"])
        return self.wait_paid()

    # ---- maker, shipping

    def pick_blank(self):
        names = sorted(n for n in os.listdir(os.path.join(self.system.data, "demo/ukeys/bench")) if n.endswith(".ukey"))
        holds(names, "no blank UKey on the bench")
        self.serial = names[0].removesuffix(".ukey")
        return self.serial

    def maker_pin(self):
        return next(p["ukey_pin"] for p in self.system.passwords().values() if p.get("ukey_pin"))

    def produce(self):
        self.staff.stand_in("maker")
        if not self.serial:
            self.pick_blank()
        done = self.agent.job(self.staff, {"kind": "produce", "order": self.order, "serial": self.serial},
                              f"pin {self.maker_pin()}")
        same(done["job"]["state"], "done", "the job")
        return self.read_certificate_serial()

    def read_certificate_serial(self):
        made = self.staff.get(f"/production/{self.order}")
        self.certificate = made["key"]["certificate"]["serial"]
        return made

    def label(self):
        label = self.staff.download(f"/production/{self.order}/label")
        holds(label.startswith(b"%PDF-"), "the label is no PDF")
        return label

    def quality(self):
        self.staff.stand_in("shipping")
        seen = self.agent.job(self.staff, {"kind": "identify", "order": self.order, "serial": self.serial})
        packed = self.staff.post(f"/production/{self.order}/quality", {
            "passed": True, "scanned_serial": self.serial, "job": seen["job"]["id"]})
        same(self.state(packed, "fulfilment"), "PACKED", "fulfilment")
        return packed

    def ship(self):
        self.staff.stand_in("shipping")
        shipment = self.staff.get(f"/shipments/{self.order}")
        number = "SF" + self.order[-13:]  # a courier gives a number once
        self.staff.post(f"/shipments/{self.order}", {"courier": shipment["couriers"][0]["id"],
                                                     "number": number, "scanned_serial": self.serial})
        return shipment

    def wait_shipped(self):
        return self.applicant.wait(f"/orders/{self.order}", lambda o: self.state(o, "fulfilment") == "SHIPPED")

    def parcel_arrives(self):
        path = os.path.join(self.system.data, f"demo/ukeys/user/{self.serial}.ukey")
        until = time.monotonic() + 20
        while not os.path.exists(path):
            holds(time.monotonic() < until, f"{path} did not arrive within 20 s")
            time.sleep(0.1)

    # ---- the UKey

    def sms_code(self):
        before = len(self.texts("sms", self.person["mobile"], "验证码"))
        sms = self.applicant.post("/sms", {"purpose": "activate", "serial": self.serial})
        text = self.wait_text("sms", self.person["mobile"], "验证码", before)
        digits = re.search(r"(?<!\d)\d{6}(?!\d)", text)
        holds(digits, f"no code of 6 digits in “{text}”")
        return sms["id"], digits.group(0)

    def authorise(self):
        sms, digits = self.sms_code()
        self.applicant.post(f"/sms/{sms}/verify", {"code": digits})
        return sms

    def first_pin(self, pin=PIN):
        done = self.agent.job(self.applicant, {"kind": "activate", "project": PROJECT, "serial": self.serial,
                                               "sms_id": self.authorise()}, f"pin {pin}", f"pin {pin}", f"pin {pin}")
        same(done["job"]["state"], "done", "the job")
        return done

    def sign_in_with_ukey(self, pin=PIN):
        self.applicant.delete("/session")
        self.applicant.refresh()
        done = self.agent.job(self.applicant, {"kind": "login", "project": PROJECT}, f"pin {pin}")
        same(done["job"]["state"], "done", "the job")
        session = self.applicant.refresh()
        same(session["by"], "ukey", "signed in by")
        return session

    # ---- finance, support, auditor

    def invoice_batch(self):
        self.staff.stand_in("finance")
        preview = self.staff.get("/finance/batches/preview")
        return self.staff.post("/finance/batches", {k: preview[k] for k in ("month", "count", "total_fen")})

    def wait_invoice(self, seconds=30):
        found = self.applicant.wait("/invoices", lambda l: any(
            i["order"] == self.order and i["state"] == "DELIVERED" for i in l["items"]), seconds)
        self.issued = next(i for i in found["items"] if i["order"] == self.order)
        return self.issued

    def ledger(self):
        self.staff.stand_in("finance")
        ledger = self.staff.get("/finance/ledger")
        holds(ledger["balanced"] and ledger["debit_fen"] == ledger["credit_fen"], f"the ledger is not balanced: {ledger}")
        return ledger

    def revoke(self):
        self.staff.stand_in("support")
        asked = self.staff.post(f"/certificates/{self.certificate}/revoke", {
            "reason_code": "key_compromise", "reason": "演示：UKey 丢失"})
        self.staff.stand_in("support", 1)
        return self.staff.post(f"/approvals/{asked['id']}", {"approve": True})

    def audit(self):
        self.staff.stand_in("auditor")
        verdict = self.staff.post("/audit/verify")
        holds(verdict["intact"], f"the audit says: {verdict.get('text')}")
        return verdict

    @staticmethod
    def state(body, region):
        return body["status"]["states"][region]

    def states(self):
        return self.applicant.get(f"/orders/{self.order}")["status"]["states"]


# ---- lists of the regulator, as many as a test needs

USCC_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def uscc(first17):
    """With its check character (GB 32100-2015 5.3)."""
    total = sum(USCC_LETTERS.index(c) * pow(3, i, 31) for i, c in enumerate(first17))
    return first17 + USCC_LETTERS[(31 - total % 31) % 31]


def someone(n):
    """The nth person of a made-up list."""
    return {"name": f"测试员{'甲乙丙丁戊己庚辛壬癸'[n % 10]}{n:03}", "mobile": f"1380000{n:04}",
            "reporting": f"F35{n:011}", "uscc": uscc(f"91350100MA{n:07}"), "mail": f"person{n}@list.example",
            "institution": f"第{n:03}号融资担保有限公司"}


HEAD = "action,institution_name,reporting_code,user_name,uscc,handler,mobile,email,code"


def list_row(person, action="add", code=""):
    p = person
    return ",".join([action, p["institution"], p["reporting"], p["name"], p["uscc"], p["name"], p["mobile"], p["mail"], code])


def list_file(*rows):
    return ("\r\n".join([HEAD, *rows]) + "\r\n").encode()


def signed(system, content):
    """The detached signature of the demo's regulator, made by OpenSSL."""
    folder = os.path.join(system.data, "demo/regulator")
    path = os.path.join(system.folder, "list-to-sign")
    with open(path, "wb") as f:
        f.write(content)
    return subprocess.run(["openssl", "cms", "-sign", "-binary", "-in", path, "-signer", f"{folder}/regulator.crt", "-inkey",
                           f"{folder}/regulator.key", "-outform", "DER", "-md", "sha256"], check=True,
                          capture_output=True).stdout


def import_file(browser, system, content, signature=None, name="list.csv", **fields):
    return browser.upload("/imports", {"project": PROJECT, **fields}, [
        ("file", name, content), ("signature", name + ".p7s", signed(system, content) if signature is None else signature)])
