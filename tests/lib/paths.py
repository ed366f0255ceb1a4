# SPDX-License-Identifier: MIT
"""Where things are."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
# A sanitised or installed program can be put in its place.
PSS = pathlib.Path(os.environ.get("PSS_BPF", BUILD / "pss-bpf"))


def target(name):
    """The program made of tests/targets/NAME.c."""
    return str(BUILD / "targets" / name)


def demo(name):
    """The program made of tools/demo/NAME.c."""
    return str(BUILD / "demo" / name)
