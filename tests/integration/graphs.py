# SPDX-License-Identifier: MIT
"""tools/run in directories whose names have all special characters of a shell: with --graphite,
every link that it prints returns numbers and a picture; after Ctrl-C it exits with success,
and leaves nothing behind."""
import json
import os
import re
import shutil
import signal

from harness.graphite import get
from harness.process import ROOT, read, wait_until
from harness.testcase import DaemonTest


class Graphs(DaemonTest):
    def setUp(self):
        self.odd = self.work / "it's \"a\" $b [c]* \\"
        self.temporary = self.odd / "tmp"
        self.temporary.mkdir(parents=True)
        build = self.odd / "build"
        shutil.copytree(self.build / "plugins", build / "plugins")
        shutil.copy(self.build / "meminfo-explain", build)

    def start(self, *options):
        command = [ROOT / "tools/run", "--build", self.odd / "build", *options]
        return self.scratch.start("tools-run", command,
                                  env=dict(os.environ, TMPDIR=str(self.temporary)))

    def check_ended_well(self, process):
        """With success, and without temporary files."""
        self.scratch.processes.remove(process)
        process.wait()
        self.assertEqual([], os.listdir(self.temporary), "left behind")

    def numbers(self, link):
        """The names of the series that have values."""
        series = json.loads(get(link.replace("format=png", "format=json")))
        return [one["target"] for one in series
                if any(value is not None for value, _ in one["datapoints"])]

    def test_one_interval(self):
        process = self.start("--intervals", "1")
        self.check_ended_well(process)
        self.assertRegex(read(process.log), "(?m)^  black_hole/signed_bytes-estimate ")

    def test_links_until_ctrl_c(self):
        process = self.start("--graphite")
        wait_until("links", lambda: "\nRunning until Ctrl-C" in read(process.log), 120, [process])
        links = re.findall(r"(?m)^  (http://127\.0\.0\.1:.*)", read(process.log))
        self.assertEqual(3, len(links), links)
        for link in links:
            self.assertGreaterEqual(len(self.numbers(link)), 2, link)
            self.assertEqual(b"PNG", get(link)[1:4], link)
        # While the error is unknown, no bounds are drawn.
        link = re.search(r"with its error:\n *(.*)", read(process.log)).group(1)
        self.assertEqual(["estimate"],
                         self.numbers(link.replace("bytes-error", "bytes-unknown")))
        os.kill(process.pid, signal.SIGINT)
        self.check_ended_well(process)
