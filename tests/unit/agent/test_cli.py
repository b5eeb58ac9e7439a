#!/usr/bin/env python3
"""The command line of certhall-agent: exit statuses, one error line, JSON where a script reads it."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

AGENT = sys.argv.pop(1)
PINENTRY = sys.argv.pop(1)


def run(*args, **env):
    done = subprocess.run([AGENT, *args], capture_output=True, text=True, timeout=30, check=False,
                          env={**os.environ, "LC_ALL": "en_US.UTF-8", **env})
    return done.returncode, done.stdout, done.stderr


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="certhall-agent-cli-")
        self.keys = os.path.join(self.folder.name, "keys")
        os.mkdir(self.keys, 0o700)
        self.conf = os.path.join(self.folder.name, "agent.conf")
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(f"pinentry = {PINENTRY}\nbrowser = /bin/true\nserver.demo.url = http://127.0.0.1:1\n"
                    f"server.demo.demo = yes\nserver.demo.keys = {self.keys}\n")
        os.chmod(self.conf, 0o600)
        with open(os.path.join(self.folder.name, "answers"), "w", encoding="utf-8") as f:
            f.write("ok\n")

    def tearDown(self):
        self.folder.cleanup()

    def test_help_has_an_example_and_version_a_number(self):
        status, out, _ = run("--help")
        self.assertEqual(status, 0)
        self.assertIn("Example:", out)
        status, out, _ = run("--version")
        self.assertEqual(status, 0)
        self.assertRegex(out, r"^certhall-agent \d+\.\d+\.\d+\n$")

    def test_wrong_usage_is_2(self):
        for args in ((), ("sing",), ("open",), ("code",), ("code", "short"), ("key",), ("key", "create-blank", "X"),
                     ("doctor", "more"), ("--no-such-option",)):
            status, out, err = run(*args)
            self.assertEqual((status, out), (2, ""), args)
            self.assertTrue(err.strip(), args)

    def test_keys_of_a_server_that_is_not_in_the_list_are_not_listed(self):
        status, out, err = run("key", "list", "--config", self.conf, "--server", "other")
        self.assertEqual((status, out), (2, ""))
        self.assertIn("no such server", err)

    def test_a_link_to_a_server_that_is_not_in_the_list_is_refused_and_seen(self):
        status, _, err = run("open", "--config", self.conf, "--", "certhall:other/0123456789ABCDEFGH",
                             CERTHALL_TEST_PINENTRY=self.folder.name)
        self.assertEqual(status, 1)
        self.assertIn("agent.link", err)
        with open(os.path.join(self.folder.name, "log"), encoding="utf-8") as f:
            log = f.read()
        self.assertIn("MESSAGE", log)
        self.assertIn("not a link of the service hall", log)

    def test_an_address_in_place_of_a_server_is_refused(self):
        status, _, err = run("open", "--config", self.conf, "--", "certhall://evil.example/0123456789ABCDEFGH")
        self.assertEqual(status, 1)
        self.assertIn("agent.link", err)

    def test_blank_keys_are_made_once_and_listed(self):
        self.assertEqual(run("key", "create-blank", "--folder", self.keys, "FX2600000001", "FX2600000002")[0], 0)
        self.assertEqual(run("key", "create-blank", "--folder", self.keys, "FX2600000001")[0], 1)
        status, out, _ = run("key", "list", "--config", self.conf, "--json")
        self.assertEqual(status, 0)
        self.assertEqual([(k["serial"], k["state"]) for k in json.loads(out)["keys"]],
                         [("FX2600000001", "blank"), ("FX2600000002", "blank")])
        self.assertEqual(os.stat(os.path.join(self.keys, "FX2600000001.ukey")).st_mode & 0o777, 0o600)

    def test_doctor_names_what_is_wrong(self):
        status, out, _ = run("doctor", "--config", self.conf, "--json")
        self.assertEqual((status, json.loads(out)["ok"]), (0, True))
        with open(os.path.join(self.keys, "FX2600000009.ukey"), "wb") as f:
            f.write(b"torn")
        status, out, _ = run("doctor", "--config", self.conf, "--json")
        bad = [c for c in json.loads(out)["checks"] if not c["ok"]]
        self.assertEqual(status, 1)
        self.assertEqual([c["name"] for c in bad], ["key"])
        self.assertIn("FX2600000009", bad[0]["detail"])


unittest.main()
