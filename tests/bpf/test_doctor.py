# SPDX-License-Identifier: MIT
"""doctor as root: real targets of every sort, and rights that were taken away."""

import ctypes
import json
import os
import pathlib
import shutil
import signal
import struct
import sys
import tempfile
import time
import unittest

from tests.lib import PSS, Process, need_root, run, run_pss

NOBODY = 65534
libc = ctypes.CDLL(None, use_errno=True)

PR_SET_NAME = 15
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
SYS_BPF = {"x86_64": 321, "aarch64": 280}.get(os.uname().machine)

# Programs that say "ready" and wait.
PYTHON = "import time; print('ready', flush=True); time.sleep(300)"
NODE = "console.log('ready'); setTimeout(() => {}, 300000)"
JAVA = 'class Wait { public static void main(String[] a) throws Exception { System.out.println("ready");' \
       " Thread.sleep(300000); } }"
NAMED = "import ctypes, time; ctypes.CDLL(None).prctl(15, {!r}); print('ready', flush=True); time.sleep(300)"
THREAD = "import threading, time; t = threading.Thread(target=time.sleep, args=(300,), daemon=True); t.start(); " \
         "print('ready', t.native_id, flush=True); time.sleep(300)"
FILTERED = "import ctypes, struct, time; code = struct.pack('HBBI', 6, 0, 0, 0x7fff0000); " \
           "code = ctypes.create_string_buffer(code); p = struct.pack('HxxxxxxP', 1, ctypes.addressof(code)); " \
           "c = ctypes.CDLL(None); c.prctl(38, 1, 0, 0, 0); assert c.prctl(22, 2, p) == 0; " \
           "print('ready', flush=True); time.sleep(300)"
URING = "import ctypes, time; c = ctypes.CDLL(None, use_errno=True); " \
        "fd = c.syscall(425, 4, ctypes.create_string_buffer(256)); " \
        "print('ready' if fd >= 0 else 'refused', flush=True); time.sleep(300)"


def forbid_bpf():
    """In the child: a seccomp filter that answers bpf() with EPERM, as container engines do."""
    steps = [(0x20, 0, 0, 0), (0x15, 0, 1, SYS_BPF), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code))
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.prctl(PR_SET_SECCOMP, 2, program):
        os._exit(99)


class DoctorTest(unittest.TestCase):
    def setUp(self):
        need_root()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pss-doctor-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.folder.chmod(0o755)

    def _copy(self):
        """pss-bpf where every user may run it."""
        program = self.folder / "pss-bpf"
        shutil.copy(PSS, program)
        program.chmod(0o755)
        return program

    def _json(self, outcome, code):
        self.assertEqual(outcome[0], code, outcome)
        found = json.loads(outcome[1])
        self.assertEqual(found["measurable"], code == 0)
        return found

    def _examine(self, pid, code=0):
        return self._json(run_pss("doctor", "--json", "--pid", pid), code)

    def _start(self, arguments, **options):
        process = Process(arguments, **options)
        self.addCleanup(process.stop, signal.SIGKILL)
        return process

    def _ready(self, arguments, **options):
        process = self._start(arguments, **options)
        process.wait_line("^ready")
        return process

    def _check(self, found, subject, part="target_checks"):
        for check in found[part]:
            if check["subject"] == subject:
                return check
        self.fail(f"nothing about {subject} in {found[part]}")

    def _need(self, name):
        path = shutil.which(name)
        if not path:
            self.skipTest(f"no {name} here")
        return path


class Machine(DoctorTest):
    def test_this_machine(self):
        found = self._json(run_pss("doctor", "--json"), 0)
        self.assertEqual(self._check(found, "privileges", "system")["level"], "ok")
        self.assertIn(os.uname().release, self._check(found, "kernel", "system")["found"])
        for subject in ("BTF", "task storage", "ring buffer", "kernel memory reads", "raw tracepoints"):
            self.assertEqual(self._check(found, subject, "system")["level"], "ok")

    def test_two_capabilities_are_enough(self):
        setpriv = self._need("setpriv")
        found = self._json(run([setpriv, "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups",
                                "--inh-caps=+bpf,+perfmon", "--ambient-caps=+bpf,+perfmon",
                                self._copy(), "doctor", "--json"], cwd="/"), 0)
        self.assertEqual(self._check(found, "privileges", "system")["level"], "ok")
        self.assertEqual(self._check(found, "ring buffer", "system")["level"], "ok")
        self.assertEqual(self._check(found, "CAP_SYS_PTRACE", "system")["level"], "limited")
        self.assertGreater(found["limits"], 0)

    def test_root_without_its_capabilities(self):
        setpriv = self._need("setpriv")
        found = self._json(run([setpriv, "--bounding-set=-bpf,-perfmon,-sys_admin", PSS, "doctor", "--json"]), 3)
        check = self._check(found, "privileges", "system")
        self.assertEqual(check["level"], "fatal")
        self.assertIn("root, but without CAP_BPF and CAP_PERFMON", check["found"])
        self.assertIn("--cap-add BPF", check["fix"])

    def test_in_a_user_namespace(self):
        unshare = self._need("unshare")
        inside = [unshare, "--user", "--map-root-user"]
        if run([*inside, "true"])[0]:
            self.skipTest("no user namespaces here")
        found = self._json(run([*inside, self._copy(), "doctor", "--json"], cwd="/"), 3)
        self.assertIn("in a user namespace", self._check(found, "privileges", "system")["found"])

    def test_under_a_seccomp_filter(self):
        if not SYS_BPF:
            self.skipTest("number of bpf() not known on this machine")
        found = self._json(run([PSS, "doctor", "--json"], preexec_fn=forbid_bpf), 3)
        check = self._check(found, "privileges", "system")
        self.assertIn("seccomp filter on pss-bpf itself", check["found"])
        self.assertEqual(self._check(found, "seccomp", "system")["level"], "note")

    def test_in_a_pid_namespace(self):
        unshare = self._need("unshare")
        found = self._json(run([unshare, "--pid", "--fork", "--mount-proc", PSS, "doctor", "--json"]), 0)
        self.assertEqual(self._check(found, "pid namespace", "system")["level"], "note")
        found = self._json(run([unshare, "--pid", "--fork", PSS, "doctor", "--json"]), 3)
        self.assertEqual(self._check(found, "pid namespace", "system")["level"], "fatal")


class Targets(DoctorTest):
    def test_a_plain_program(self):
        sleep = self._start(["sleep", "300"])
        found = self._examine(sleep.pid)
        self.assertIn(f"process {sleep.pid} (sleep) can be measured", found["verdict"])
        about = found["target"]
        self.assertEqual((about["pid"], about["inner_pid"], about["threads"]), (sleep.pid, sleep.pid, 1))
        self.assertEqual((about["runtime"], about["container"], about["stopped"]), ("native", None, False))
        self.assertEqual(about["exe"], os.path.realpath(shutil.which("sleep")))

    def test_a_thread_of_the_kernel(self):
        if pathlib.Path("/proc/2/comm").read_text(encoding="utf-8", errors="replace") != "kthreadd\n":
            self.skipTest("no kernel threads to be seen here")
        found = self._examine(2, code=3)
        self.assertIn("(kthreadd) is a thread of the kernel", found["verdict"])
        self.assertIsNone(found["target"])
        code, _, err = run_pss("--pid", 2, "--duration", "1s")
        self.assertEqual(code, 3)
        self.assertIn(self._check(found, "target")["found"], err)

    def test_a_zombie(self):
        child = os.fork()
        if not child:
            os._exit(0)
        try:
            os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
            self.assertIn("zombie", self._examine(child, code=3)["verdict"])
        finally:
            os.waitpid(child, 0)
        self.assertIn("no process has the pid", self._examine(child, code=3)["verdict"])

    def test_a_stopped_process(self):
        sleep = self._start(["sleep", "300"])
        sleep.send(signal.SIGSTOP)
        os.waitid(os.P_PID, sleep.pid, os.WSTOPPED | os.WNOWAIT)
        found = self._examine(sleep.pid)
        self.assertTrue(found["target"]["stopped"])
        self.assertIn(f"kill -CONT {sleep.pid}", self._check(found, "state")["fix"])

    def test_pss_bpf_itself(self):
        shell = f'exec "{PSS}" doctor --json --pid $$'
        found = self._json(run(["sh", "-c", shell]), 2)
        self.assertIn("that is pss-bpf itself", found["verdict"])

    def test_a_thread_gives_its_process(self):
        python = self._start(["/usr/bin/python3", "-c", THREAD])
        thread = int(python.wait_line(r"^ready (\d+)").group(1))
        found = self._examine(thread)
        self.assertEqual(found["target"]["pid"], python.pid)
        self.assertEqual(found["target"]["threads"], 2)
        self.assertIn(f"{thread} is a thread of process {python.pid}", self._check(found, "thread")["found"])

    def test_another_pid_namespace(self):
        unshare = self._start([self._need("unshare"), "--pid", "--fork", "sh", "-c", "echo ready; exec sleep 300"])
        unshare.wait_line("^ready")
        inner = int(pathlib.Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children").read_text(encoding="ascii"))
        found = self._examine(inner)
        self.assertEqual((found["target"]["pid"], found["target"]["inner_pid"]), (inner, 1))
        self.assertEqual(self._check(found, "pid namespace")["level"], "note")

    def test_names_that_attack_the_terminal(self):
        name = b"\x1b[31m)\n S\xc3\xa9\xff"
        python = self._ready(["/usr/bin/python3", "-c", NAMED.format(name)])
        utf8 = {**os.environ, "LC_ALL": "C.UTF-8"}
        code, out, _ = run_pss("doctor", "--pid", python.pid, env=utf8)
        self.assertEqual(code, 0)
        self.assertNotIn("\x1b", out)
        self.assertIn("\\x1b[31m)\\x0a Sé\\xff", out)
        found = self._examine(python.pid)
        self.assertTrue(found["target"]["comm"].startswith("\x1b[31m)\n Sé"))

    def test_a_program_that_was_replaced(self):
        program = self.folder / "worker"
        shutil.copy(shutil.which("sleep"), program)
        worker = self._start([program, "300"])
        self.assertFalse(self._examine(worker.pid)["target"]["exe_deleted"])
        program.unlink()
        found = self._examine(worker.pid)
        self.assertTrue(found["target"]["exe_deleted"])
        self.assertEqual(found["target"]["exe"], str(program))

    def test_a_file_that_is_really_called_deleted(self):
        program = self.folder / "worker (deleted)"
        shutil.copy(shutil.which("sleep"), program)
        worker = self._start([program, "300"])
        about = self._examine(worker.pid)["target"]
        self.assertEqual((about["exe"], about["exe_deleted"]), (str(program), False))

    def test_a_seccomp_filter(self):
        python = self._ready([sys.executable, "-c", FILTERED])
        found = self._examine(python.pid)
        self.assertTrue(found["target"]["seccomp"])
        self.assertEqual(self._check(found, "seccomp")["level"], "note")

    def test_io_uring(self):
        python = self._start([sys.executable, "-c", URING])
        if python.wait_line("^(ready|refused)").group(1) == "refused":
            self.skipTest("no io_uring here")
        found = self._examine(python.pid)
        self.assertTrue(found["target"]["io_uring"])
        self.assertEqual(self._check(found, "io_uring")["level"], "limited")
        self.assertIn("with 1 limit", found["verdict"])


class Runtimes(DoctorTest):
    def _runtime(self, process):
        return self._examine(process.pid)["target"]["runtime"]

    def test_python(self):
        self.assertEqual(self._runtime(self._ready(["/usr/bin/python3", "-c", PYTHON])), "python")

    def test_node(self):
        self.assertEqual(self._runtime(self._ready([self._need("node"), "-e", NODE])), "node")

    def test_java(self):
        source = self.folder / "Wait.java"
        source.write_text(JAVA, encoding="ascii")
        self.assertEqual(self._runtime(self._ready([self._need("java"), source])), "jvm")

    def test_go(self):
        program, table = self.folder / "gopher", self.folder / "table"
        table.write_bytes(bytes(64))
        code, _, err = run([self._need("objcopy"), "--add-section", f".gopclntab={table}",
                            os.path.realpath(shutil.which("sleep")), program])
        self.assertEqual(code, 0, err)
        found = self._examine(self._start([program, "300"]).pid)
        self.assertEqual(found["target"]["runtime"], "go")
        self.assertIn("no return probes", self._check(found, "runtime")["cost"])


    def test_a_32_bit_program(self):
        if os.uname().machine != "x86_64":
            self.skipTest("made for x86-64")
        source, part, program = (self.folder / name for name in ("pause.s", "pause.o", "pause"))
        source.write_text(".globl _start\n_start: mov $29, %eax\nint $0x80\njmp _start\n", encoding="ascii")
        for command in ([self._need("as"), "--32", "-o", part, source],
                        [self._need("ld"), "-m", "elf_i386", "-o", program, part]):
            code, _, err = run(command)
            self.assertEqual(code, 0, err)
        try:
            pause = self._start([program])
        except OSError:
            self.skipTest("this kernel runs no 32-bit programs")
        found = self._examine(pause.pid)
        self.assertEqual(self._check(found, "32-bit")["level"], "limited")


class Limits(DoctorTest):
    def _group(self, controllers):
        """A new group of a v1 hierarchy or of the unified one: its path, and which of the two."""
        name = f"pss-doctor-{os.getpid()}"
        for top, version in (*((pathlib.Path("/sys/fs/cgroup") / c, 1) for c in controllers),
                             (pathlib.Path("/sys/fs/cgroup"), 2)):
            if version == 2 and controllers[0] not in self._enabled(top):
                continue
            if version == 1 and not (top / "cgroup.procs").exists():
                continue
            group = top / name
            try:
                group.mkdir()
            except OSError:
                continue
            self.addCleanup(self._remove, group)
            return group, version
        return self.skipTest(f"no {controllers[0]} controller for us here")

    def _enabled(self, top):
        try:
            return (top / "cgroup.subtree_control").read_text(encoding="ascii").split()
        except OSError:
            return []

    def _remove(self, group):
        for _ in range(200):
            try:
                return group.rmdir()
            except OSError:  # the last process in it has not quite gone
                time.sleep(0.05)
        return group.rmdir()

    def _inside(self, group):
        sleep = self._start(["sleep", "300"])
        (group / "cgroup.procs").write_text(str(sleep.pid), encoding="ascii")
        return sleep

    def test_memory(self):
        group, version = self._group(["memory"])
        limit = 64 << 20
        name = "memory.limit_in_bytes" if version == 1 else "memory.max"
        (group / name).write_text(str(limit), encoding="ascii")
        sleep = self._inside(group)
        found = self._examine(sleep.pid)
        self.assertEqual(found["target"]["memory_limit_bytes"], limit)
        self.assertIn("64.0 MiB", self._check(found, "memory limit")["found"])
        self.assertEqual(found["target"]["cgroup"], f"/{group.name}")

    def test_cpu(self):
        group, version = self._group(["cpu", "cpu,cpuacct"])
        if version == 1:
            (group / "cpu.cfs_quota_us").write_text("50000", encoding="ascii")
            (group / "cpu.cfs_period_us").write_text("100000", encoding="ascii")
        else:
            (group / "cpu.max").write_text("50000 100000", encoding="ascii")
        found = self._examine(self._inside(group).pid)
        self.assertEqual(found["target"]["cpu_limit"], 0.5)
        self.assertIn("0.5 CPUs", self._check(found, "CPU limit")["found"])
