# SPDX-License-Identifier: MIT
"""Judges what a guest that boots systemd found: its checks, and whether docs/privileges.md has
its table of ways to run collectd."""
import re

from harness.process import ROOT, Error, read

DOCUMENT = ROOT / "docs/privileges.md"
HEADINGS = ("| unit | black hole | by caller | Pss of | tracefs, debugfs | boot log | page pools "
            "| state file | said |")
POOLS = 7  # of the cells; 6.1 has none


def cells(row, pools=True):
    """The cells of a row; without page pools, ? in their place."""
    found = [cell.strip() for cell in row.strip().split("|")]
    return found if pools else [*found[:POOLS], "?", *found[POOLS + 1:]]


class Result:
    def __init__(self, machine, directory):
        self.machine = machine
        self.checks = read(directory / "checks").splitlines()
        self.ways = read(directory / "ways").splitlines()
        if not self.ways:
            raise Error(f"guest {machine.name}: no way to run collectd was tried")

    def text(self):
        """What is printed: the number of checks, and the table of docs/privileges.md."""
        good = sum(line.startswith("ok ") for line in self.checks)
        return "\n".join((f"{good} checks are ok\n", HEADINGS, re.sub(r"[^|]", "-", HEADINGS),
                          *self.ways))

    def problems(self):
        for line in self.checks:
            if not line.startswith("ok "):
                yield line.strip()
        text = read(DOCUMENT)
        if HEADINGS not in text:
            raise Error(f"{DOCUMENT.name} has no table \"{HEADINGS}\"")
        documented = text.split(HEADINGS)[1].split("\n\n")[0].splitlines()[2:]
        pools = cells(self.ways[0])[POOLS] == "known"
        expected, measured = ([cells(row, pools) for row in rows]
                              for rows in (documented, self.ways))
        yield from (f"{DOCUMENT.name} does not have: {' | '.join(row[1:-1])}"
                    for row in measured if row not in expected)
        yield from (f"{DOCUMENT.name} has, and it was not measured: {' | '.join(row[1:-1])}"
                    for row in expected if row not in measured)
