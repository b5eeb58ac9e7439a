#!/usr/bin/env python3
"""Each lint finds its bad sample, at the right line, and lets the good one pass."""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))

# what must be true, lint, path, content, "path:line: part of the message" or None where it must pass
SAMPLES = [
    ("base includes nobody", "arrows", "src/base/x.c", '#include "base/err.h"\n#include "store/db.h"\n', "src/base/x.c:2:"),
    ("the hall never includes httpd", "arrows", "src/hall/order/x.c", '#include "httpd/route.h"\n', "src/hall/order/x.c:1:"),
    ("a concept uses only those before it", "arrows", "src/hall/payment/x.c", '#include "hall/order/order.h"\n', "comes before"),
    ("a concept may use those before it", "arrows", "src/hall/order/x.c", '#include "hall/payment/payment.h"\n', None),
    ("flow is pure", "arrows", "src/hall/flow/x.c", '#include "store/db.h"\n', "is pure"),
    ("the agent does not link the hall", "arrows", "src/agent/x.c", '#include "hall/hall.h"\n', "src/agent/x.c:1:"),
    ("only the store knows a database", "arrows", "src/ca/x.c", "#include <sqlite3.h>\n", "src/ca/x.c:1:"),
    ("only pki uses its arithmetic", "arrows", "src/ca/x.c", '#include "pki/sm2/sm2.h"\n', "is for pki alone"),
    ("pki uses its arithmetic", "arrows", "src/pki/x.c", '#include "pki/sm2/sm2.h"\n', None),
    ("the arithmetic knows nothing of pki", "arrows", "src/pki/sm2/x.c", '#include "pki/der.h"\n', "src/pki/sm2/x.c:1:"),
    ("a new folder must be given its place", "arrows", "src/misc/x.c", '#include "base/err.h"\n', "no place"),
    ("strcpy is refused", "banned", "src/base/x.c", "void f(char *a)\n{\n    strcpy(a, \"x\");\n}\n", "src/base/x.c:3:"),
    ("a comment may name strcpy", "banned", "src/base/x.c", "/* strcpy(a, b) has no bound */\n// gets(a)\n", None),
    ("a name that ends so is none", "banned", "src/base/x.c", "int my_system(int a);\nint y = x->system(1);\n", None),
    ("a buffer that is freed before it is one is refused", "banned", "src/base/x.c",
     "int f(void)\n{\n    _auto_buf b;\n    TRY(g());\n    buf_init(&b, 9);\n    return 0;\n}\n", "src/base/x.c:3: b is freed at line 4"),
    ("a buffer that is one in time is not", "banned", "src/base/x.c",
     "int f(void)\n{\n    _auto_buf b, c;\n    buf_init(&b, 9);\n    buf_init(&c, 9);\n    TRY(g());\n    return 0;\n}\n", None),
    ("SQL made with printf is refused", "banned", "src/store/x.c", 'f("SELECT a FROM t "\n  "WHERE b = %s", c);\n', "src/store/x.c:1: SQL made"),
    ("SQL in C is refused", "banned", "src/hall/order/x.c", 'f("INSERT INTO t VALUES ($1)");\n', "SQL in C"),
    ("a sentence with select is no SQL", "banned", "src/agent/x.c", 'f("Select a key from the list");\n', None),
    ("format is checked", "format", "src/base/x.c", "int  f( void );\n", "src/base/x.c:1:"),
    ("a function has at most 100 lines", "size", "src/base/x.c", "int f(void)\n{\n" + "    ;\n" * 99 + "}\n", "f has 102 lines"),
    ("100 lines are allowed", "size", "src/base/x.c", "int f(void)\n{\n" + "    ;\n" * 97 + "}\n", None),
    ("a file has at most 800 lines", "size", "web/portal/x.vue", "x\n" * 801, "web/portal/x.vue:801:"),
    ("a path of a machine is refused", "tree", "docs/x.md", "see\n/ho" + "me/ada/certhall/x.c\n", "docs/x.md:2:"),
    ("a registry's host is refused", "tree", "web/package-lock.json", '"a": "https://registry.npm' + 'js.org/x"\n', "package-lock.json:1:"),
    ("a promise is no code", "tree", "src/base/x.c", "/* TO" + "DO */\n", "src/base/x.c:1:"),
    ("a secret key is refused", "tree", "profiles/x.txt", "-----BEGIN PRIVATE KEY-----\n" + "MIGHAgEAMBMGByqGSM49AgEG\n", "a private key"),
    ("white space at the end is refused", "tree", "src/base/x.c", "int a; \n", "src/base/x.c:1:"),
    ("a missing newline is refused", "tree", "src/base/x.c", "int a;", "no newline"),
    ("a script must parse", "scripts", "tools/x", "#!/bin/bash\nset -e\nif\n", "tools/x:"),
    ("a script stops at an error", "scripts", "tools/x", "#!/bin/bash\ntrue\n", "goes on after an error"),
    ("a built row has somebody who applies its event", "events", "src/hall/flow/rows_x.c", "#define ROW(i, ev) .id = i, .event = EVENT_PAY_##ev\nstatic const struct flow_row rows[] = {\n    {ROW(\"P7\", MATCH), .raise = {THEN(INV_OPEN)}, .built = 1},\n};\n", "src/hall/flow/rows_x.c:3: nobody applies PAY_MATCH"),
    ("a line of the security page names a test that is there", "security", "docs/security.md", "| V1.1.1 | x | held | `attack/nothing` |\n", "docs/security.md:1: there is no test attack/nothing"),
    ("a line that is held names a test", "security", "docs/security.md", "| V1.1.1 | x | held | because |\n", "V1.1.1 has no words, no reason, or is held by no test"),
    ("a requirement without a line is named", "security", "docs/security.md", "| V1.1.1 | x | not held | because |\n", "V14.5.4 is missing"),
    ("a row that is not built waits for its code", "events", "src/hall/flow/rows_x.c", "#define ROW(i, ev) .id = i, .event = EVENT_PAY_##ev\nstatic const struct flow_row rows[] = {\n    {ROW(\"P7\", MATCH), .raise = {THEN(INV_OPEN)}},\n};\n", None),
    ("a boundary of the table is a place in the code", "boundaries", "src/base/boundary.def", 'BOUNDARY(CA_X, "ca.x", "ca") /* x */\n', "src/base/boundary.def:1: no place"),
    ("a boundary is called what it is", "boundaries", "src/base/boundary.def", 'BOUNDARY(CA_X, "ca.y", "ca")\n', "CA_X is called ca.y"),
]

GLOBALS = [
    ("a counter at file scope is refused", "static int count;\nint next(void);\nint next(void)\n{\n    return ++count;\n}\n", "src/base/x.c:1: count"),
    ("a static local is refused", "int next(void);\nint next(void)\n{\n    static int seen = 7;\n    return ++seen;\n}\n", "src/base/x.c:4: seen"),
    ("a thread-local is refused", "int next(void);\n_Thread_local int per;\nint next(void)\n{\n    return ++per;\n}\n", "per can change"),
    ("a constant table with addresses may stand", "const char *const t[2] = {\"a\", \"b\"};\n", None),
]


def run(lint, root, *more):
    done = subprocess.run([os.path.join(HERE, lint), "--root", root, *more], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def put(root, path, content):
    full = os.path.join(root, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w", encoding="utf-8") as f:
        f.write(content)
    return full


def held(status, output, want):
    return status == 0 and not output if want is None else status == 1 and want in output


def sample(lint, path, content, want):
    with tempfile.TemporaryDirectory() as root:
        put(root, path, content)
        if lint == "format":
            with open(os.path.join(HERE, "../../.clang-format"), encoding="utf-8") as f:
                put(root, ".clang-format", f.read())
        status, output = run(lint, root)
        return held(status, output, want), output


def compiled(content, want):
    with tempfile.TemporaryDirectory() as root:
        source = put(root, "src/base/x.c", content)
        objects = os.path.join(root, "build/src/base/libbase.a.p")
        os.makedirs(objects)
        subprocess.run(["gcc", "-O2", "-fPIE", "-c", source, "-o", os.path.join(objects, "x.c.o")], check=True)
        status, output = run("globals", root, "--build", os.path.join(root, "build"))
        return held(status, output, want), output


def allowed():
    """An exception needs a reason."""
    with tempfile.TemporaryDirectory() as root:
        put(root, "src/base/x.c", "void f(char *a)\n{\n    strcpy(a, \"\");\n}\n")
        put(root, "tools/lint/allow.txt", "banned src/base/x.c:strcpy\n")
        without = run("banned", root)[0]
        put(root, "tools/lint/allow.txt", "banned src/base/x.c:strcpy  one byte, into a buffer of one\n")
        with_reason = run("banned", root)[0]
        return without == 1 and with_reason == 0, f"without a reason {without}, with one {with_reason}"


def main():
    checks = [(what, lambda s=s: sample(*s)) for what, *s in SAMPLES]
    checks += [(what, lambda c=content, w=want: compiled(c, w)) for what, content, want in GLOBALS]
    checks.append(("an exception without a reason is none", allowed))
    print(f"1..{len(checks)}")
    bad = 0
    for number, (what, check) in enumerate(checks, 1):
        good, output = check()
        bad += not good
        print(f"{'ok' if good else 'not ok'} {number} - {what}")
        if not good:
            print("".join(f"# {line}\n" for line in output.splitlines()), end="")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
