# SPDX-License-Identifier: MIT
"""The plugin on this machine sends every metric in every interval, and logs no warning."""
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

ERROR = "quality/bytes-pss_error"


class Live(DaemonTest):
    def test_every_metric_in_every_interval(self):
        daemon = self.collectd("PssBudget 100", "AllSeries true")
        daemon.start()
        daemon.wait_for_samples(40, 100)
        daemon.stop()
        # The last sample may be incomplete: at its end, collectd drops queued values.
        samples = daemon.samples.whole[:-1]
        self.check_log(daemon, samples)
        # Callers of vmalloc change, and the floor is known after some samples.
        names = {name for _, values in samples for name in values
                 if not name.startswith("vmalloc/") and not name.endswith("floor")}
        first = next(i for i, (_, values) in enumerate(samples) if ERROR in values)
        self.assertLess(first, 10, "no pass over the processes has ended")
        for number, (stamp, values) in enumerate(samples):
            missing = (names if number >= first else set(WANTED[:9])) - values.keys()
            self.assertEqual(set(), missing - self.excused(missing, samples[:number], stamp,
                                                           values), stamp)
        self.assertGreaterEqual(len(names), 50)
        for name in WANTED:
            self.assertIn(name, daemon.samples.first())
        self.check_pss(samples)

    def excused(self, missing, before, stamp, values):
        """The names that a sample on a busy machine may lack: those of the pss accounting if it
        is withheld, and the identity that requires a new vmallocinfo if reading one would take
        more than 1 % of the time."""
        names = set()
        if self.is_pss_withheld(values):
            names = {name for name in missing if "pss" in name and "quality/" not in name}
        if any(float(others["quality/duration-read"]) > 0.01 * (stamp - then)
               for then, others in before):
            names.add("identity/signed_bytes-vmalloc_pages")
        return names

    def check_log(self, daemon, samples):
        """No warning, except that the pss accounting is withheld if it is."""
        withheld = any(self.is_pss_withheld(values) for _, values in samples)
        self.assertEqual([], [line for line in daemon.warnings()
                              if not withheld or "pss accounting withheld" not in line])

    def is_pss_withheld(self, values):
        """True while many processes begin and end, and more than 1 % of memory is in doubt."""
        return float(values.get(ERROR, "inf")) > 0.01 * float(values["total/bytes-mem_total"])

    def check_pss(self, samples):
        """The sum of Pss equals AnonPages + Mapped within its error and the drift of two per-CPU
        counters (vm stats threshold is at most 125 pages). Checked in samples whose
        AnonPages + Mapped has changed by no more than this drift since the previous one and
        until the next one."""
        drift = 2 * os.cpu_count() * 125 * os.sysconf("SC_PAGESIZE")
        mapped = [float(values["user_cache/bytes-anon_pages"]) +
                  float(values["detail/bytes-mapped"]) for _, values in samples]
        residual = "identity/signed_bytes-pss_mapped_anon"
        calm = [samples[i][1] for i in range(1, len(mapped) - 1)
                if max(abs(mapped[i] - mapped[i - 1]), abs(mapped[i + 1] - mapped[i])) <= drift
                and residual in samples[i][1]]
        if len(calm) < 10:
            print(f"skipped: live: Pss against AnonPages + Mapped: {len(calm)} of {len(samples)} "
                  "samples were calm")
            return
        wrong = [(values[residual], values[ERROR]) for values in calm
                 if abs(float(values[residual])) > float(values[ERROR]) + drift]
        self.assertLessEqual(len(wrong), len(calm) // 20, f"Pss disagrees: {wrong}")

    def test_default_set_has_at_most_96_series(self):
        daemon = self.collectd("PssBudget 100", "TrendState false", interval=0.5)
        daemon.start()
        daemon.wait_for_samples(8)  # the floor is known
        daemon.stop()
        self.check_log(daemon, daemon.samples.whole[:-1])
        for name in WANTED_BY_DEFAULT:
            self.assertIn(name, daemon.samples.first())
        # Rate and eta need more history than this.
        count = max(len(values) for _, values in daemon.samples.whole) + 2
        print(f"by default, this machine sends {count} series, rate and eta included")
        self.assertGreaterEqual(count, 40)
        self.assertLessEqual(count, 96)
