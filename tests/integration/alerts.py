# SPDX-License-Identifier: MIT
"""The files of examples/ in real daemons. A captured machine leaks: the leak must appear in the
log of notify-exec.sh, by the plugin's own notification and by that of threshold, and as alerts
of Prometheus."""
import grp
import os
import pwd
import re
import shutil
import socket
import subprocess

from harness.collectd import load, quoted
from harness.machine import Machine
from harness.process import ROOT, free_ports, read
from harness.prometheus import Prometheus
from harness.testcase import DaemonTest, FIXTURES

EXAMPLES = ROOT / "examples"
RULES = EXAMPLES / "meminfo_explain.rules.yml"
WINDOW = 10


def why_no_prometheus():
    if not shutil.which("prometheus") or not shutil.which("promtool"):
        return "no prometheus here"
    linked = subprocess.run(["ldd", "/usr/lib/collectd/write_prometheus.so"], check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    return "libraries of write_prometheus are missing" if "not found" in linked else None


class NotifyExec(DaemonTest):
    """notify-exec.sh on its own, with hostile notifications."""

    def setUp(self):
        self.empty = self.work / "empty"
        self.empty.mkdir()
        self.line, self.mail = self.work / "line", self.work / "mail"
        self.sendmail = self.work / "sendmail"
        self.sendmail.write_text(f'#!/bin/sh\n{{ printf "%s\\n" "$@"; cat; }} >"{self.mail}"\n')
        self.sendmail.chmod(0o755)

    def notify(self, notification, *address):
        subprocess.run([EXAMPLES / "notify-exec.sh", self.line, *address], check=True,
                       input=notification, cwd=self.empty,
                       env=dict(os.environ, SENDMAIL=str(self.sendmail)))
        self.assertEqual([], os.listdir(self.empty), "notify-exec.sh obeyed")

    def test_hostile_text_is_text(self):
        # Each tries to create a file, to end a line, or to be another field.
        self.notify(b"Severity: WARNING\nTime: 1769850900.123\nHost: $(touch a) h\n"
                    b"Plugin: `touch b`\nType: -n%s%n\nTypeInstance: ; touch c #\n"
                    b"Severity: OKAY\nTime: 0\nPlugin: forged\n\n"
                    b"~!touch d\n.\n$(touch e); \\\\n %d * \"'\" \x1b[2J\x9b1m\r\xff\n",
                    "ops@example.org")
        line = ("WARNING $(touch_a)_h `touch_b`/-n%s%n-;_touch_c_#"
                " ~!touch d . $(touch e); \\\\n %d * \"'\" ?[2J?1m??")
        self.assertEqual(f"2026-01-31T09:15:00Z {line}\n", read(self.line))
        self.assertEqual("-oi\n--\nops@example.org\nTo: ops@example.org\n"
                         f"Subject: [collectd] {line}\n\n2026-01-31T09:15:00Z {line}\n",
                         read(self.mail))

    def test_malformed_notifications_are_one_line(self):
        """An empty one, an invalid time, and a message that is too long."""
        for notification in (b"\n", b": \n", b"Time: 1; touch f\nSeverity: OKAY\n\nm\n",
                             b"Time: 99999999999999999999\n\n" + b"0" * 5000 + b"\n"):
            self.line.unlink(missing_ok=True)
            self.notify(notification)
            self.assertRegex(read(self.line), r"\A20\d{2}-[0-9T:-]{14}Z (-|OKAY) - -/- ?"
                                              r"(m|0{1023}|)\n\Z")


class Alerts(DaemonTest):
    def setUp(self):
        self.machine = Machine(FIXTURES / "6.12-debian12-numa2-8cpu", self.work / "root")
        self.silent = False  # whether its meminfo is left alone
        self.user = pwd.getpwuid(os.getuid()).pw_name
        if os.getuid() == 0:
            self.user = "nobody"  # exec refuses root
        notify = self.work / "notify"
        notify.mkdir()
        self.notified, self.seen = notify / "alerts.log", 0
        self.notified.touch()
        for path in (notify, self.notified):
            os.chown(path, pwd.getpwnam(self.user).pw_uid, -1)
        reason = why_no_prometheus()
        if reason:
            print(f"skipped: alerts: {reason}, so only collectd's alerts are tested")
        self.prometheus, parts = None, self.examples()
        if not reason:
            port, = free_ports(1)
            # Alerts must fire soon.
            rules = self.work / "rules.yml"
            rules.write_text(re.sub("for: .*", "for: 1s", read(RULES)))
            self.prometheus = Prometheus(self.scratch, [port], [rules])
            parts.append(read(EXAMPLES / "prometheus.conf").replace('"9103"', f'"{port}"'))
        self.daemon = self.collectd(f"TrendWindow {WINDOW}", "TrendRise 8388608",
                                    root=self.machine.root, interval=0.1, parts=parts)

    def examples(self):
        shutil.copy(EXAMPLES / "notify-exec.sh", self.work)
        notify = read(EXAMPLES / "notify-exec.conf")
        for pattern, path in (('"collectd-notify"', self.user),
                              ('"/[^"]*/notify-exec.sh"', self.work / "notify-exec.sh"),
                              ('"/[^"]*/alerts.log"', self.notified)):
            notify = re.sub(pattern, quoted(path), notify)
        group = grp.getgrgid(os.getgid()).gr_name
        # A value is missing after this number of intervals; a busy machine may be late.
        return ["Timeout 20", f'Include "{EXAMPLES}/threshold.conf"', notify,
                load("unixsock", f'SocketFile "{self.work}/socket"', f'SocketGroup "{group}"')]

    # --- waiting, while the machine changes ---

    def wait_for(self, what, condition, seconds=60):
        def take_and_look():
            if not self.silent:
                self.machine.take()
            return condition()
        return self.daemon.wait_until(what, take_and_look, seconds)

    def new_chapter(self):
        """From now on, ignores the notifications so far."""
        self.seen = len(read(self.notified).splitlines())

    def wait_for_notification(self, severity, metric, text=""):
        pattern = re.compile(rf"[0-9TZ:-]{{20}} {severity} testhost meminfo_explain-{metric} ")
        self.wait_for(f"{severity} of {metric}", lambda: any(
            pattern.match(line) and text in line
            for line in read(self.notified).splitlines()[self.seen:]))

    def alerts(self):
        """Those of the last two seconds: the alert of a step ends soon."""
        firing = self.prometheus.query('max_over_time(ALERTS{alertstate="firing"}[2s])')
        return {(alert["alertname"], alert.get("instance", "-"), alert["severity"])
                for alert, _ in firing}

    def wait_for_alert(self, *alert):
        if self.prometheus:
            self.wait_for(f"alert {alert}", lambda: alert in self.alerts())

    # --- the chapters ---

    def test_examples_notify_of_a_leak(self):
        self.daemon.start()
        self.all_is_well()
        self.notification_of_another()
        self.step()
        self.leak()
        self.given_back_and_removed()
        self.silence()
        self.scratch.stop_all()

    def all_is_well(self):
        for metric in ("black_hole/count-state", "black_hole/signed_bytes-above_floor",
                       "total/bytes-removed"):
            self.wait_for_notification("OKAY", metric, "within range")
        if self.prometheus:
            self.wait_for("scrape", lambda: self.prometheus.query(
                'collectd_meminfo_explain_signed_bytes{type="above_floor"}'))
            total = self.prometheus.query('collectd_meminfo_explain_bytes{meminfo_explain="total",'
                                          'type="mem_total",instance="testhost"}')
            self.assertEqual([str(self.machine.total * 1024)], [value for _, value in total])

    def notification_of_another(self):
        notify = self.work / "notify"
        hostile = f"$(touch {notify}/a) `touch {notify}/b`; ~!touch {notify}/c"
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.work / "socket"))
            connection.sendall(b"PUTNOTIF severity=failure time=1769850900 host=h "
                               b'message="%s"\n' % hostile.encode())
        line = f"2026-01-31T09:15:00Z FAILURE h -/- {hostile}"
        self.wait_for("hostile notification", lambda: line in read(self.notified).splitlines())
        self.assertEqual(["alerts.log"], os.listdir(notify), "notify-exec.sh obeyed")
        self.assertNotRegex(read(self.notified), r"(?m)^[^ ]+ (WARNING|FAILURE) testhost ")
        if self.prometheus:  # it started before collectd, when values were missing
            self.wait_for("end of all alerts", lambda: not self.alerts())

    def step(self):
        """A large step, from a level that the alarm has seen for a while."""
        self.wait_for("25 samples", lambda: self.daemon.samples.begun >= 25)
        self.new_chapter()
        self.machine.hole = 1200 << 10
        self.wait_for_notification("OKAY", "black_hole/bytes_rate-estimate", "jumped by")
        self.wait_for_alert("MeminfoBlackHoleStep", "testhost", "info")
        self.wait_for_notification("WARNING", "black_hole/signed_bytes-above_floor",
                                   "above the warning threshold")

    def leak(self):
        self.machine.rate = 3 << 10
        self.wait_for_notification("WARNING", "black_hole/count-state", "currently 2.0")
        self.wait_for_notification("WARNING", "black_hole/bytes_rate-estimate")
        self.wait_for_alert("MeminfoBlackHoleRising", "testhost", "warning")
        self.machine.rate = 30 << 10
        self.wait_for_notification("FAILURE", "black_hole/count-state", "currently 3.0")
        self.wait_for_notification("FAILURE", "black_hole/bytes_rate-estimate")
        if self.prometheus:
            self.assertTrue(self.prometheus.query(
                'collectd_meminfo_explain_duration_seconds{meminfo_explain="black_hole",'
                'type="eta"}'), "no series of durations")
        self.wait_for_alert("MeminfoBlackHoleFailing", "testhost", "critical")
        self.wait_for_alert("MeminfoBlackHoleUsesUpMemory", "testhost", "critical")

    def given_back_and_removed(self):
        """The leak ends, a balloon removes memory, and a file is malformed."""
        self.machine.rate, self.machine.hole, self.machine.removed = 0, 0, 300 << 10
        zoneinfo = read(self.machine.fixture / "proc/zoneinfo")
        managed = max(map(int, re.findall(r"(?m)^ +managed +(\d+)$", zoneinfo)))
        self.machine.edit("zoneinfo", (rf"(managed +){managed}$",
                                       rf"\g<1>{managed - self.machine.removed // 4}"))
        (self.machine.root / "proc/vmallocinfo").write_text("no line of vmallocinfo\n")
        self.new_chapter()
        for metric in ("black_hole/count-state", "black_hole/signed_bytes-above_floor",
                       "black_hole/bytes_rate-estimate"):
            self.wait_for_notification("OKAY", metric)
        self.wait_for_notification("WARNING", "total/bytes-removed",
                                   "above the warning threshold")
        self.wait_for_alert("MeminfoMemoryRemoved", "testhost", "warning")
        self.wait_for_alert("MeminfoExplainSourceMalformed", "testhost", "warning")

    def silence(self):
        self.new_chapter()
        self.silent = True
        (self.machine.root / "proc/meminfo").unlink()
        self.wait_for_notification("FAILURE", "black_hole/count-state", "has not been updated")
        self.wait_for_alert("MeminfoExplainSilent", "testhost", "warning")
        self.wait_for_alert("MeminfoExplainAbsent", "-", "critical")


class Rules(DaemonTest):
    def test_rules_by_promtool(self):
        if reason := why_no_prometheus():
            self.skipTest(reason)
        for command in (["check", "rules", RULES],
                        ["test", "rules", EXAMPLES / "meminfo_explain.rules.test.yml"]):
            done = subprocess.run(["promtool", *command], check=False, capture_output=True,
                                  text=True)
            self.assertEqual(0, done.returncode, done.stdout + done.stderr)
