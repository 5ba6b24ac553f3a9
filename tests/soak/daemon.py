# SPDX-License-Identifier: MIT
"""A collectd under test: what it sends, and whether it is right; what it logs."""
import os
import re
import threading
import time

from harness.collectd import Collectd, Samples, load, load_meminfo_explain
from harness.process import Error


def check_sums(values):
    """Each accounting that is known adds up, to the byte; returns how many are known."""
    def number(name):
        value = float(values[name])
        if value != int(value):
            raise Error(f"{name} is not a number of bytes: {values[name]}")
        return int(value)

    def total(view):
        return sum(number(name) for name in values if name.startswith(view + "/"))
    if "total/bytes-mem_total" not in values:
        return 0
    checked = 0
    for accounting in ("lru", "cache", "pss"):
        hole = "black_hole/signed_bytes-" + accounting
        if hole not in values:
            continue
        parts = (number("total/bytes-mem_free") + total("kernel") +
                 total("user_" + accounting) + number(hole))
        if "total/bytes-pcp_free" in values:
            parts += number("total/bytes-pcp_free")
        if parts != number("total/bytes-mem_total"):
            raise Error(f"the {accounting} accounting does not add up: {parts} of "
                        f"{values['total/bytes-mem_total']}")
        checked += 1
    return checked


class CheckedSamples(Samples):
    def __init__(self, pipe):
        self.times = []     # of whole samples, by collectd's clock
        self.arrivals = []  # of their first values, by our clock
        self.control = []   # both, of another plugin with the same interval
        self.last = {}      # the last whole sample
        self.names = []     # of the first 1000 samples
        self.required = set()  # names that each sample must have
        self.count = self.sums = 0
        self.wrong = []
        super().__init__(pipe)

    def value(self, name, stamp, text):
        if name in self.values and stamp == self.time:
            self.wrong.append(f"{stamp:.3f}: {name} twice")
        if text == "nan":
            self.wrong.append(f"{stamp:.3f}: {name} is not a number")
        super().value(name, stamp, text)
        self.count += 1

    def value_of_another(self, line, stamp):
        self.control.append((stamp, time.time()))

    def sample(self, stamp, values):
        if self.times and stamp <= self.times[-1]:
            self.wrong.append(f"time went from {self.times[-1]:.3f} to {stamp:.3f}")
        try:
            self.sums += check_sums(values)
        except Error as error:
            self.wrong.append(f"{stamp:.3f}: {error}")
        missing = self.required - values.keys()
        if missing:
            self.wrong.append(f"{stamp:.3f}: no {', '.join(sorted(missing))}")
        self.arrivals.append(self.began)
        self.last = values
        if len(self.names) < 1000:
            self.names.append(set(values))
        self.times.append(stamp)


class Daemon(Collectd):
    """faults: whether the faults of the plan are preloaded."""

    def __init__(self, soak, name, *options, root="/", faults=True):
        plugin = load_meminfo_explain(soak.scratch, soak.build, f'Root "{root}"', *options)
        super().__init__(soak.scratch, plugin, load("load"), name=name, interval=soak.interval,
                         samples=CheckedSamples)
        self.soak, self.faults = soak, faults
        self.log_at, self.new_lines, self.slow_at = 0, [], []
        self.log_lock = threading.Lock()

    def start(self):
        wrapper = []
        if self.faults:
            # By its name alone: with blanks in its path, LD_PRELOAD would be two.
            directory, name = os.path.split(self.soak.library)
            wrapper = ["env", f"LD_PRELOAD={name}", f"LD_LIBRARY_PATH={directory}",
                       f"MEMINFO_EXPLAIN_FAULTS={self.soak.plan}",
                       f"MEMINFO_EXPLAIN_HITS={self.soak.hits_path}",
                       f"MEMINFO_EXPLAIN_DIRECTORY={self.soak.disk}"]
        self.log_at = 0
        super().start(*wrapper)
        threading.Thread(target=self.follow_log, args=(self.process,), daemon=True).start()

    def wait_for(self, count):
        """For so many whole samples."""
        self.wait_until(f"{count} samples of {self.name}",
                        lambda: len(self.samples.times) >= count)

    def wait_more(self, count):
        self.wait_for(len(self.samples.times) + count)

    def read_log(self):
        if not self.log_path.exists():
            return
        with self.log_lock, open(self.log_path, "rb") as log:
            log.seek(self.log_at)
            text = log.read()
            whole = text[:text.rfind(b"\n") + 1]
            self.log_at += len(whole)
            for line in whole.decode(errors="replace").splitlines():
                if re.search("pss accounting(: recovered| withheld)", line):
                    self.soak.pss_messages += 1  # because of churn and budget, not of a fault
                elif re.search("meminfo_explain plugin: ", line):
                    self.new_lines.append(line)
                elif re.search(r"\[(warning|error)\]", line) or "suspend" in line:
                    self.soak.note_collectd(line)
                    if "'meminfo_explain' plugin took" in line.replace("`", "'"):
                        self.slow_at.append(time.time())

    def follow_log(self, process):
        while process.alive():
            self.read_log()
            time.sleep(0.02)

    def new_log(self):
        """The plugin's own lines since the last call; collectd's own go to soak."""
        self.read_log()
        with self.log_lock:
            lines, self.new_lines = self.new_lines, []
        return lines

    def status(self):
        """Resident kB, descriptors, threads."""
        directory = f"/proc/{self.process.pid}/"
        with open(directory + "status") as lines:
            status = dict(line.split(":", 1) for line in lines)
        return (int(status["VmRSS"].split()[0]), len(os.listdir(directory + "fd")),
                int(status["Threads"]))
