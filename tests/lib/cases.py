# SPDX-License-Identifier: MIT
"""Runs the unittest classes of a folder: one after the other, each test within a time limit."""

import contextlib
import faulthandler
import importlib
import io
import signal
import time
import traceback
import unittest

from tests.lib import steps
from tests.lib.clock import Disturbed
from tests.lib.paths import ROOT
from tests.lib.process import end_leftovers

# A test that has proved that the machine disturbed it is run so often in all.
TRIES = 4


class OverTime(BaseException):
    """No Exception, so that a test does not take it for something that it expected."""


@contextlib.contextmanager
def time_limit(seconds):
    def over(_signal, _frame):
        raise OverTime(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(seconds)
    faulthandler.dump_traceback_later(seconds + 60, exit=True)  # should it hang where no exception reaches it
    try:
        yield
    finally:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)


class Result(unittest.TestResult):
    """Of one run of one test: the first bad thing that it met."""

    def __init__(self):
        super().__init__()
        self.outcome = "passed"
        self.reason = ""
        self.detail = ""
        self.disturbed = False

    def _fail(self, error):
        kind, value, trace = error
        if self.outcome == "failed" and not self.disturbed:
            return
        self.disturbed = issubclass(kind, Disturbed)
        self.outcome = "failed"
        self.reason = str(value).strip().partition("\n")[0][:160] or kind.__name__
        while trace and trace.tb_next and "/unittest/" in trace.tb_frame.f_code.co_filename:
            trace = trace.tb_next
        self.detail = "".join(traceback.format_exception(kind, value, trace))

    def addError(self, _test, err):
        self._fail(err)

    def addFailure(self, _test, err):
        self._fail(err)

    def addSubTest(self, _test, subtest, err):
        if err is not None:
            self._fail(err)
            self.reason = f"{subtest._subDescription()} {self.reason}"

    def addUnexpectedSuccess(self, _test):
        self.outcome, self.reason = "failed", "passed, but was expected to fail"

    def addSkip(self, _test, reason):
        if self.outcome == "passed":
            self.outcome, self.reason = "skipped", reason


class PythonSuite:
    """The tests of tests/NAME/test_*.py."""

    def __init__(self, name):
        self.name = name

    def _modules(self):
        return sorted(path.stem for path in (ROOT / "tests" / self.name).glob("test_*.py"))

    def _classes(self, module):
        """(class, names of its tests) of a module, as they stand in the file."""
        loader = unittest.TestLoader()
        found = [thing for thing in vars(module).values()
                 if isinstance(thing, type) and issubclass(thing, unittest.TestCase)
                 and thing.__module__ == module.__name__]
        return [(thing, names) for thing in found if (names := loader.getTestCaseNames(thing))]

    def list(self, run):
        for stem in self._modules():
            module = importlib.import_module(f"tests.{self.name}.{stem}")
            for case, methods in self._classes(module):
                for method in methods:
                    if run.wanted(name := f"{self.name} {stem} {case.__name__}.{method}"):
                        print(name)

    def __call__(self, run):
        modules = self._modules()
        if modules and not run.options.no_build and not steps.build(run, self.name, "all", "targets", "demo-programs"):
            return
        for stem in modules:
            try:
                module = importlib.import_module(f"tests.{self.name}.{stem}")
                classes = self._classes(module)
                if not classes:
                    raise ImportError("holds no test")
            except Exception as error:
                run.add("failed", f"{self.name} {stem}", str(error), traceback.format_exc())
                continue
            for case, methods in classes:
                chosen = [m for m in methods if run.wanted(f"{self.name} {stem} {case.__name__}.{m}")]
                if chosen:
                    self._run_class(run, stem, case, chosen)

    def _run_class(self, run, stem, case, methods):
        names = [f"{self.name} {stem} {case.__name__}.{method}" for method in methods]
        try:
            with time_limit(run.options.time_limit):
                if not getattr(case, "__unittest_skip__", False):
                    case.setUpClass()
            for name, method in zip(names, methods):
                self._run_test(run, name, case, method)
        except (Exception, OverTime) as error:
            case.doClassCleanups()
            outcome = "skipped" if isinstance(error, unittest.SkipTest) else "failed"
            for name in names:
                run.add(outcome, name, f"setUpClass: {error}" if outcome == "failed" else str(error),
                        traceback.format_exc())
        else:
            self._end_class(run, names[0], case)
        end_leftovers()

    def _end_class(self, run, name, case):
        try:
            with time_limit(run.options.time_limit):
                case.tearDownClass()
                case.doClassCleanups()
                if case.tearDown_exceptions:
                    raise case.tearDown_exceptions[0][1]
        except (Exception, OverTime) as error:
            run.add("failed", name.rpartition(".")[0] + ".tearDownClass", str(error), traceback.format_exc())

    def _run_test(self, run, name, case, method):
        began = time.monotonic()
        for attempt in range(1, TRIES + 1):
            result, printed = Result(), io.StringIO()
            test = case(method)
            try:
                with time_limit(run.options.time_limit), contextlib.redirect_stdout(printed):
                    test(result)
            except OverTime as over:
                result.outcome, result.reason, result.detail = "failed", str(over), traceback.format_exc()
                result.disturbed = False
            if not result.disturbed:
                break
        if result.outcome == "passed" and attempt > 1:
            result.reason = f"disturbed, then good at try {attempt}"
        detail = result.detail + (f"\nit printed:\n{printed.getvalue()}" if printed.getvalue() else "")
        run.add(result.outcome, name, result.reason, detail, time.monotonic() - began)
