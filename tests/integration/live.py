# SPDX-License-Identifier: MIT
"""The plugin on this machine: every metric in every interval, and no warning in the log."""
import os

from harness.testcase import DaemonTest

WANTED = """total/bytes-mem_total total/bytes-pcp_free kernel/bytes-vmalloc
user_lru/bytes-active_file user_cache/bytes-cached black_hole/signed_bytes-lru
black_hole/signed_bytes-cache black_hole/signed_bytes-estimate black_hole/bytes-error
black_hole/signed_bytes-above_floor identity/signed_bytes-lru_cache detail/bytes-used
quality/duration-read""".split()
WANTED_BY_DEFAULT = """total/bytes-removed kernel/bytes-hugetlb user_pss/bytes-buffers
black_hole/signed_bytes-above_floor black_hole/count-state vmalloc/bytes-other
trend/count-worst quality/count-sources_malformed""".split()


class Live(DaemonTest):
    def test_every_metric_in_every_interval(self):
        # With less than the whole budget, a busy machine may withhold pss for a sample.
        daemon = self.collectd("PssBudget 100", "AllSeries true")
        daemon.start()
        daemon.wait_for_samples(40, 100)
        daemon.stop()
        self.assertNoWarnings(daemon)
        samples = daemon.samples.whole
        # The write threads drop what is queued at the end, so the last may be incomplete;
        # callers of vmalloc come and go, and the floor is learned first.
        complete = len(samples) - 1
        names = {name for _, values in samples for name in values
                 if not name.startswith("vmalloc/") and not name.endswith("floor")}
        for name in sorted(names):
            self.assertGreaterEqual(len(daemon.samples.all_of(name)), complete, name)
        self.assertGreaterEqual(len(names), 50)
        for name in WANTED:
            self.assertIn(name, daemon.samples.first())
        self.check_pss(samples)

    def check_pss(self, samples):
        """The sum of Pss agrees with AnonPages + Mapped within its own error, and the drift of
        two counters over the CPUs (vm stats threshold is 125 pages at most)."""
        drift = 2 * os.cpu_count() * 125 * os.sysconf("SC_PAGESIZE")
        residual, error = "identity/signed_bytes-pss_mapped_anon", "quality/bytes-pss_error"
        wrong = [(values[residual], values[error]) for _, values in samples
                 if residual in values and error in values
                 and abs(float(values[residual])) > float(values[error]) + drift]
        self.assertLessEqual(len(wrong), len(samples) // 20, f"Pss disagrees: {wrong}")

    def test_default_set_has_at_most_96_series(self):
        daemon = self.collectd("PssBudget 100", "TrendState false", interval=0.5)
        daemon.start()
        daemon.wait_for_samples(8)  # the floor is known
        daemon.stop()
        self.assertNoWarnings(daemon)
        for name in WANTED_BY_DEFAULT:
            self.assertIn(name, daemon.samples.first())
        # Rate and eta need more history than this.
        count = max(len(values) for _, values in daemon.samples.whole) + 2
        print(f"by default, this machine sends {count} series, rate and eta included")
        self.assertGreaterEqual(count, 40)
        self.assertLessEqual(count, 96)
