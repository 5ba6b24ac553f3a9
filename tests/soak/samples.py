# SPDX-License-Identifier: MIT
"""What a collectd under test sends, and whether it is right."""
import re
import threading
import time


class Wrong(Exception):
    """What the test is there to find."""


def wait_until(what, condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Wrong("no %s within %d s" % (what, seconds))
        time.sleep(0.01)


PUTVAL = re.compile(r'PUTVAL "?[^/]*/([^/ "]+/[^ "]+)"? \S+ ([0-9.]+):(\S+)')
OURS = "meminfo_explain-"


def check_sum(values):
    """Each accounting that is known adds up, to the byte."""
    def number(name):
        value = float(values[name])
        if value != int(value):
            raise Wrong("%s is no number of bytes: %s" % (name, values[name]))
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
            raise Wrong("the %s accounting does not add up: %d of %s" %
                        (accounting, parts, values["total/bytes-mem_total"]))
        checked += 1
    return checked


class Samples:
    """What collectd's csv plugin prints; the values of a sample share one time."""

    def __init__(self, pipe):
        self.lock = threading.Lock()
        self.times = []     # of whole samples, as collectd tells them
        self.arrivals = []  # when their first value did, by our clock
        self.control = []   # times of another plugin of the same interval
        self.last = {}      # the last whole sample
        self.names = []     # that the first ones had
        self.required = set()  # what each must have
        self.values = self.sums = 0
        self.wrong = []
        self.pending_time, self.pending_arrival, self.pending = None, None, {}
        self.thread = threading.Thread(target=self.read, args=(pipe,), daemon=True)
        self.thread.start()

    def count(self):
        return len(self.times)

    def whole(self):
        values, stamp = self.pending, self.pending_time
        self.pending = {}
        with self.lock:
            if self.times and stamp <= self.times[-1]:
                self.wrong.append("time went from %.3f to %.3f" % (self.times[-1], stamp))
            try:
                self.sums += check_sum(values)
            except Wrong as error:
                self.wrong.append("%.3f: %s" % (stamp, error))
            missing = self.required - values.keys()
            if missing:
                self.wrong.append("%.3f: no %s" % (stamp, ", ".join(sorted(missing))))
            self.values += len(values)
            self.times.append(stamp)
            self.arrivals.append(self.pending_arrival)
            self.last = values
            if len(self.names) < 1000:
                self.names.append(set(values))

    def read(self, pipe):
        """Reads on whatever happens: collectd would wait for us."""
        for line in pipe:
            try:
                self.take(line)
            except Exception as error:
                self.wrong.append("%s: %r" % (line, error))
        if self.pending:
            self.whole()

    def take(self, line):
        match = PUTVAL.match(line)
        if not match:
            return
        name, stamp, value = match.group(1), float(match.group(2)), match.group(3)
        if not name.startswith(OURS):
            self.control.append((stamp, time.time()))
            return
        name = name[len(OURS):]
        if stamp != self.pending_time:
            if self.pending:
                self.whole()
            self.pending_time, self.pending_arrival = stamp, time.time()
        if name in self.pending:
            self.wrong.append("%.3f: %s twice" % (stamp, name))
        if value == "nan":
            self.wrong.append("%.3f: %s is no number" % (stamp, name))
        self.pending[name] = value
