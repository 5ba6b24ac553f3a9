# SPDX-License-Identifier: MIT
from harness.testcase import DaemonTest, FIXTURES


class Fixture(DaemonTest):
    def test_collectd_writes_what_expect_txt_says(self):
        for about in sorted(FIXTURES.glob("*/about")):
            root = about.parent
            collectd = self.collectd("AllSeries true", root=root, interval=0.2)
            collectd.start()
            collectd.wait_for_samples(2)
            collectd.stop()
            got = sorted(f"{name} {value}" for name, value in collectd.samples.first().items()
                         if "/duration-" not in name)
            self.assertEqual((root / "expect.txt").read_text().splitlines(), got, root.name)
