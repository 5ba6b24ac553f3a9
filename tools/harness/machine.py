# SPDX-License-Identifier: MIT
"""A captured machine with a leak that no counter shows."""
import os
import re
import shutil
import time


class Machine:
    """A copy of a fixture. take() reduces MemFree by `hole`, which grows at `rate`, and both
    MemTotal and MemFree by `removed`."""

    def __init__(self, fixture, root):
        shutil.copytree(fixture, root)
        self.fixture, self.root = fixture, root
        meminfo = (fixture / "proc/meminfo").read_text()
        self.total, self.free = (int(re.search(rf"^{name}: +(\d+)", meminfo, re.M).group(1))
                                 for name in ("MemTotal", "MemFree"))
        self.hole = self.rate = self.removed = 0  # kB, kB per second, kB
        self.now = time.monotonic()

    def edit(self, name, *substitutions):
        """Writes a file of the fixture with (PATTERN, REPLACEMENT) applied. It is replaced as
        a whole: a daemon reads the old file or the new one."""
        text = (self.fixture / "proc" / name).read_text()
        for pattern, replacement in substitutions:
            text = re.sub(pattern, replacement, text, flags=re.M)
        new = self.root / "new"
        new.write_text(text)
        os.replace(new, self.root / "proc" / name)

    def take(self):
        before, self.now = self.now, time.monotonic()
        self.hole += self.rate * (self.now - before)
        self.edit("meminfo",
                  (r"^(MemTotal: +)\d+", rf"\g<1>{self.total - self.removed}"),
                  (r"^(MemFree: +)\d+", rf"\g<1>{int(self.free - self.removed - self.hole)}"))
