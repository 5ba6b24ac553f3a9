# SPDX-License-Identifier: MIT
"""A real leak: pipes fill, two MiB at a time. The windows of the alarm are short."""
import re
import time

from harness.inject import Injector, Unavailable
from harness.testcase import DaemonTest


class Alarm(DaemonTest):
    def setUp(self):
        self.evidence = self.work / "evidence"
        self.evidence.mkdir()
        self.state = self.work / "state"
        # The scan of processes is not needed here.
        self.daemon = self.collectd("Pss false", "TrendWindow 20", "TrendRise 8388608",
                                    f'StateFile "{self.state}"', f'EvidenceDir "{self.evidence}"',
                                    interval=0.2)
        self.pipes = []

    def notifications(self, severity=".*"):
        """The lines of the log about the estimate."""
        return self.daemon.lines(rf"Notification: severity = {severity}, .*"
                                 r"type_instance = estimate,")

    def wait_for_notification(self, severity):
        return self.daemon.wait_until(f"{severity} about the estimate",
                                      lambda: self.notifications(severity), 90)[0]

    def leak(self, count):
        for _ in range(count):
            try:
                self.pipes.append(Injector(self.scratch, self.build, "pipe", 2))
            except Unavailable as reason:
                self.skipTest(f"no pipes here: {reason}")
            time.sleep(0.5)

    def release(self):
        while self.pipes:
            self.pipes.pop().release()

    def test_is_raised_survives_a_restart_and_clears(self):
        self.daemon.start()
        self.daemon.wait_for_samples(110)  # somewhat more than a window
        self.assertEqual([], self.notifications(), "an alarm without a leak")
        self.leak(16)
        message = self.wait_for_notification("WARNING")
        self.assertRegex(message, "black hole rising: .* since .*; no known consumer")
        evidence = self.daemon.wait_until("evidence", lambda: [
            path for path in self.evidence.glob("meminfo_explain-*-estimate-warning.txt")
            if path.stat().st_size > 0])[0]
        self.assertEqual(0o600, evidence.stat().st_mode & 0o777, "others can read evidence")

        self.daemon.stop()
        self.assertGreater(self.state.stat().st_size, 0)
        self.daemon.start()
        self.leak(4)
        self.assertEqual([], self.notifications("WARNING"), "warned once more after a restart")
        self.assertEqual([], self.notifications("OKAY"), "okay in the middle of a leak")
        self.release()
        self.assertIn("no longer rising", self.wait_for_notification("OKAY"))
        self.daemon.stop()
        self.damaged_state_is_one_message()

    def damaged_state_is_one_message(self):
        data = bytearray(self.state.read_bytes())
        data[len(data) // 2] ^= 1
        self.state.write_bytes(data)
        self.daemon.start()
        self.daemon.wait_for_line(f"{re.escape(str(self.state))}: damaged")
        self.daemon.wait_for_samples(5)
        self.daemon.stop()
        self.assertEqual(1, len(self.daemon.warnings()), self.daemon.warnings())
