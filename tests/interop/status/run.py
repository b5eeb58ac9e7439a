#!/usr/bin/env python3
"""Other people's programs ask the responder and read its lists. Prints TAP.

    run.py STATUS_SERVER
"""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

SERVER = os.path.abspath(sys.argv[1])
count = failed = 0


def run(*words, stdin=""):
    done = subprocess.run([str(w) for w in words], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", cwd=TMP, timeout=60, check=False)
    return done.returncode, done.stdout


def case(name, ok, text=""):
    global count, failed
    count += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {count} - {name}", flush=True)
    if not ok:
        for line in text.splitlines()[-12:]:
            print("#", line)


def says(name, what, *words, status=0):
    code, text = run(*words)
    case(name, (status is None or code == status) and what in text, text)


def program(name):
    return shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin") or name


def ocsp(url):
    for digest in ("sha1", "sha256", "sm3"):
        for which in ("good", "revoked"):
            for nonce in ("-nonce", "-no_nonce"):
                says(f"openssl asks by {digest} {nonce} for the {which} one", f"{which}.pem: {which}", "openssl", "ocsp", "-issuer",
                     "issuing.pem", f"-{digest}", nonce, "-cert", f"{which}.pem", "-url", url, "-CAfile", "root.pem",
                     "-verify_other", "issuing.pem")
    code, text = run("openssl", "ocsp", "-issuer", "issuing.pem", "-cert", "good.pem", "-cert", "revoked.pem", "-serial", "0x4207",
                     "-url", url, "-CAfile", "root.pem", "-verify_other", "issuing.pem")
    case("openssl asks for three at once", code == 0 and "Response verify OK" in text and "good.pem: good" in text and
         "revoked.pem: revoked" in text and "0x4207: unknown" in text, text)
    says("openssl is told that another issuer's is none of ours", "unauthorized", "openssl", "ocsp", "-issuer", "root.pem", "-cert",
         "issuing.pem", "-url", url, "-CAfile", "root.pem", status=None)
    for which, answer in (("good", "good"), ("revoked", "revoked")):
        says(f"ocsptool asks for the {which} one", f"Certificate Status: {answer}", "ocsptool", f"--ask={url}", "--load-cert",
             f"{which}.pem", "--load-issuer", "issuing.pem", "--load-trust", "root.pem", status=None)


def lists(base):
    with open(os.path.join(TMP, "revoked.pem"), encoding="ascii"):
        point = re.search(r"URI:(\S+\.crl)", run("openssl", "x509", "-in", "revoked.pem", "-noout", "-ext", "crlDistributionPoints")[1])
    part = os.path.basename(point.group(1))[:-4]
    serial = run("openssl", "x509", "-in", "revoked.pem", "-noout", "-serial")[1].strip().split("=")[1]
    case("a certificate names a part of the list", re.fullmatch(r"issuing-p256\.[123]", part) is not None, part)
    for name in ("issuing-p256", part, "issuing-p256.delta", f"{part}.delta"):
        with urllib.request.urlopen(f"{base}/crl/{name}.crl", timeout=10) as answer, open(os.path.join(TMP, "list.der"), "wb") as f:
            f.write(answer.read())
        run("openssl", "crl", "-inform", "DER", "-in", "list.der", "-out", f"{name}.pem")
        says(f"openssl verifies {name}", "verify OK", "openssl", "crl", "-in", f"{name}.pem", "-CAfile", "issuing.pem", "-noout")
        says(f"certtool verifies {name}", "Verified", "certtool", "--verify-crl", "--load-ca-certificate", "issuing.pem", "--infile",
             f"{name}.pem")
        text = run("openssl", "crl", "-in", f"{name}.pem", "-noout", "-text")[1]
        want = ["X509v3 CRL Number"]
        want += ["Delta CRL Indicator: critical"] if name.endswith(".delta") else [f"{name}.delta.crl", serial]
        want += ["Issuing Distribution Point: critical", f"{part}.crl"] if part in name else []
        case(f"openssl reads what {name} is", all(w in text for w in want), text)
    with open(os.path.join(TMP, "crls.pem"), "w", encoding="ascii") as out, open(os.path.join(TMP, f"{part}.pem"), encoding="ascii") as f:
        out.write(f.read())
    verify = ["openssl", "verify", "-crl_check", "-extended_crl", "-CRLfile", "crls.pem", "-CAfile", "root.pem", "-untrusted",
              "issuing.pem"]
    says("openssl refuses the revoked one by its part", "certificate revoked", *verify, "revoked.pem", status=None)
    nss(part)


def nss(part):
    """NSS knows no delta; it takes the list of all."""
    os.mkdir(os.path.join(TMP, "nss"))
    run("certutil", "-N", "-d", "sql:nss", "--empty-password")
    for name, trust in (("root", "CT,C,C"), ("issuing", ",,")):
        run("certutil", "-A", "-d", "sql:nss", "-n", name, "-t", trust, "-i", f"{name}.pem")
    run("openssl", "crl", "-in", "issuing-p256.pem", "-outform", "DER", "-out", "all.der")
    says("crlutil takes the list of all", "", "crlutil", "-I", "-d", "sql:nss", "-i", "all.der")
    says("crlutil shows it", "CertHall P-256 Issuing CA", "crlutil", "-L", "-d", "sql:nss", "-n", "issuing", status=None)
    for which, what in (("good", "certificate is valid"), ("revoked", "revoked")):
        run("certutil", "-A", "-d", "sql:nss", "-n", which, "-t", ",,", "-i", f"{which}.pem")
        says(f"NSS finds the {which} one {what}", what, "certutil", "-V", "-d", "sql:nss", "-n", which, "-u", "V", status=None)
    case("its part is not the list of all", part != "issuing-p256")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def stapling(url):
    """nginx asks the responder, checks the answer, and hands it to clients."""
    port, plain = free_port(), free_port()
    with open(os.path.join(TMP, "chain.pem"), "w", encoding="ascii") as out:
        for name in ("good.pem", "issuing.pem"):
            with open(os.path.join(TMP, name), encoding="ascii") as f:
                out.write(f.read())
    with open(os.path.join(TMP, "trusted.pem"), "w", encoding="ascii") as out:
        for name in ("issuing.pem", "root.pem"):
            with open(os.path.join(TMP, name), encoding="ascii") as f:
                out.write(f.read())
    paths = "".join(f"{w}_temp_path {TMP}/t_{w}; " for w in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    with open(os.path.join(TMP, "nginx.conf"), "w", encoding="ascii") as f:
        f.write(f"daemon off; master_process off; pid {TMP}/pid; error_log {TMP}/nginx.log info;\nevents {{ }}\n"
                f"http {{ access_log off; {paths}\nserver {{ listen 127.0.0.1:{port} ssl; ssl_certificate {TMP}/chain.pem; "
                f"ssl_certificate_key {TMP}/good.key; ssl_trusted_certificate {TMP}/trusted.pem; ssl_stapling on; "
                f"ssl_stapling_verify on; ssl_stapling_responder {url}/; location / {{ return 200 ok; }} }}\n"
                f"server {{ listen 127.0.0.1:{plain} ssl; ssl_certificate {TMP}/chain.pem; ssl_certificate_key {TMP}/good.key; "
                "location / { return 200 ok; } } }\n")
    with subprocess.Popen([program("nginx"), "-p", TMP, "-c", f"{TMP}/nginx.conf"], stdin=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as nginx:
        try:
            text = ""
            for _ in range(50):  # the first client makes nginx ask
                text = run("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-status", "-CAfile", "root.pem", stdin="Q\n")[1]
                if "Cert Status: good" in text:
                    break
                time.sleep(0.2)
            with open(os.path.join(TMP, "nginx.log"), encoding="utf-8") as f:
                log = f.read()
            case("nginx staples our answer, and openssl reads it", "OCSP Response Status: successful" in text and "Cert Status: good" in text,
                 text[-1500:] + log[-800:])
            case("nginx found the answer right", "OCSP_basic_verify" not in log and "OCSP responder" not in log, log[-800:])
            code, text = run("gnutls-cli", "--x509cafile", "root.pem", "--no-ca-verification", "--port", port, "127.0.0.1")
            case("gnutls-cli takes the handshake with the stapled answer", "OCSP" in text and "Handshake was completed" in text, text)
            curl = ("curl", "-sS", "--cert-status", "--cacert", "root.pem")
            says("curl --cert-status takes the stapled answer", "ok", *curl, f"https://localhost:{port}/")
            says("curl --cert-status refuses where none is stapled", "OCSP", *curl, f"https://localhost:{plain}/", status=91)
        finally:
            nginx.terminate()


def main():
    with subprocess.Popen([SERVER, TMP], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline().split()[1])
            base = f"http://127.0.0.1:{port}"
            ocsp(f"{base}/ocsp")
            lists(base)
            stapling(f"{base}/ocsp")
        finally:
            server.stdin.close()
            server.wait(20)
    print(f"1..{count}")
    return 1 if failed else 0


with tempfile.TemporaryDirectory(prefix="certhall-status-") as TMP:
    os.chmod(TMP, 0o711)
    status = main()
sys.exit(status)
