# SPDX-License-Identifier: MIT
"""Samples of meminfo-explain on this machine, for the truth tests."""
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
from harness.process import Error

MIB = 1 << 20


class Skip(Exception):
    """Nothing can be measured on this machine."""


class Explain:
    """With KEEP=DIR in the environment, the samples are kept in DIR."""

    def __init__(self, build):
        self.program, self.kept = build / "meminfo-explain", os.environ.get("KEEP")
        if not self.program.exists():
            raise Error(f"not built: {self.program}")
        if os.geteuid() != 0:
            raise Skip("this requires root")
        hole = self.samples(1, 1)[0]["black_hole"]
        if hole["estimate"] is None:
            raise Skip("no black hole on this machine: " + (hole["refused"] or "no estimate"))

    def samples(self, count, interval):
        text = subprocess.run(
            [self.program, "--format", "json", "--no-pss", "--samples", str(count), "--interval",
             str(interval)], check=True, text=True, stdout=subprocess.PIPE).stdout
        return [json.loads(line) for line in text.splitlines()]

    def keep(self, name, samples):
        if self.kept:
            pathlib.Path(self.kept, name).write_text(
                "".join(json.dumps(sample) + "\n" for sample in samples))


def run(main):
    """Ends the script with the exit status of main()."""
    try:
        sys.exit(main())
    except Skip as reason:
        print(f"skipped: {reason}")
    except Error as error:
        sys.exit(f"{sys.argv[0]}: {error}")
