# SPDX-License-Identifier: MIT
"""collectd with the built plugin: its configuration, its log, and the values it sends."""
import functools
import re
import shutil
import subprocess
import threading
import time

from harness.process import Error, read, wait_until

VALUE = re.compile(r'PUTVAL "?[^/]*/([^/ "]+/[^ "]+)"? \S+ ([0-9.]+):(\S+)')
OURS = "meminfo_explain-"


def lasting_warnings(lines):
    """The warnings and errors of a log, without those that a busy machine causes: the pss
    accounting is withheld while too much has changed since the last scan, which no privilege
    would help; a read takes longer than the interval."""
    transient = r"pss accounting withheld: (?!.*CAP_SYS_PTRACE)|above its read interval"
    return [line for line in lines if re.search(r"\[(warning|error)\]", line)
            and not re.search(transient, line)]


def quoted(text):
    """A string of collectd's configuration."""
    escaped = str(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@functools.cache
def plugin_dir():
    text = subprocess.run(["collectd", "-h"], capture_output=True, text=True, check=True).stdout
    return re.search(r"Plugin directory +(.*)", text).group(1)


def load(name, *options, interval=None):
    """The lines that load one of collectd's own plugins."""
    loading = f"LoadPlugin {name}"
    if interval:
        loading = f"<LoadPlugin {name}>\n  {interval}\n</LoadPlugin>"
    if not options:
        return loading
    return "\n  ".join([f"{loading}\n<Plugin {name}>", *options]) + "\n</Plugin>"


def node(name, protocol, port, prefix, *options):
    """A node of write_graphite. prefix: what the names of its metrics begin with."""
    return "\n  ".join([f'<Node "{name}">', 'Host "127.0.0.1"', f'Protocol "{protocol}"',
                        f'Port "{port}"', f'Prefix "{prefix}"', *options]) + "\n</Node>"


def load_write_graphite(*nodes):
    return load("write_graphite", *nodes, interval="FlushInterval 1\n  FlushTimeout 0")


class Samples(threading.Thread):
    """Reads what collectd's csv plugin prints, until collectd ends. The values of a sample have
    the same time; a sample is whole when the next one begins, or at the end."""

    def __init__(self, pipe):
        super().__init__(daemon=True)
        self.pipe = pipe
        self.whole = []     # (time, {"VIEW/TYPE-INSTANCE": text})
        self.begun = 0      # number of samples, the incomplete one included
        self.other = []     # all lines but the plugin's values
        # The incomplete sample, and when its first and last values arrived.
        self.time, self.values, self.began, self.arrival = None, {}, 0, 0
        self.lock = threading.Lock()
        self.start()

    def run(self):
        """Never stops reading: with a full pipe, collectd would block."""
        for line in self.pipe:
            match = VALUE.match(line)
            with self.lock:
                if match and match.group(1).startswith(OURS):
                    self.value(match.group(1)[len(OURS):], float(match.group(2)), match.group(3))
                elif match:
                    self.value_of_another(line, float(match.group(2)))
                else:
                    self.other_line(line.rstrip("\n"))
        with self.lock:
            self.end()

    def value(self, name, stamp, text):
        self.arrival = time.time()
        if stamp != self.time:
            self.end()
            self.time, self.began = stamp, self.arrival
            self.begun += 1
        self.values[name] = text

    def end(self):
        if self.values:
            self.sample(self.time, self.values)
            self.values = {}

    def end_if_idle(self, seconds):
        """Regards the sample as whole if no value has arrived for so many seconds."""
        with self.lock:
            if time.time() - self.arrival >= seconds:
                self.end()

    def value_of_another(self, line, stamp):
        """Called for a value of another plugin."""
        self.other_line(line)

    def other_line(self, line):
        self.other.append(line)

    def sample(self, stamp, values):
        """Called for each whole sample."""
        self.whole.append((stamp, values))

    def all_of(self, name):
        """The values of one metric, as numbers."""
        return [float(values[name]) for _, values in self.whole if name in values]

    def first(self):
        """The first value of every metric, as text."""
        values = {}
        for _, sample in reversed(self.whole):
            values.update(sample)
        return values


class Collectd:
    """A collectd that can be started several times, each time with a new log and new samples.
    parts: its configuration, after the common part. csv: whether it prints its values for
    `samples`. With one write thread they arrive in order."""

    def __init__(self, scratch, *parts, name="testhost", interval=1, level="info", log=None,
                 csv=True, write_threads=1, samples=Samples):
        self.scratch, self.name, self.new_samples = scratch, name, samples
        self.base = scratch.path / name
        self.base.mkdir(exist_ok=True)
        self.log_path = self.base / "log"  # with log="stderr", the log is among the values
        self.conf = scratch.path / f"{name}.conf"
        if csv:
            # Standard error is not buffered.
            parts += (load("csv", 'DataDir "stderr"', "StoreRates false"),)
        self.conf.write_text("\n".join([
            f"Hostname {quoted(name)}", "FQDNLookup false", f"Interval {interval}",
            f"WriteThreads {write_threads}",
            f"BaseDir {quoted(self.base)}", f"PIDFile {quoted(self.base / 'pid')}",
            f"PluginDir {quoted(plugin_dir())}",
            load("logfile", f"File {quoted(log or self.log_path)}", f"LogLevel {level}",
                 "Timestamp false", "PrintSeverity true"), *parts, ""]))
        self.process = self.samples = None

    def start(self, *wrapper, **options):
        """wrapper: a command that runs another one."""
        self.log_path.unlink(missing_ok=True)
        # collectd expands the argument of -C as a shell does, so it must have no blanks.
        self.process = self.scratch.start(
            f"collectd {self.name}", [*wrapper, "collectd", "-f", "-C", self.conf.name],
            cwd=self.scratch.path, program="collectd", stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", **options)
        self.samples = self.new_samples(self.process.popen.stdout)
        self.process.last_lines = self.last_lines

    def log(self):
        return read(self.log_path)

    def lines(self, pattern):
        """The lines of the log in which pattern is found."""
        return [line for line in self.log().splitlines() if re.search(pattern, line)]

    def warnings(self):
        return self.lines(r"\[(warning|error)\]")

    def lasting_warnings(self):
        return lasting_warnings(self.log().splitlines())

    def last_lines(self):
        lines = self.log().splitlines()[-20:] + self.samples.other[-20:]
        return "".join(f"\n  {self.name}: {line}" for line in lines)

    def wait_until(self, what, condition, seconds=60):
        return wait_until(what, condition, seconds, [self.process])

    def wait_for_samples(self, count, seconds=60):
        self.wait_until(f"{count} samples of {self.name}",
                        lambda: self.samples.begun >= count, seconds)

    def wait_for_line(self, pattern, seconds=60):
        return self.wait_until(f'"{pattern}" in the log of {self.name}',
                               lambda: self.lines(pattern), seconds)

    def stop(self, seconds=60):
        self.scratch.stop(self.process, seconds)
        self.samples.join()

    def kill(self):
        self.scratch.kill(self.process)
        self.samples.join()


def load_meminfo_explain(scratch, build, *options):
    """The lines that load a copy of the plugin in a build directory, which other users can
    read."""
    directory = scratch.path / "plugins"
    if not directory.exists():
        directory.mkdir()
        plugin = build / "plugins/meminfo_explain.so"
        if not plugin.exists():
            raise Error(f"not built: {plugin}")
        shutil.copy(plugin, directory)
    return "\n".join([f"PluginDir {quoted(directory)}", load("meminfo_explain", *options),
                      f"PluginDir {quoted(plugin_dir())}"])
