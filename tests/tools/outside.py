"""What other people's programs say of a certificate that a running system made, of its issuers, list and OCSP answers.

`folder` holds what a tour left: `certificate.der`, `ocsp-good.der` and `ocsp-revoked.der`. Chain and list are fetched
from the addresses that the certificates name, as a relying party does; the list of now names the certificate.
"""
import base64
import os
import re
import subprocess
import urllib.parse
import urllib.request

from system import ROOT
from tapper import holds

DISTID = ["-vfyopt", "distid:1234567812345678"]
JARS = ":".join(f"/usr/share/java/{n}.jar" for n in ("bcprov", "bcpkix", "bcutil"))
CODES = {"P-256": "p256", "SM2": "sm2", "RSA-2048": "rsa2048"}


class Outside:
    def __init__(self, tap, folder):
        self.tap, self.folder = tap, folder

    def run(self, *words):
        return subprocess.run(words, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", check=False)

    def works(self, name, *words, says=""):
        done = self.run(*words)
        self.tap.result(done.returncode == 0 and says in done.stdout, name, done.stdout[-600:])

    def refuses(self, name, *words, says):
        done = self.run(*words)
        self.tap.result(done.returncode != 0 and says in done.stdout, name, done.stdout[-600:])

    def path(self, name):
        return os.path.join(self.folder, name)

    def fetch(self, url, kind, name):
        """To PEM by OpenSSL, which thereby reads it."""
        with urllib.request.urlopen(url, timeout=10) as answer, open(self.path(name + ".der"), "wb") as f:
            f.write(answer.read())
        self.pem(kind, name)

    def pem(self, kind, name):
        done = self.run("openssl", kind, "-inform", "DER", "-in", name + ".der", "-out", name + ".pem")
        holds(done.returncode == 0, f"openssl does not read {name}: {done.stdout}")

    def address(self, name, after):
        """The first URI behind a heading of what OpenSSL prints of a certificate."""
        text = self.run("openssl", "x509", "-in", name + ".pem", "-noout", "-text").stdout
        holds(after in text, f"{name} has no {after}:\n{text}")
        return text.split(after, 1)[1].split("URI:", 1)[1].split()[0]

    def gather(self):
        self.pem("x509", "certificate")
        text = self.run("openssl", "ocsp", "-respin", "ocsp-good.der", "-noverify", "-resp_text").stdout
        with open(self.path("responder.pem"), "w", encoding="ascii") as f:
            f.write(text[text.index("-----BEGIN CERTIFICATE"):text.rindex("-----END CERTIFICATE")])
            f.write("-----END CERTIFICATE-----\n")
        self.fetch(self.address("certificate", "CA Issuers"), "x509", "issuing")
        self.fetch(self.address("issuing", "CA Issuers"), "x509", "root")
        self.fetch(self.address("certificate", "CRL Distribution Points"), "crl", "issuing-crl")
        self.fetch(self.address("issuing", "CRL Distribution Points"), "crl", "root-crl")
        for name, parts in (("crls.pem", ("issuing-crl", "root-crl")), ("chain.pem", ("certificate", "issuing", "root"))):
            with open(self.path(name), "w", encoding="ascii") as out:
                for part in parts:
                    with open(self.path(part + ".pem"), encoding="ascii") as f:
                        out.write(f.read())


def openssl(o, alg):
    """RFC 5280 6.1 and RFC 6960; the program's own way of the SM2 id reaches only the first certificate of a chain."""
    distid = DISTID if alg == "SM2" else []
    for below, above in (("certificate", "issuing"), ("responder", "issuing"), ("issuing", "root")):
        o.works(f"openssl verifies {below} under {above} ({alg})", "openssl", "verify", "-x509_strict", "-partial_chain",
                "-trusted", above + ".pem", *distid, below + ".pem")
    if alg == "SM2":
        o.refuses("without the id 1234567812345678 openssl finds the SM2 signature wrong", "openssl", "verify",
                  "-partial_chain", "-trusted", "issuing.pem", "certificate.pem", says="signature")
        return
    verify = ["openssl", "verify", "-x509_strict", "-check_ss_sig", "-purpose", "sslclient", "-CAfile", "root.pem", "-untrusted",
              "issuing.pem"]
    o.works(f"openssl verifies the {alg} chain", *verify, "certificate.pem")
    o.refuses(f"by the list openssl refuses the revoked {alg} certificate", *verify, "-crl_check_all", "-CRLfile",
              "crls.pem", "certificate.pem", says="certificate revoked")
    for status in ("good", "revoked"):
        o.works(f"openssl takes the {alg} OCSP answer {status}", "openssl", "ocsp", "-respin", f"ocsp-{status}.der",
                "-no_nonce", "-sha256", "-issuer", "issuing.pem", "-cert", "certificate.pem", "-CAfile", "root.pem",
                "-verify_other", "issuing.pem", says=f"certificate.pem: {status}")


def gnutls(o, alg):
    o.works(f"GnuTLS verifies the {alg} chain", "certtool", "--verify", "--load-ca-certificate", "root.pem", "--infile",
            "chain.pem", says="Verified")
    o.refuses(f"by the list GnuTLS refuses the revoked {alg} certificate", "certtool", "--verify",
              "--load-ca-certificate", "root.pem", "--load-crl", "crls.pem", "--infile", "chain.pem", says="revoked")
    o.works(f"GnuTLS verifies the {alg} list", "certtool", "--verify-crl", "--load-ca-certificate", "issuing.pem",
            "--infile", "issuing-crl.pem", says="Verified")
    for status in ("good", "revoked"):
        o.works(f"GnuTLS takes the {alg} OCSP answer {status}", "ocsptool", "--verify-response", "--load-response",
                f"ocsp-{status}.der", "--load-signer", "responder.pem", says="Verifying OCSP Response: Success")
        o.works(f"GnuTLS reads {status} in the {alg} answer", "ocsptool", "--response-info", "--infile",
                f"ocsp-{status}.der", says=f"Certificate Status: {status}")


def bouncycastle(o, alg):
    done = o.run("java", "-XX:TieredStopAtLevel=1", "-cp", JARS, os.path.join(ROOT, "tests/interop/pki/Interop.java"),
                 "issued", o.folder)
    said = done.stdout.splitlines()
    for what in ("path", "revoked-path-refused", "crl", "ocsp-good", "ocsp-revoked"):
        o.tap.result(what in said, f"BouncyCastle on the {alg} certificate: {what}", done.stdout[-1500:])


def caches(o, s):
    """RFC 5019 5: how long a cache on the way may keep the answer to a GET; half of the day that it holds."""
    o.run("openssl", "ocsp", "-reqout", "ask.der", "-issuer", "issuing.pem", "-cert", "certificate.pem", "-no_nonce")
    with open(o.path("ask.der"), "rb") as f:
        ask = urllib.parse.quote(base64.b64encode(f.read()), safe="")
    with urllib.request.urlopen(f"{s.status_url}/ocsp/{ask}", timeout=10) as answer:
        said = re.fullmatch(r"max-age=(\d+), public, no-transform, must-revalidate", answer.headers["Cache-Control"])
    holds(said and 40000 < int(said.group(1)) <= 43200, f"it says {answer.headers['Cache-Control']}")


def look(tap, s, folder):
    o = Outside(tap, folder)
    with tap.case("the issuers and lists that the certificate names are there", must=True):
        o.gather()
    with tap.case(f"it is an {s.algorithm} certificate by a {s.algorithm} issuer"):
        holds(f"/ca/issuing-{CODES[s.algorithm]}.cer" in o.address("certificate", "CA Issuers"), "another issuer")
    with tap.case("an answer to a GET says for how long it may be kept"):
        caches(o, s)
    openssl(o, s.algorithm)
    if s.algorithm == "SM2":
        bouncycastle(o, s.algorithm)
    else:
        gnutls(o, s.algorithm)
