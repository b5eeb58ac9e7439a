"""Cases of a script, printed as TAP; a case that fails does not end the script unless it must."""
import contextlib
import sys
import traceback


class Tap:
    def __init__(self):
        self.number, self.bad = 0, 0

    def result(self, ok, name, why=""):
        self.number += 1
        self.bad += not ok
        print(f"{'' if ok else 'not '}ok {self.number} - {name}")
        for line in why.splitlines():
            print(f"# {line}")
        sys.stdout.flush()

    @contextlib.contextmanager
    def case(self, name, must=False):
        """`must`: what comes after makes no sense without it."""
        try:
            yield
        except Exception as error:  # pylint: disable=broad-except
            self.result(False, name, "".join(traceback.format_exception(error)))
            if must:
                self.end()
        else:
            self.result(True, name)

    def end(self):
        print(f"1..{self.number}")
        sys.stdout.flush()
        raise SystemExit(1 if self.bad or not self.number else 0)


def same(got, want, what="it"):
    if got != want:
        raise AssertionError(f"{what} is {got!r}, not {want!r}")


def holds(condition, what):
    if not condition:
        raise AssertionError(what)
