# SPDX-License-Identifier: MIT
"""The plugin with ASan and UBSan (preset sanitize) in a real collectd: on this machine, on a
captured one, and on a damaged one."""
import os

from harness.testcase import DaemonTest, FIXTURES


class Asan(DaemonTest):
    def damaged_machine(self):
        proc = self.work / "damaged/proc"
        proc.mkdir(parents=True)
        meminfo = (FIXTURES / "6.1-debian12-1g/proc/meminfo").read_bytes()
        (proc / "meminfo").write_bytes(meminfo[:700])
        # Binary data, the same in each run.
        library = (self.build / "plugins/meminfo_explain.so").read_bytes()
        (proc / "vmallocinfo").write_bytes(library[:5000])
        (proc / "zoneinfo").write_bytes(library[-5000:])
        os.mkfifo(proc / "vmstat")
        return proc.parent

    def test_sanitizers_find_nothing(self):
        for root in ("/", FIXTURES / "6.12-debian12-numa2-8cpu", self.damaged_machine()):
            daemon = self.collectd("AllSeries true", root=root)
            daemon.start(*self.preloaded("libasan.so"),
                         "ASAN_OPTIONS=detect_leaks=1:abort_on_error=0",
                         "UBSAN_OPTIONS=print_stacktrace=1")
            daemon.wait_for_samples(3)
            daemon.stop()
            found = "\n".join(daemon.samples.other)
            for word in ("runtime error", "ERROR: AddressSanitizer", "ERROR: LeakSanitizer"):
                self.assertNotIn(word, found, root)
