"""The operations of docs/openapi.yaml, for tests that walk them all: what is added there is walked as well."""
import json
import os
import re

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
METHODS = ("get", "post", "put", "delete")


class Route:
    def __init__(self, method, path, operation):
        self.method, self.path = method.upper(), path
        self.name, self.permission = operation["operationId"], operation["x-permission"]
        self.side = path.split("/")[1]
        self.local = path[len(self.side) + 1:]  # behind /api/v1/<side>, as client.Browser takes it
        self.params = re.findall(r"\{(\w+)\}", path)
        content = operation.get("requestBody", {}).get("content", {})
        self.body_type = next(iter(content), None)
        self.is_stream = "text/event-stream" in operation["responses"].get("200", {}).get("content", {})

    def at(self, **values):
        """The local address with its parameters filled in."""
        return re.sub(r"\{(\w+)\}", lambda m: str(values[m.group(1)]), self.local)

    def __repr__(self):
        return f"{self.method} {self.path}"


def all_routes(side=None):
    with open(os.path.join(ROOT, "docs/openapi.yaml"), encoding="utf-8") as f:
        paths = yaml.load(f, getattr(yaml, "CSafeLoader", yaml.SafeLoader))["paths"]
    found = [Route(method, path, one[method]) for path, one in paths.items() for method in METHODS if method in one]
    return [r for r in found if side in (None, r.side)]


REASON = {"reason": "攻击测试"}
NOTICE = {"project": "aml-reporting", "kind": "general", "title_zh": "攻击", "title_en": "attack", "body_zh": "攻击", "body_en": "attack",
          "from": "2026-01-01T00:00:00+08:00", "until": "2026-01-02T00:00:00+08:00"}
# A body for every change that takes one, right in its shape, so that only the right to make the change stands between.
BODIES = {
    "portal_session_create": {"project": "aml-reporting", "code": "0" * 16, "reporting_code": "F3505030000117"},
    "portal_order_create": {"project": "aml-reporting", "type": "new"},
    "portal_order_section_save": {"rev": 1, "final": False, "values": {}},
    "portal_order_submit": {"revision": 1, "agreement_version": "2026-01", "consent": True},
    "portal_payment_start": {"method": "netbank"},
    "portal_sms_send": {"purpose": "activate", "serial": "FX2600071182"},
    "portal_sms_verify": {"code": "000000"},
    "portal_job_create": {"kind": "login", "project": "aml-reporting"},
    "portal_job_finish_code": {"code": "000000"},
    "portal_job_finish": {"token": "x" * 43},
    "portal_message_read": {"id": "1000000000000000001"},
    "console_session_create": {"login": "nobody", "password": "no-such-password"},
    "console_demo_sign_in": {"person": "1000000000000000001"},
    "console_work_claim_next": {"queue": "produce"},
    "console_order_reveal": {"field": "handler.mobile", **REASON},
    "console_name_change_decline": REASON,
    "console_stock_take_in": {"project": "aml-reporting", "model": "soft", "batch": "2026-11", "serials": ["no serial"]},
    "console_quality_check": {"passed": False, **REASON},
    "console_ukey_scrap": {"serial": "FX2600071182", **REASON},
    "console_job_create": {"kind": "produce", "order": "1000000000000000001", "serial": "FX2600071182"},
    "console_job_finish": {"token": "x" * 43},
    "console_shipment_send": {"courier": "sf", "number": "SF1427553081926", "scanned_serial": "FX2600071182"},
    "console_shipment_deliver": {"signed_at": "2026-01-01T00:00:00+08:00", "signed_by": "x"},
    "console_invoice_batch_issue": {"month": "1999-01", "count": 1, "total_fen": 1},
    "console_payment_match": REASON,
    "console_payment_refund_again": REASON,
    "console_payment_refund": REASON,
    "console_certificate_hold": REASON,
    "console_certificate_release": REASON,
    "console_certificate_revoke": {"reason_code": "key_compromise", **REASON},
    "console_approval_decide": {"approve": True},
    "console_notice_create": NOTICE,
    "console_notice_save": NOTICE,
}


def body_of(route):
    """(bytes or None, content type or None) of a change; KeyError for one that nobody gave a body yet."""
    if route.method == "GET":
        return None, None
    if route.body_type and route.body_type.startswith("multipart/"):
        parts = "".join(f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n' for name, more, value in (
            ("project", "", "aml-reporting"), ("file", '; filename="l.csv"', "x"), ("signature", '; filename="l.p7s"', "x")))
        return (parts + "--b--\r\n").encode(), "multipart/form-data; boundary=b"
    if route.body_type or route.method != "DELETE":
        body = BODIES[route.name] if route.body_type else {}
        return json.dumps(body).encode(), "application/json"
    return None, None
