# SPDX-License-Identifier: MIT
import json
import os
import shutil
import subprocess
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
        self.assertEqual([], daemon.lasting_warnings())

    def test_denied_files_are_named_once_and_the_rest_is_sent(self):
        daemon = self.run_as_nobody("--inh-caps=-all", "--bounding-set=-all")
        for text in ("proc/vmallocinfo: Permission denied",
                     "proc/PID/smaps_rollup: permission denied"):
            daemon.wait_for_line(rf"\[warning\].*{text}")
        daemon.stop()
        for text in ("proc/vmallocinfo: Permission denied",
                     "proc/PID/smaps_rollup: permission denied"):
            self.assertEqual(1, len(daemon.lines(rf"\[warning\].*{text}")), text)
        self.assertLessEqual(len(daemon.lasting_warnings()), 5)
        sent = daemon.samples.first()
        self.assertNotIn("vmalloc/bytes-other", sent)
        for name in ("black_hole/signed_bytes-estimate", "black_hole/bytes-error",
                     "total/bytes-mem_total", "user_lru/bytes-active_file"):
            self.assertIn(name, sent)

    def report_of(self, *wrapper):
        """{rule: (text, command)} of the tool, and its messages."""
        tool = shutil.copy(self.build / "meminfo-explain", self.work)
        self.work.chmod(0o755)
        done = subprocess.run([*wrapper, tool, "--format", "json"], capture_output=True, text=True,
                              check=True)
        self.explained = json.loads(done.stdout)
        return {said["rule"]: (said["text"], said["next"] or "")
                for said in self.explained["report"]}, done.stderr

    def test_advice_is_for_who_runs_the_tool(self):
        root = ["setpriv", "--inh-caps=-all"]
        for wrapper in ([], [*root, "--bounding-set=-all"], [*root, "--bounding-set=-sys_ptrace"],
                        [*root, "--bounding-set=-dac_read_search,-syslog"],
                        ["unshare", "--user", "--map-root-user"]):
            report, messages = self.report_of(*wrapper)
            for text, command in [*report.values(), (messages, "")]:
                self.assertNotIn("sudo", command, wrapper)
                if wrapper[:1] != ["unshare"]:
                    self.assertNotIn("run as root", text, wrapper)
        report, messages = self.report_of(*NOBODY, "--inh-caps=-all", "--bounding-set=-all")
        self.assertEqual("sudo meminfo-explain", report["sources_denied"][1])
        self.assertIn("run as root or grant CAP_SYS_PTRACE", messages)

    def test_processes_that_deny_their_smaps_are_named_with_the_reason(self):
        bare = ["--inh-caps=-all", "--bounding-set=-all"]
        for reason, *wrapper in (["capabilities", "setpriv", *bare], ["owner", *NOBODY, *bare],
                                 ["user_namespace", "unshare", "--user", "--map-root-user"]):
            report, _ = self.report_of(*wrapper)
            denied = self.explained["pss"]["denied_processes"]
            self.assertIn(reason, {process["reason"] for process in denied})
            self.assertLessEqual(len(denied), 8)
            self.assertEqual(sorted(denied, key=lambda process: -process["rss"]), denied)
            self.assertIn(f"PID {denied[0]['pid']} ({denied[0]['name']})", report["pss"][0])
            for process in denied:
                self.assertTrue(process["reason"] != "capabilities" or process["lacking"], process)
