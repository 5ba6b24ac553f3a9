# SPDX-License-Identifier: MIT
"""The plugin with ThreadSanitizer (preset threads) in a real collectd, while the smaps of a
process hangs, if this machine supports that."""
from harness.inject import Stuck, Unavailable
from harness.testcase import DaemonTest


class Tsan(DaemonTest):
    def test_thread_sanitizer_finds_nothing(self):
        try:
            Stuck(self.scratch, self.build)
        except Unavailable as reason:
            print(f"skipped: tsan: {reason}")
        daemon = self.collectd()
        daemon.start(*self.preloaded("libtsan.so"), "TSAN_OPTIONS=exitcode=66")
        daemon.wait_for_samples(9)
        daemon.stop()
        self.assertNotIn("WARNING: ThreadSanitizer", "\n".join(daemon.samples.other))
