# SPDX-License-Identifier: MIT
import os
import unittest

from harness.testcase import DaemonTest

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


@unittest.skipIf(os.geteuid() != 0, "dropping privileges takes root")
class Privileges(DaemonTest):
    def run_as_nobody(self, *options):
        # Large processes must not matter here.
        daemon = self.collectd("PssBudget 100")
        os.chown(daemon.base, 65534, 65534)
        daemon.start(*NOBODY, *options)
        daemon.wait_for_samples(5)
        return daemon

    def test_two_capabilities_see_everything(self):
        two = "+sys_ptrace,+dac_read_search"
        daemon = self.run_as_nobody(f"--inh-caps={two}", f"--ambient-caps={two}",
                                    f"--bounding-set=-all,{two}")
        for name in ("vmalloc/bytes-other", "quality/percent-pss_coverage",
                     "black_hole/signed_bytes-estimate"):
            daemon.wait_until(name, lambda name=name: daemon.samples.all_of(name))
        daemon.stop()
        self.assertEqual([], self.lasting_warnings(daemon))

    def test_denied_files_are_named_once_and_the_rest_is_sent(self):
        daemon = self.run_as_nobody("--inh-caps=-all", "--bounding-set=-all")
        for text in ("proc/vmallocinfo: Permission denied",
                     "proc/PID/smaps_rollup: permission denied"):
            daemon.wait_for_line(rf"\[warning\].*{text}")
        daemon.stop()
        for text in ("proc/vmallocinfo: Permission denied",
                     "proc/PID/smaps_rollup: permission denied"):
            self.assertEqual(1, len(daemon.lines(rf"\[warning\].*{text}")), text)
        self.assertLessEqual(len(self.lasting_warnings(daemon)), 4)
        sent = daemon.samples.first()
        self.assertNotIn("vmalloc/bytes-other", sent)
        for name in ("black_hole/signed_bytes-estimate", "black_hole/bytes-error",
                     "total/bytes-mem_total", "user_lru/bytes-active_file"):
            self.assertIn(name, sent)
