# SPDX-License-Identifier: MIT
"""The plugin in a real collectd under helgrind."""
from harness.testcase import DaemonTest

# collectd's own threads read flags of its own without a lock as it ends (read_loop in
# daemon/plugin.c): races in its own code are not the plugin's.
# A thread that waits for a condition may signal it from inside glibc, without its lock, in
# case it took another's signal (glibc 2.36: nptl/pthread_cond_wait.c).
SUPPRESSIONS = """
{
   races in collectd
   Helgrind:Race
   obj:/usr/sbin/collectd
   ...
}
{
   a signal from inside pthread_cond_wait
   Helgrind:Misc
   obj:*/vgpreload_helgrind-*
   fun:__pthread_cond_wait_common
   ...
}
"""


class Helgrind(DaemonTest):
    def test_helgrind_finds_nothing(self):
        suppressions, log = self.work / "suppressions", self.work / "helgrind"
        suppressions.write_text(SUPPRESSIONS)
        daemon = self.collectd(interval=2)
        daemon.start("valgrind", "--tool=helgrind", f"--suppressions={suppressions}",
                     f"--log-file={log}")
        daemon.wait_for_samples(4, 180)
        daemon.stop()
        self.assertIn("ERROR SUMMARY: 0 errors", log.read_text())
