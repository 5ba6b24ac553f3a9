# SPDX-License-Identifier: MIT
"""The base class of the tests that run the built plugin in a real collectd."""
import pathlib
import re
import subprocess
import unittest

from harness.collectd import Collectd, load_meminfo_explain
from harness.process import ROOT, Scratch

FIXTURES = ROOT / "fixtures"


class DaemonTest(unittest.TestCase):
    """Each test has a Scratch. If it fails, the last lines of its collectds are printed."""

    build = None  # the build directory: set by tests/integration/run
    maxDiff = None

    def run(self, result=None):
        bad = len(result.failures) + len(result.errors)
        with Scratch(type(self).__name__) as self.scratch:
            self.work, self.collectds = self.scratch.path, []
            super().run(result)
            if len(result.failures) + len(result.errors) > bad:
                for collectd in self.collectds[-2:]:
                    print(collectd.last_lines())

    def collectd(self, *options, root=pathlib.Path("/"), parts=(), **more):
        """A collectd with the plugin, not started yet. root: the plugin's Root."""
        if str(root) != "/":
            options += (f'Root "{root}"',)
        plugin = load_meminfo_explain(self.scratch, self.build, *options)
        self.collectds.append(Collectd(self.scratch, plugin, *parts, **more))
        return self.collectds[-1]

    def preloaded(self, library):
        """A wrapper that preloads a library of the compiler."""
        cache = (self.build / "CMakeCache.txt").read_text()
        compiler = re.search(r"^CMAKE_C_COMPILER:[^=]*=(.*)", cache, re.M).group(1)
        path = subprocess.run([compiler, f"-print-file-name={library}"], capture_output=True,
                              text=True, check=True).stdout.strip()
        return ["env", f"LD_PRELOAD={path}"]
