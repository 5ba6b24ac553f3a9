# SPDX-License-Identifier: MIT
"""While the smaps of a process hangs, other values and other processes are read, and the daemon
can end."""
import os
import shutil
import time

from harness.inject import Stuck, Unavailable
from harness.testcase import DaemonTest, FIXTURES


class Census(DaemonTest):
    def stop_within(self, daemon, seconds):
        started = time.monotonic()
        daemon.stop()
        self.assertLess(time.monotonic() - started, seconds)

    def check_every_interval(self, daemon, *names):
        """Each series was sent in all samples but the last."""
        for name in names:
            self.assertGreaterEqual(len(daemon.samples.all_of(name)),
                                    len(daemon.samples.whole) - 1, name)

    def stuck(self):
        try:
            return Stuck(self.scratch, self.build)
        except Unavailable as reason:
            return self.skipTest(str(reason))

    def test_fifo_in_place_of_smaps_rollup(self):
        root = self.work / "captured"
        shutil.copytree(FIXTURES / "6.18-debian12-loaded-24g", root)
        rollup = next(path for path in sorted(root.glob("proc/[0-9]*/smaps_rollup"))
                      if "Pss" in path.read_text())
        rollup.unlink()
        os.mkfifo(rollup)
        daemon = self.collectd("AllSeries true", root=root)
        daemon.start()
        daemon.wait_for_samples(5)
        self.stop_within(daemon, 2)
        self.check_every_interval(daemon, "total/bytes-mem_total", "black_hole/signed_bytes-lru",
                                  "quality/count-processes_read")
        self.assertEqual(1, len(daemon.lines(rf"\[warning\].*{rollup.relative_to(root)}")))

    def test_process_whose_smaps_hangs(self):
        stuck = self.stuck()
        path = f"proc/{stuck.pid}/smaps_rollup"
        daemon = self.collectd("AllSeries true")
        daemon.start()
        daemon.wait_for_samples(12)
        hangs = rf"\[warning\].*{path}: no answer"
        daemon.wait_for_line(hangs)
        # The first pass hung; the following ones did not.
        self.assertGreaterEqual(len(daemon.samples.all_of("quality/count-processes_read")), 4)
        stuck.let_go()
        daemon.wait_for_line(rf"\[info\].*{path}: answered")
        daemon.wait_for_samples(daemon.samples.begun + 1)
        self.stop_within(daemon, 2)
        self.check_every_interval(daemon, "total/bytes-mem_total",
                                  "black_hole/signed_bytes-estimate")
        self.assertIn(1, daemon.samples.all_of("quality/count-processes_hung"))
        self.assertEqual(1, len(daemon.lines(hangs)))
        self.assertEqual(1, len(daemon.lines(rf"\[info\].*{path}: answered")))
        self.assertEqual(1, len(daemon.lasting_warnings()))

    def test_daemon_ends_while_a_reading_hangs(self):
        self.stuck()
        daemon = self.collectd()
        daemon.start()
        daemon.wait_for_samples(2)
        self.stop_within(daemon, 2)
