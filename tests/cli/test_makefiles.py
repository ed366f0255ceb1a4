# SPDX-License-Identifier: MIT
"""The build, on a small copy of the tree: the Makefile as it is, with sources of a few lines."""

import os
import pathlib
import shutil
import tempfile
import unittest

from tests.lib import ROOT, run

SOURCES = {
    "user/main.c": """
        #include "user/part/part.h"
        int main(void) { return part() + load() - 7; }
    """,
    "user/part/part.h": """
        #include "include/pss_event.h"
        int part(void);
        int load(void);
    """,
    "user/part/part.c": """
        #include "user/part/part.h"
        int part(void) { return SHARED; }
    """,
    "user/part/load.c": """
        #include "user/part/part.h"
        #include "pss_bpf.skel.h"
        #include "features_bpf.skel.h"
        int load(void) { return pss_bpf__elf_bytes == features_bpf__elf_bytes; }
    """,
    "include/pss_event.h": "enum { SHARED = 7 };",
    "bpf/one.bpf.c": """
        #include "vmlinux.h"
        #include <bpf/bpf_helpers.h>
        #include "include/pss_event.h"
        char LICENSE[] SEC("license") = "Dual MIT/GPL";
        SEC("?raw_tp/sys_enter") int one(void *context) { return SHARED; }
    """,
    "bpf/two.bpf.c": """
        #include "vmlinux.h"
        #include <bpf/bpf_helpers.h>
        SEC("?raw_tp/sys_exit") int two(void *context) { return 2; }
    """,
    "bpf/features/three.bpf.c": """
        #include "vmlinux.h"
        #include <bpf/bpf_helpers.h>
        char LICENSE[] SEC("license") = "Dual MIT/GPL";
        SEC("?raw_tp/sys_exit") int three(void *context) { return 3; }
    """,
    "vmlinux/vmlinux.h": """
        typedef unsigned char __u8;
        typedef unsigned short __u16, __be16;
        typedef int __s32;
        typedef unsigned int __u32, __be32, __wsum;
        typedef long long __s64;
        typedef unsigned long long __u64, __be64;
        enum bpf_map_type { BPF_MAP_TYPE_ARRAY = 2 };
    """,
    "tests/targets/idle.c": "int main(void) { return 0; }",
}


class Build(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = pathlib.Path(tempfile.mkdtemp(prefix="pss-build-"))
        cls.addClassCleanup(shutil.rmtree, cls.scratch, ignore_errors=True)
        cls.built = cls.scratch / "built"
        for name, text in SOURCES.items():
            path = cls.built / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("\n        ", "\n") + "\n", encoding="utf-8")
        for name in ("Makefile", "LICENSE"):
            shutil.copy(ROOT / name, cls.built / name)
        cls.first = cls._make_in(cls.built, "-j2", "all", "targets")
        cls._age(cls.built)

    @staticmethod
    def _age(tree):
        """An hour older, all of it, so that what a test touches is newer without waiting for the clock."""
        for path in tree.rglob("*"):
            then = path.stat().st_mtime_ns - 3600 * 1_000_000_000
            os.utime(path, ns=(then, then))

    @staticmethod
    def _make_in(tree, *arguments, **environment):
        inherited = {k: v for k, v in os.environ.items()
                     if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "V", "SAN", "CC", "CFLAGS", "DESTDIR", "PREFIX")}
        return run(["make", *arguments], cwd=tree, env={**inherited, **environment})

    def setUp(self):
        self.assertEqual(self.first[0], 0, self.first[2])
        self.tree = self.scratch / "tree"
        shutil.rmtree(self.tree, ignore_errors=True)
        shutil.copytree(self.built, self.tree)  # keeps the times

    def make(self, *arguments, code=0, **environment):
        got, out, err = self._make_in(self.tree, *arguments, **environment)
        self.assertEqual(got, code, out + err)
        return out, err

    def done(self, *arguments, **environment):
        """The steps that make says it took."""
        out, err = self.make(*arguments, **environment)
        self.assertEqual(err, "")
        return sorted(" ".join(line.split()) for line in out.splitlines() if line.startswith("  "))

    def touch(self, name):
        """Newer than all that was built."""
        os.utime(self.tree / name)

    def test_quiet_by_default(self):
        self.assertEqual(self.first[2], "")
        for line in self.first[1].splitlines():
            self.assertRegex(line, r"^  (CC|AR|LD|BPF|BPFLINK|SKEL) +\S+$")
        self.assertTrue((self.tree / "build/pss-bpf").exists())
        self.assertTrue((self.tree / "build/targets/idle").exists())

    def test_commands_are_shown_when_asked(self):
        shutil.rmtree(self.tree / "build/obj")
        out, _ = self.make("V=1")
        self.assertRegex(out, r"(?m)^gcc .*-Wall .* -c -o build/obj/user/part/part\.o user/part/part\.c$")
        self.assertNotIn("  CC ", out)

    def test_nothing_to_do_does_nothing(self):
        before = {path: path.stat().st_mtime_ns for path in self.tree.rglob("*")}
        self.assertEqual(self.done("all", "targets"), [])
        self.assertEqual(before, {path: path.stat().st_mtime_ns for path in self.tree.rglob("*")})

    def test_a_source_rebuilds_itself_and_leaves_bpf_alone(self):
        self.touch("user/part/part.c")
        self.assertEqual(self.done(), ["AR build/libpss.a", "CC user/part/part.c", "LD build/pss-bpf"])

    def test_a_bpf_source_rebuilds_what_embeds_it_and_no_more(self):
        self.touch("bpf/two.bpf.c")
        self.assertEqual(self.done(), [
            "AR build/libpss.a", "BPF bpf/two.bpf.c", "BPFLINK build/pss.bpf.o", "CC user/part/load.c",
            "LD build/pss-bpf", "SKEL build/gen/pss_bpf.skel.h"])

    def test_the_contract_of_both_sides_rebuilds_both(self):
        self.touch("include/pss_event.h")
        steps = self.done()
        for step in ("BPF bpf/one.bpf.c", "CC user/part/part.c", "CC user/part/load.c", "CC user/main.c"):
            self.assertIn(step, steps)
        self.assertNotIn("BPF bpf/two.bpf.c", steps)

    def test_a_kernel_type_rebuilds_every_bpf_source(self):
        self.touch("vmlinux/vmlinux.h")
        steps = self.done()
        for step in ("BPF bpf/one.bpf.c", "BPF bpf/two.bpf.c", "BPF bpf/features/three.bpf.c"):
            self.assertIn(step, steps)
        self.assertNotIn("CC user/part/part.c", steps)

    def test_other_flags_build_anew_and_the_same_again_do_not(self):
        self.assertIn("CC user/part/part.c", self.done("CFLAGS=-O1"))
        self.assertEqual(self.done("CFLAGS=-O1"), [])
        self.assertNotIn("BPF bpf/one.bpf.c", self.done())

    def test_another_compiler_builds_anew(self):
        self.assertIn("CC user/part/part.c", self.done("CC=clang"))
        self.assertEqual(self.done("CC=clang"), [])

    def test_sanitized_builds_have_a_place_of_their_own(self):
        steps = self.done("SAN=1")
        self.assertIn("LD build/san/pss-bpf", steps)
        self.assertNotIn("BPF bpf/one.bpf.c", steps)
        self.assertEqual(self.done(), [])
        self.assertEqual(run([self.tree / "build/san/pss-bpf"])[0], 0)

    def test_a_source_comes_and_goes(self):
        extra = self.tree / "user/part/extra.c"
        extra.write_text('#include "user/part/part.h"\nint extra(void);\nint extra(void)\n{\n\treturn 1;\n}\n')
        self.assertIn("CC user/part/extra.c", self.done())
        self.assertIn("extra.o", run(["ar", "t", self.tree / "build/libpss.a"])[1])
        extra.unlink()
        self.assertEqual(self.done(), ["AR build/libpss.a", "LD build/pss-bpf"])
        self.assertNotIn("extra.o", run(["ar", "t", self.tree / "build/libpss.a"])[1])

    def test_a_header_that_is_gone_does_not_stop_the_build(self):
        (self.tree / "user/part/part.c").write_text("int part(void);\nint part(void)\n{\n\treturn 7;\n}\n")
        (self.tree / "user/part/load.c").unlink()
        (self.tree / "user/main.c").write_text("int part(void);\nint main(void)\n{\n\treturn part() - 7;\n}\n")
        (self.tree / "user/part/part.h").unlink()
        self.make()

    def test_a_warning_is_an_error_and_leaves_no_object(self):
        source = self.tree / "user/part/part.c"
        source.write_text(source.read_text() + "static int unused;\n")
        self.touch("user/part/part.c")
        for _ in range(2):  # nor does a second make take what the first has left
            _, err = self.make(code=2)
            self.assertIn("unused", err)
            self.assertFalse((self.tree / "build/obj/user/part/part.o").exists())

    def test_a_bpf_warning_is_an_error(self):
        source = self.tree / "bpf/two.bpf.c"
        source.write_text(source.read_text() + "static int unused(void) { return 0; }\n")
        self.touch("bpf/two.bpf.c")
        for _ in range(2):
            _, err = self.make(code=2)
            self.assertIn("unused", err)
            self.assertFalse((self.tree / "build/bpf/two.bpf.o").exists())

    def test_install_and_uninstall(self):
        place = self.tree / "image"
        self.make("install", f"DESTDIR={place}", "PREFIX=/opt/pss")
        self.assertEqual(run([place / "opt/pss/bin/pss-bpf"])[0], 0)
        self.make("uninstall", f"DESTDIR={place}", "PREFIX=/opt/pss")
        self.assertEqual([str(p) for p in place.rglob("*") if not p.is_dir()], [])

    def test_install_by_default_goes_to_usr_local(self):
        place = self.tree / "image"
        self.make("install", f"DESTDIR={place}")
        self.assertTrue(os.access(place / "usr/local/bin/pss-bpf", os.X_OK))

    def test_clean_removes_what_was_built_and_only_that(self):
        before = {str(p.relative_to(self.tree)) for p in self.tree.rglob("*")
                  if p.relative_to(self.tree).parts[0] != "build"}
        self.make("clean")
        self.assertEqual({str(p.relative_to(self.tree)) for p in self.tree.rglob("*")}, before)

    def test_cleaning_needs_nothing(self):
        self.make("clean", "CC=no-such-compiler", "BPFTOOL=no-such-bpftool", "PKG_CONFIG=no-such-pkg-config")

    def test_what_is_missing_is_said_in_one_line(self):
        for name, value in (("CC", "no-such-compiler"), ("BPF_CLANG", "no-such-clang"), ("BPFTOOL", "no-such-tool"),
                            ("PKG_CONFIG", "no-such-pkg-config")):
            with self.subTest(name):
                _, err = self.make(f"{name}={value}", code=2)
                self.assertEqual(len(err.splitlines()), 1, err)
                self.assertIn(f"{value} is missing", err)
                self.assertIn("tools/install-deps", err)

    def test_a_library_that_is_missing_is_said_in_one_line(self):
        script = self.tree / "no-elf"
        script.write_text('#!/bin/sh\ncase "$*" in *libelf*) exit 1 ;; esac\nexec pkg-config "$@"\n')
        script.chmod(0o755)
        _, err = self.make(f"PKG_CONFIG={script}", code=2)
        self.assertEqual(len(err.splitlines()), 1, err)
        self.assertIn("libelf is missing", err)


if __name__ == "__main__":
    unittest.main()
