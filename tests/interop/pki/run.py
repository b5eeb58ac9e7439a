#!/usr/bin/env python3
"""Other people's programs read what src/pki writes, and src/pki reads what they write. Prints TAP.

    run.py PKI_BENCH INTEROP_JAVA PROFILE_BENCH CERTHALL PROFILES
"""
import os
import re
import subprocess
import sys
import tempfile

BENCH, JAVA, PROFILE_BENCH, CERTHALL, PROFILES = (os.path.abspath(p) for p in sys.argv[1:6])
JARS = ":".join(f"/usr/share/java/{n}.jar" for n in ("bcprov", "bcpkix", "bcutil"))
SUBJECT = "CN=沈若琳,O=泉州海丝供应链管理有限公司,C=CN"
count = failed = 0


def run(*words, stdin=None):
    done = subprocess.run([str(w) for w in words], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", cwd=TMP)
    return done.returncode, done.stdout


def case(name, ok, text=""):
    global count, failed
    count += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {count} - {name}", flush=True)
    if not ok:
        for line in text.splitlines()[-12:]:
            print("#", line)


def works(name, *words, says=None, stdin=None):
    status, text = run(*words, stdin=stdin)
    case(name, status == 0 and (says is None or says in text), text)


def refuses(name, *words, says):
    status, text = run(*words)
    case(name, status != 0 and says in text, text)


def openssl_reads(alg, d):
    """RFC 5280 6.1 and 6960 as OpenSSL has them; not for SM2, where it lacks the id for lists and answers."""
    with open(f"{d}/crls.pem", "w") as out:
        out.write(open(f"{d}/ca.crl").read() + open(f"{d}/root.crl").read())
    verify = ["openssl", "verify", "-x509_strict", "-crl_check_all", "-CRLfile", f"{d}/crls.pem", "-CAfile",
              f"{d}/root.pem", "-untrusted", f"{d}/ca.pem", "-purpose", "sslclient"]
    works(f"openssl verifies the {alg} chain with both lists", *verify, f"{d}/user.pem")
    refuses(f"openssl refuses the revoked {alg} certificate", *verify, f"{d}/revoked.pem", says="certificate revoked")
    for name, cert, says in (("good", "user", "good"), ("revoked", "revoked", "revoked")):
        works(f"openssl takes the {alg} OCSP answer {name}", "openssl", "ocsp", "-respin", f"{d}/{name}.ocsp",
              "-no_nonce", "-issuer", f"{d}/ca.pem", "-cert", f"{d}/{cert}.pem", "-CAfile", f"{d}/root.pem", "-verify_other",
              f"{d}/ca.pem", says=f"{cert}.pem: {says}")
    with open(f"{d}/trust.pem", "w") as out:
        out.write(open(f"{d}/ca.pem").read() + open(f"{d}/root.pem").read())
    works(f"openssl verifies the {alg} list signature", "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in",
          f"{d}/list.p7s", "-content", f"{d}/list.csv", "-CAfile", f"{d}/trust.pem",
          "-purpose", "any", "-out", "/dev/null")


def openssl_common(alg, d):
    distid = ["-vfyopt", "distid:1234567812345678"] if alg == "SM2" else []
    works(f"openssl verifies the {alg} request", "openssl", "req", "-verify", "-noout", "-in", f"{d}/user.csr", *distid)
    for name, extra in (("user.key", []), ("user.enc.key", ["-passin", "pass:secret"])):
        works(f"openssl reads {alg} {name}", "openssl", "pkey", "-in", f"{d}/{name}", "-check", "-noout", *extra)


def gnutls_reads(alg, d):
    with open(f"{d}/chain.pem", "w") as out:
        out.write("".join(open(f"{d}/{n}.pem").read() for n in ("user", "ca", "root")))
    works(f"GnuTLS verifies the {alg} chain", "certtool", "--verify", "--load-ca-certificate", f"{d}/root.pem",
          "--infile", f"{d}/chain.pem", says="Verified")
    works(f"GnuTLS verifies the {alg} list", "certtool", "--verify-crl", "--load-ca-certificate", f"{d}/ca.pem",
          "--infile", f"{d}/ca.crl", says="Verified")
    for name, says in (("good", "good"), ("revoked", "revoked")):
        works(f"GnuTLS takes the {alg} OCSP answer {name}", "ocsptool", "--verify-response", "--load-response",
              f"{d}/{name}.ocsp", "--load-signer", f"{d}/responder.pem", says="Verifying OCSP Response: Success")
        works(f"GnuTLS reads {says} in the {alg} answer", "ocsptool", "--response-info", "--infile", f"{d}/{name}.ocsp",
              says=f"Certificate Status: {says}")
    works(f"GnuTLS reads the {alg} request", "certtool", "--crq-info", "--infile", f"{d}/user.csr",
          says="Self signature: verified")


def bouncycastle(dirs, made):
    """One Java process for everything: it takes seconds to start."""
    words = [w for d in dirs.values() for w in ("check", d)] + [w for d in made for w in ("profile", d)]
    status, text = run("java", "-XX:TieredStopAtLevel=1", "-cp", JARS, JAVA, *words, "sealed", dirs["P-256"],
                       "request", TMP)
    lines = text.splitlines()
    for alg in dirs:
        for what in ("path", "revoked-path-refused", "crl", "ocsp-good", "ocsp-revoked", "csr", "usage"):
            ok = what in lines
            case(f"BouncyCastle on {alg}: {what}", ok, text)
            if ok:
                lines.remove(what)
    for d in made:
        code = os.path.basename(d)
        for name in ("single", "signing", "encryption", "empty"):
            if os.path.exists(f"{d}/{name}.pem"):
                case(f"BouncyCastle on {name} of {code}", f"{code}/{name}" in lines, text)
    case("the JDK opens what HPKE sealed here", status == 0 and "hpke-opened" in lines, text)
    works("what the JDK sealed by HPKE opens here", BENCH, "open", f"{dirs['P-256']}/user.key",
          f"{dirs['P-256']}/java.sealed", says="sealed by the JDK")
    works("a BouncyCastle SM2 request proves its key", BENCH, "csr", "java.csr", says="SM2 ")


def openssl_writes():
    """Keys and requests made by OpenSSL, read here."""
    for alg, made in (("P-256", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]), ("SM2", ["-algorithm", "SM2"]),
                      ("RSA-2048", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])):
        key, csr = f"openssl-{alg}.key", f"openssl-{alg}.csr"
        run("openssl", "genpkey", *made, "-out", key)
        opt = ["-sm3", "-sigopt", "distid:1234567812345678"] if alg == "SM2" else []
        run("openssl", "req", "-new", "-utf8", "-key", key, "-subj", "/C=CN/CN=沈若琳", "-out", csr, *opt)
        works(f"{alg}: a key of openssl is read", BENCH, "key", key, says=alg)
        works(f"{alg}: a request of openssl proves its key", BENCH, "csr", csr, says=f"{alg} CN=沈若琳,C=CN")
        run("openssl", "pkcs8", "-topk8", "-in", key, "-out", "enc.key", "-v2", "aes-256-cbc", "-passout", "pass:s")
        works(f"an encrypted {alg} key of openssl is read", BENCH, "key", "enc.key", "s", says=alg)
        refuses(f"a wrong passphrase of the {alg} key is named", BENCH, "key", "enc.key", "t", says="key.passphrase")
    run("openssl", "req", "-new", "-key", "openssl-SM2.key", "-sm3", "-subj", "/CN=x", "-out", "empty-id.csr")
    refuses("an SM2 request with the empty id is refused", BENCH, "csr", "empty-id.csr", says="signature.wrong")
    run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "sec1.key")
    works("an older EC PRIVATE KEY is read", BENCH, "key", "sec1.key", says="P-256")
    run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt",
        "ec_param_enc:explicit", "-nodes", "-keyout", "explicit.key", "-subj", "/CN=x", "-out", "explicit.csr")
    refuses("explicit curve parameters are refused by name", BENCH, "csr", "explicit.csr", says="explicit")


def openssl_signs(alg, d):
    run("openssl", "cms", "-sign", "-binary", "-in", f"{d}/list.csv", "-signer", f"{d}/user.pem", "-inkey",
        f"{d}/user.key", "-outform", "DER", "-out", f"{d}/openssl.p7s", "-md", "sha256")
    works(f"{alg}: a list signature of openssl is taken", BENCH, "cms", f"{d}/openssl.p7s", f"{d}/list.csv",
          f"{d}/user.pem", says=f"SHA-256 {SUBJECT}")
    refuses(f"with another certificate the {alg} signature is refused", BENCH, "cms", f"{d}/openssl.p7s",
            f"{d}/list.csv", f"{d}/revoked.pem", says="signature.wrong")
    run("openssl", "cms", "-sign", "-binary", "-in", f"{d}/list.csv", "-signer", f"{d}/user.pem", "-inkey",
        f"{d}/user.key", "-outform", "DER", "-out", f"{d}/sha1.p7s", "-md", "sha1")
    refuses(f"{alg}: a list signature over SHA-1 is refused", BENCH, "cms", f"{d}/sha1.p7s", f"{d}/list.csv",
            f"{d}/user.pem", says="weaker than SHA-256")


def nss_reads(code, d, names):
    """certutil and vfychain of NSS, each with a database of its own; usage C: TLS client, R: who gets enciphered mail."""
    db = f"sql:{d}/nss"
    os.mkdir(f"{d}/nss")
    run("certutil", "-N", "-d", db, "--empty-password")
    for name, trust in (("root", "CT,C,C"), ("ca", ",,")):
        run("certutil", "-A", "-d", db, "-n", name, "-t", trust, "-i", f"{d}/{name}.pem")
    for name in names:
        run("certutil", "-A", "-d", db, "-n", name, "-t", ",,", "-i", f"{d}/{name}.pem")
        works(f"NSS verifies {name} of {code}", "certutil", "-V", "-d", db, "-n", name, "-e", "-u",
              "R" if name == "encryption" else "C", says="certificate is valid")
    works(f"NSS builds the path of {code}", "vfychain", "-d", db, "-a", "-u", "0", f"{d}/{names[0]}.pem", f"{d}/ca.pem",
          says="Chain is good!")


def profile_reads(code, alg, d, names):
    for name in names:
        works(f"the path of {name} of {code} holds here", BENCH, "chain", f"{d}/{name}.pem", f"{d}/ca.pem", f"{d}/root.pem")
        works(f"the lint passes {name} of {code}", CERTHALL, "lint", f"{d}/{name}.pem", "--issuer", f"{d}/ca.pem",
              *(["--dual"] if len(names) == 2 else []))
        if alg == "SM2":
            continue
        works(f"openssl verifies {name} of {code}", "openssl", "verify", "-x509_strict", "-CAfile", f"{d}/root.pem", "-untrusted",
              f"{d}/ca.pem", "-purpose", "any" if name == "encryption" else "sslclient", f"{d}/{name}.pem")
        with open(f"{d}/{name}.chain", "w") as out:
            out.write("".join(open(f"{d}/{n}.pem").read() for n in (name, "ca", "root")))
        works(f"GnuTLS verifies {name} of {code}", "certtool", "--verify", "--load-ca-certificate", f"{d}/root.pem", "--infile",
              f"{d}/{name}.chain", says="Verified")
    if alg != "SM2":
        nss_reads(code, d, names)


def profiles():
    """Every certificate of every shipped profile: {folder: names}, for BouncyCastle as well."""
    top = os.path.join(TMP, "profiles")
    os.mkdir(top)
    status, text = run(PROFILE_BENCH, "make", PROFILES, top)
    made = [line.split() for line in text.splitlines()]
    case("certificates of the shipped profiles are written", status == 0 and len(made) >= 5, text)
    for code, alg, kind in made:
        profile_reads(code, alg, os.path.join(top, code), ["signing", "encryption"] if kind == "dual" else ["single"])
    file = os.path.join(PROFILES, f"{made[0][0]}.json")
    works("profile check takes a certificate profile", CERTHALL, "profile", "check", file, says="no mistakes")
    broken = os.path.join(TMP, "broken.json")
    with open(file, encoding="utf-8") as text, open(broken, "w", encoding="utf-8") as out:
        out.write(re.sub('"evidence".*', '"evidence": []', text.read()))
    refuses("profile check names file, member and reason", CERTHALL, "profile", "check", broken, says="broken.json: evidence: needs")
    sm2 = next(os.path.join(top, code) for code, alg, kind in made if alg == "SM2" and kind == "single")
    works("an SM2 certificate with the empty id is written", PROFILE_BENCH, "empty-id", sm2)
    works("openssl, whose default that is, verifies it", "openssl", "verify", "-partial_chain", "-trusted", f"{sm2}/ca.pem",
          f"{sm2}/empty.pem")
    refuses("an SM2 certificate with the empty id is refused by the path", BENCH, "chain", f"{sm2}/empty.pem", f"{sm2}/ca.pem",
            f"{sm2}/root.pem", says="signature")
    refuses("an SM2 certificate with the empty id is refused by the lint", CERTHALL, "lint", f"{sm2}/empty.pem", "--issuer",
            f"{sm2}/ca.pem", says="signature (RFC 5280 4.1.1.3)")
    return [os.path.join(top, code) for code, _, _ in made]


def lint_verb(d):
    """certhall lint on what pki_bench made: PEM and DER, each kind, with the issuer, as text and as JSON."""
    for name, kind in (("user.pem", "certificate"), ("ca.crl", "crl"), ("good.ocsp", "ocsp"), ("user.csr", "csr")):
        works(f"lint knows {name} and finds nothing", CERTHALL, "lint", f"{d}/{name}", "--issuer", f"{d}/ca.pem", says=f": {kind}, no")
    for name, command in (("user", "x509"), ("user", "req"), ("ca", "crl")):
        source = {"x509": "user.pem", "req": "user.csr", "crl": "ca.crl"}[command]
        run("openssl", command, "-in", f"{d}/{source}", "-outform", "DER", "-out", f"{d}/{name}.{command}.der")
        works(f"lint reads {command} in DER", CERTHALL, "lint", f"{d}/{name}.{command}.der", "--json", says='"problems":[]')
    refuses("lint names rule and section of what is wrong", CERTHALL, "lint", f"{d}/user.pem", "--issuer", f"{d}/root.pem",
            says="authority-key-id (RFC 5280 4.2.1.1)")
    status, text = run(CERTHALL, "lint", "/etc/hostname")
    case("lint says what it cannot read", status == 1 and "neither DER nor PEM" in text, text)
    status, text = run(CERTHALL, "lint")
    case("lint without a file is wrong usage", status == 2, text)


def main():
    dirs = {}
    for alg in ("P-256", "SM2", "RSA-2048"):
        d = dirs[alg] = os.path.join(TMP, alg)
        os.mkdir(d)
        works(f"{alg}: a PKI is written", BENCH, "make", alg, d)
        works(f"{alg}: its path holds here", BENCH, "chain", f"{d}/user.pem", f"{d}/ca.pem", f"{d}/root.pem")
        openssl_common(alg, d)
        if alg != "SM2":
            openssl_reads(alg, d)
            gnutls_reads(alg, d)
            openssl_signs(alg, d)
    openssl_writes()
    lint_verb(dirs["P-256"])
    bouncycastle(dirs, profiles())
    print(f"1..{count}")
    return 1 if failed else 0


with tempfile.TemporaryDirectory(prefix="certhall-pki-") as TMP:
    sys.exit(main())
