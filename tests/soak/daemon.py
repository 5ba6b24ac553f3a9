# SPDX-License-Identifier: MIT
"""A collectd under test: its configuration, its log, its samples."""
import os
import re
import shlex
import signal
import subprocess
import threading
import time

from samples import Samples, Wrong, wait_until

CONF = """BaseDir "%(base)s"
PIDFile "%(base)s/pid"
Hostname "testhost"
FQDNLookup false
Interval %(interval)g
WriteThreads 1
LoadPlugin logfile
<Plugin logfile>
  LogLevel info
  File "%(base)s/log"
  Timestamp false
  PrintSeverity true
</Plugin>
PluginDir "%(plugins)s"
LoadPlugin meminfo_explain
<Plugin meminfo_explain>
  Root "%(root)s"
  %(options)s
</Plugin>
PluginDir "/usr/lib/collectd"
LoadPlugin load
LoadPlugin csv
<Plugin csv>
  DataDir "stdout"
  StoreRates false
</Plugin>
"""


class Collectd:
    def __init__(self, soak, name, options, root="/", faults=True):
        self.soak, self.name = soak, name
        self.base = os.path.join(soak.work, name)
        os.makedirs(self.base, exist_ok=True)
        self.log_path = os.path.join(self.base, "log")
        self.log_at, self.lines, self.slow_at = 0, [], []
        self.log_lock = threading.Lock()
        self.faults = faults
        with open(os.path.join(self.base, "collectd.conf"), "w") as conf:
            conf.write(CONF % {"base": self.base, "interval": soak.interval,
                               "plugins": soak.plugins, "options": options, "root": root})
        self.process = self.samples = None

    def start(self):
        environment = dict(os.environ)
        if self.faults:
            # By its name: with blanks in its path it would be two.
            directory, name = os.path.split(self.soak.library)
            environment.update(LD_PRELOAD=name, LD_LIBRARY_PATH=directory,
                               MEMINFO_EXPLAIN_FAULTS=self.soak.plan,
                               MEMINFO_EXPLAIN_HITS=self.soak.hits_path,
                               MEMINFO_EXPLAIN_DIRECTORY=self.soak.disk)
        # collectd takes its -C for a pattern of the shell's, as which it is quoted.
        command = ["setpriv", "--pdeathsig", "KILL", "/usr/sbin/collectd", "-f", "-C",
                   shlex.quote(os.path.join(self.base, "collectd.conf"))]
        self.stderr = open(os.path.join(self.base, "stderr"), "a")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.stderr,
                                        text=True, env=environment)
        self.samples = Samples(self.process.stdout)
        threading.Thread(target=self.follow_log, daemon=True).start()
        self.soak.running.append(self)

    def wait_for(self, count, seconds=60):
        def there():
            if self.process.poll() is not None:
                raise Wrong("collectd ended with status %d" % self.process.returncode)
            return self.samples.count() >= count
        wait_until("%d samples of %s" % (count, self.name), there, seconds)

    def wait_more(self, count):
        self.wait_for(self.samples.count() + count)

    def gone(self):
        self.process.wait()
        self.samples.thread.join()
        self.stderr.close()
        self.soak.running.remove(self)
        return self.process.returncode

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            raise Wrong("collectd does not end")
        status = self.gone()
        if status != 0:
            raise Wrong("collectd ended with status %d" % status)

    def kill(self):
        self.process.kill()
        self.gone()

    def read_log(self):
        if not os.path.exists(self.log_path):
            return
        with self.log_lock, open(self.log_path, errors="replace") as log:
            log.seek(self.log_at)
            text = log.read()
            whole = text[:text.rfind("\n") + 1]
            self.log_at += len(whole.encode())
            for line in whole.splitlines():
                if re.search("pss accounting(: recovered| withheld)", line):
                    self.soak.pss_said += 1  # of churn and budget, not of a fault
                elif re.search("meminfo_explain plugin: ", line):
                    self.lines.append(line)
                elif re.search(r"\[(warning|error)\]", line) or "suspend" in line:
                    self.soak.note_collectd(line)
                    if "'meminfo_explain' plugin took" in line.replace("`", "'"):
                        self.slow_at.append(time.time())

    def follow_log(self):
        while self.process.poll() is None:
            self.read_log()
            time.sleep(0.02)

    def new_log(self):
        """The plugin's own lines since the last call; what collectd says by itself apart."""
        self.read_log()
        with self.log_lock:
            lines, self.lines = self.lines, []
        return lines

    def status(self):
        """Resident kB, descriptors, threads."""
        directory = "/proc/%d/" % self.process.pid
        with open(directory + "status") as lines:
            status = dict(line.split(":", 1) for line in lines)
        return (int(status["VmRSS"].split()[0]), len(os.listdir(directory + "fd")),
                int(status["Threads"]))
