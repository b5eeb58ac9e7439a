"""People who do not give up: each takes one order from signing in to its end while processes are killed under them.

Nobody presses twice what was acknowledged: from then on it must come by itself. What was not acknowledged (a lost answer, a
page that does not load, an agent that died) they look up, and press again where it was not done.
"""
import contextlib
import http.client
import json
import os
import re
import subprocess
import time

import client
import story
from tapper import holds

PATIENCE = 180
FEE_FEN = 30000
#  what a person meets who does again what was done already, or too soon
PASSING = ("order.frozen", "order.exists", "order.running", "job.over", "job.sms", "job.finish", "shipping.number",
           "certificate.state")
#  what an agent's job says when doing it again cannot help
HOPELESS = ("request.bad", "request.too_large", "job.many_keys")
AWAY = (OSError, http.client.HTTPException)


class GivenUp(AssertionError):
    pass


class Agent(client.Agent):
    """Its settings stand in one folder with those of all others, beside the folder of the places where it can be ended."""

    def __init__(self, system, name):
        super().__init__(system, os.path.join("agents", name))
        common = os.path.join(system.folder, "agents", name + ".conf")
        os.rename(self.config, common)
        self.config = common
        self.process = None

    def start(self, link, verb="open", output=None):
        self.process = subprocess.Popen([self.program, "--config", self.config, verb, link], stdin=subprocess.DEVNULL,
                                        stdout=output or subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        env=self.environment())
        return self.process


class Person(story.Story):
    def __init__(self, system, n, person, code, lives, chance):
        self.system, self.person, self.code = system, person, code
        self.n, self.lives, self.chance = n, lives, chance
        self.order = self.serial = self.certificate = self.trade_no = self.issued = None
        self.acknowledged, self.pressed_again, self.stopped = [], 0, ""
        self.since = 0  # when he began what he waits for
        self.staff = self.patiently(lambda: client.Browser(system.url, "console"))
        self.applicant = self.patiently(lambda: client.Browser(system.url, "portal"))
        self.agent = Agent(system, f"agent-{n}")

    # ---- patience

    @staticmethod
    def passing(error):
        return error.status >= 500 or error.status in (409, 429) or error.code in PASSING

    def signed_out(self, error):
        """A session is a row of the database: one that was given is never lost, but the answer that gave it may be."""
        if error.code == "session.csrf":
            for browser in (self.staff, self.applicant):
                with contextlib.suppress(client.Refused, *AWAY):
                    browser.refresh()
            return True
        if error.status != 401 and error.code not in ("otp.gone", "otp.wrong"):
            return False
        if self.code and self.order:
            with contextlib.suppress(client.Refused, *AWAY):
                self.sign_in()
        return True

    def patiently(self, do, what="", until=None):
        """Reading, or what may be repeated."""
        until = until or time.monotonic() + PATIENCE
        while True:
            try:
                return do()
            except client.Refused as error:
                if not self.passing(error) and not self.signed_out(error):
                    raise
                last = error
            except AWAY as error:
                last = error
            if os.environ.get("CROWD_TELL"):  # for who looks on
                print(f"# {time.strftime('%X')} {self.n} {what}: {last}"[:300], flush=True)
            if time.monotonic() > until:
                raise GivenUp(f"order {self.order}: {what} not within {PATIENCE} s: {last}") from last
            time.sleep(0.2)

    def waited(self):
        return time.monotonic() - self.since if self.since else 0

    def comes(self, what, seen, seconds=PATIENCE):
        """What was acknowledged comes by itself."""
        until = time.monotonic() + seconds
        while not self.patiently(seen, what, until):
            if time.monotonic() > until:
                raise AssertionError(f"order {self.order}: {what} was acknowledged and has not come within {seconds} s")
            time.sleep(0.2)

    def press(self, what, do, seen):
        """Once, unless its answer is lost and it is seen that nothing was done."""
        until, tries, self.since = time.monotonic() + PATIENCE, 0, time.monotonic()
        while True:
            try:
                if tries and seen():
                    break
                tries += 1
                self.pressed_again += tries > 1
                do()
                self.acknowledged.append(what)
                self.since = 0
                break
            except client.Refused as error:
                if not self.passing(error) and not self.signed_out(error):
                    raise
                last = error
            except client.AgentFailed as error:
                if error.code in HOPELESS:
                    raise
                if error.code == "kmc.limit":  # three agents ended over one UKey: tomorrow again
                    self.stopped, self.since = what, 0
                    return
                last = error
            except AWAY as error:
                last = error
            if os.environ.get("CROWD_TELL"):  # for who looks on
                print(f"# {time.strftime('%X')} {self.n} {what}: {last}"[:300], flush=True)
            if time.monotonic() > until:
                raise GivenUp(f"order {self.order}: {what} not within {PATIENCE} s: {last}") from last
            time.sleep(0.2)
        self.since = 0
        self.comes(what, seen)

    def region(self, name):
        return self.states()[name]

    # ---- the applicant

    def find_order(self):
        for item in self.applicant.get("/orders")["items"]:
            self.order = item["order"]
        return self.order

    def enter(self):
        self.patiently(self.sign_in, "signing in")
        self.press("begin", self.begin, self.find_order)
        self.patiently(self.fill, "filling in")
        self.press("submit", self.submit, lambda: self.region("application") in ("AWAIT_PAY", "APPROVED", "DONE"))

    def tell_bank(self, **how):
        """How it calls the merchant next; whoever pays next gets it."""
        with contextlib.suppress(*AWAY):
            client.exchange(self.system.bank_url, "POST", "/control", json.dumps({"next": how}),
                            {"Content-Type": "application/json"})

    def pay_once(self):
        payment = self.applicant.get(self.payment_path())
        if payment["state"] == "PAID":
            return
        started = self.applicant.post(self.payment_path(), {"method": payment["methods"][0]["id"]})
        if started.get("redirect_url"):
            self.at_bank(started["redirect_url"])

    def pay(self):
        if "twice" in self.lives:
            self.tell_bank(notify="twice")
        elif "late" in self.lives:
            self.tell_bank(notify="late:2500")
        self.press("pay", self.pay_once, lambda: self.applicant.get(self.payment_path())["state"] == "PAID")
        if "again" in self.lives:
            self.pay_again()

    def pay_again(self):
        """A second payment of the same order: the bank knows of it or not, as its answer may be lost; all of it goes back."""
        merchants = os.path.join(self.system.data, "sim/merchants.json")
        with open(merchants, encoding="utf-8") as f:
            form = f"merchant={json.load(f)[0]['id']}&order={self.order}"

        def do():
            answer = client.exchange(self.system.bank_url, "POST", "/control/again", form,
                                     {"Content-Type": "application/x-www-form-urlencoded"})
            holds(answer.status == 303, f"the bank's control answers {answer.status}: {answer.data[:200]}")
        self.press("pay again", do, lambda: True)

    # ---- staff

    def as_staff(self, role, do, nth=0):
        def work():
            self.staff.stand_in(role, nth)
            return do()
        return work

    def production(self):
        return self.staff.get(f"/production/{self.order}")

    def made(self):
        self.staff.stand_in("maker")
        production = self.production()
        key = production.get("key") or {}
        if key.get("serial"):
            self.serial = key["serial"]
        if production["status"]["states"]["fulfilment"] not in ("MADE", "QC", "PACKED", "SHIPPED", "DELIVERED"):
            return False
        self.certificate = key["certificate"]["serial"]
        return True

    def make(self):
        self.staff.stand_in("maker")
        made = self.agent.job(self.staff, {"kind": "produce", "order": self.order, "serial": self.serial},
                              f"pin {self.maker_pin()}")
        holds(made["job"]["state"] == "done", f"the job is {made['job']['state']}")

    def fulfilment(self, *states):
        return self.region("fulfilment") in states

    def produce(self):
        self.press("produce", self.make, self.made)
        self.patiently(self.as_staff("maker", self.label), "the label")
        self.press("quality", self.quality, lambda: self.fulfilment("PACKED", "SHIPPED", "DELIVERED"))
        self.press("ship", self.ship, lambda: self.fulfilment("SHIPPED", "DELIVERED"))
        path = os.path.join(self.system.data, f"demo/ukeys/user/{self.serial}.ukey")
        self.comes("the parcel", lambda: os.path.exists(path))

    # ---- the UKey at its user's

    def sms_verified(self, state):
        """A code that came is not asked for again: there is one a minute."""
        if "sms" not in state:
            state["before"] = len(self.texts("sms", self.person["mobile"], "验证码"))
            state["sms"] = self.applicant.post("/sms", {"purpose": "activate", "serial": self.serial})["id"]
        if "verified" not in state:
            text = self.wait_text("sms", self.person["mobile"], "验证码", state["before"], 40)
            self.applicant.post(f"/sms/{state['sms']}/verify", {"code": re.search(r"(?<!\d)\d{6}(?!\d)", text).group(0)})
            state["verified"] = True
        return state["sms"]

    def first_pin(self, pin=story.PIN):
        state, job = {}, {}

        def begin():
            try:
                job.update(self.applicant.post("/jobs", {"kind": "activate", "project": story.PROJECT, "serial": self.serial,
                                                         "sms_id": self.sms_verified(state)}))
            except client.Refused as error:
                if error.code in ("job.sms", "otp.gone", "otp.wrong"):  # used up by a job whose answer was lost
                    state.clear()
                raise

        def go_on():
            if not job:
                begin()
            elif self.applicant.get("/jobs/" + job["id"])["state"] == "done":
                return
            else:
                try:
                    job.update(self.applicant.post(f"/jobs/{job['id']}/ticket"))
                except client.Refused as error:
                    if error.code == "job.over":
                        job.clear()
                        state.clear()
                    raise
            done = self.agent.carry(self.applicant, job, *[f"pin {pin}"] * 3)
            holds(done["job"]["state"] == "done", f"the job is {done['job']['state']}")
        self.press("activate", go_on, lambda: bool(job) and self.applicant.get("/jobs/" + job["id"])["state"] == "done")

    # ---- the certificate

    def certificate_state(self):
        self.staff.stand_in("support")
        return self.staff.get(f"/certificates/{self.certificate}")["state"]

    def hold(self):
        self.press("hold", self.as_staff("support", lambda: self.staff.post(
            f"/certificates/{self.certificate}/hold", {"reason": "UKey 找不到了，先停用"})),
                   lambda: self.certificate_state() == "ON_HOLD")

    def release(self):
        self.press("release", self.as_staff("support", lambda: self.staff.post(
            f"/certificates/{self.certificate}/release", {"reason": "UKey 又找到了"})),
                   lambda: self.certificate_state() == "ACTIVE")

    def revoke(self):
        asked = {}

        def ask():
            self.staff.stand_in("support")
            asked.update(self.staff.post(f"/certificates/{self.certificate}/revoke", {
                "reason_code": "key_compromise", "reason": "UKey 丢失"}))
        self.press("revocation asked", ask, lambda: bool(asked) or self.waiting_approval(asked))

        def approve():
            self.staff.stand_in("support", 1)
            self.staff.post(f"/approvals/{asked['id']}", {"approve": True})
        self.press("revocation approved", approve, lambda: self.certificate_state() == "REVOKED")

    def waiting_approval(self, asked):
        self.staff.stand_in("support")
        certificate = self.staff.get(f"/certificates/{self.certificate}")
        found = certificate.get("approval") or {}
        asked.update(found)
        return bool(asked.get("id"))

    # ---- the whole

    def live(self):
        for step in (self.enter, self.pay, self.produce):
            step()
        if "activate" in self.lives:
            self.first_pin()
        for step in ("hold", "release", "revoke"):
            if step in self.lives:
                getattr(self, step)()
