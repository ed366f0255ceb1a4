# SPDX-License-Identifier: MIT
"""Steps of the run that are no Python tests: builds, checks, the criterion program, the fuzzers, another Debian."""

import os
import re
import shutil
import subprocess

from tests.lib import style
from tests.lib.paths import BUILD, ROOT

# A verdict of `criterion --tap`: "ok - suite::test  (0.01s)", "not ok - suite::test ...", "ok - suite::test # SKIP why".
TAP_LINE = re.compile(r"^(not ok|ok) - (\w+)::(\S+)\s*(# SKIP)?(.*)")
# A frame of a sanitizer's report that is in our sources, or in our program where it could not be resolved.
OUR_FRAME = re.compile(r"^ +#\d+ .*(\buser/|\btests/unit/|/san/unit\+0x)", re.M)
SANITIZED = ["SAN=1", "CC=clang", "all", "unit"]


def _run(arguments, timeout, **environment):
    """(exit code, what it printed)"""
    # What a make above says of itself must not change the makes below.
    inherited = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES")}
    try:
        done = subprocess.run([str(a) for a in arguments], cwd=ROOT, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                              timeout=timeout, check=False, env={**inherited, **environment})
    except subprocess.TimeoutExpired as over:
        printed = (over.stdout or b"").decode(errors="replace")
        return 124, f"{printed}\nnot done after {timeout} s"
    return done.returncode, done.stdout


def _make(*goals, timeout=900):
    return _run(["make", f"-j{os.cpu_count()}", *goals], timeout)


def build(run, suite, *goals):
    """Builds; silent when it works, one failed test when it does not. False then."""
    code, printed = _make(*goals)
    if code != 0:
        run.add("failed", f"{suite} build", f"make {' '.join(goals)} failed", printed)
    return code == 0


def check(run):
    def made(goal):
        def action():
            code, printed = _make(goal)
            return code == 0, printed
        return action

    def tidy():
        wrong = style.faults(ROOT)
        return not wrong, "\n".join(wrong)

    run.step("check format", made("check-format"))
    run.step("check style", tidy)
    run.step("check lint", made("lint"))


def unit(run, kind):
    """Every test of the criterion program is a test of its own; kind: plain, or sanitized (ASan and UBSan). The
    sanitized program is built by clang, so that both compilers have seen every source."""
    place = BUILD / "san" if kind == "sanitized" else BUILD
    suite = "unit" if kind == "plain" else kind
    if not list((ROOT / "tests" / "unit").glob("*.c")):
        return
    if not run.options.no_build and not build(run, suite, *(SANITIZED if kind == "sanitized" else ["unit"])):
        return
    for report in place.glob("report.*"):
        report.unlink()
    verdicts = place / "unit.tap"
    verdicts.unlink(missing_ok=True)
    code, printed = _run([place / "unit", f"--tap={verdicts}", "--jobs", "2", "--timeout", "60"], 600)
    lines = verdicts.read_text(errors="replace").splitlines() if verdicts.exists() else []
    seen = failed = 0
    for line in lines:
        found = TAP_LINE.match(line)
        if not found:
            continue
        seen += 1
        verdict, group, name, skipped, said = found.groups()
        failed += verdict != "ok"
        if run.wanted(shown := f"{suite} {group} {name}"):
            outcome = "failed" if verdict != "ok" else "passed" if skipped is None else "skipped"
            run.add(outcome, shown, said if outcome != "passed" else "",
                    _said_before(printed, f"{group}::{name}:") if outcome == "failed" else "")
    if not seen or (code != 0 and not failed):
        run.add("failed", f"{suite} program", f"exit code {code} after {seen} tests", printed)
    if kind == "sanitized":
        run.step("sanitized reports", lambda: _sanitizer_reports(place))


def _said_before(printed, name):
    """What criterion and the test printed since the test before it, up to the line of its failure."""
    said = []
    for line in printed.splitlines():
        if line.startswith(f"[FAIL] {name}"):
            break
        said = [] if line.startswith("[FAIL] ") else said + [line]
    return "\n".join(said[-60:])


def _sanitizer_reports(place):
    """Leaks and what else was reported where criterion did not see it (tests/unit/sanitizer_options.c)."""
    reports = [report.read_text(errors="replace") for report in sorted(place.glob("report.*"))]
    ours = [report for report in reports if _is_fault(report)]
    return not ours, "\n".join(ours)


def _is_fault(report):
    """A leak is one where our code allocated: what a thread of libcriterion holds is not seen when it is just ending."""
    if "ERROR: LeakSanitizer: detected memory leaks" not in report:
        return "ERROR: " in report or "runtime error: " in report
    return any("leak of" in block and OUR_FRAME.search(block) for block in report.split("\n\n"))


def fuzz(run):
    sources = sorted((ROOT / "tests" / "fuzz").glob("*.c"))
    if not sources or (not run.options.no_build and not build(run, "fuzz", "fuzz")):
        return
    for source in sources:
        run.step(f"fuzz {source.stem}", lambda name=source.stem: _fuzz_one(name, run.options.fuzz_seconds))


def _fuzz_one(name, seconds):
    """From the seeds in tests/fuzz/NAME/, if there are; what it finds stays in build/fuzz/work/NAME."""
    work = BUILD / "fuzz" / "work" / name
    shutil.rmtree(work, ignore_errors=True)
    (work / "corpus").mkdir(parents=True)
    seeds = ROOT / "tests" / "fuzz" / name
    code, printed = _run([BUILD / "fuzz" / name, f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=2048",
                          "-print_final_stats=1", f"-artifact_prefix={work}/", work / "corpus",
                          *([seeds] if seeds.is_dir() else [])], seconds + 120)
    done = re.search(r"^Done (\d+) runs", printed, re.M)
    return code == 0 and done is not None and int(done.group(1)) > 0, "\n".join(printed.splitlines()[-60:])


def debian13(run):
    if os.geteuid() != 0:
        run.add("skipped", "debian13 build and unit tests", "needs root")
        return

    def action():
        code, printed = _run(["tests/debian13.sh"], 1500)
        return code == 0, "\n".join(printed.splitlines()[-80:])

    run.step("debian13 build and unit tests", action)
