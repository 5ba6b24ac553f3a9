#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""usage: tests/bench/judge.py [--full] [--table FILE] BUILD_DIR
Runs the benchmarks of BUILD_DIR and prints one line for each row of limits.def:

    NAME RATIO LIMIT        or        not judged: busy: NAME RATIO LIMIT

A ratio above its limit counts only if it was measured twice, and each time the machine was
at rest: no other process, and no other guest of the host, used the CPU. Otherwise it is
measured again as soon as the machine is at rest. If that does not happen in time, the line
is not judged. A ratio within its limit always counts: other work makes a ratio larger.

  --full        500 samples instead of 40 for pss_steady_*; print what each of them gave
  --table FILE  also write the ratios to FILE as a table in Markdown

Exit status: 0 no ratio is above its limit, 1 a ratio is or a benchmark failed, 2 wrong usage
"""
import argparse
import collections
import contextlib
import os
import pathlib
import platform
import re
import resource
import subprocess
import sys
import tempfile
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
from harness.process import Error, exit_on_signals, read
import peers

# Seconds by which waiting for rest and measuring again may prolong a run.
PATIENCE = 300 if os.environ.get("CI") == "true" else 90
CPUS = os.sysconf("SC_NPROCESSORS_ONLN")
# CPUs that others may use while the machine is at rest.
REST = max(0.1, 0.05 * CPUS)


class Others:
    """How many CPUs others have used, on average, since this object was made. That includes
    the time that a hypervisor gave to other guests."""

    def __init__(self):
        self.begin = self.clocks()

    @staticmethod
    def clocks():
        """Seconds: of a clock, idle time of all CPUs, CPU time of this script and of those of
        its children that have ended."""
        idle = sum(map(int, read("/proc/stat").split("\n", 1)[0].split()[4:6]))
        usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return (time.monotonic(), idle / os.sysconf("SC_CLK_TCK"),
                sum(usage.ru_utime + usage.ru_stime for usage in usages))

    def cpus(self):
        seconds, idle, ours = (now - then for now, then in zip(self.clocks(), self.begin))
        return max(0, CPUS - (idle + ours) / seconds)


class Judge:
    def __init__(self, limits, verbose):
        self.limits, self.verbose = limits, verbose
        self.patience = PATIENCE
        self.judged = {}
        self.failed = False

    def rest_comes(self):
        """Waits until the machine is at rest; whether it is before patience runs out."""
        while self.patience > 0:
            others = Others()
            time.sleep(1)
            self.patience -= 1
            if others.cpus() <= REST:
                return True
        return False

    def attempt(self, measure):
        """The ratios by name, whether the machine was at rest, and how long it took."""
        begin, others = time.monotonic(), Others()
        ratios = measure()
        cpus = others.cpus()
        if self.verbose:
            print(f"others used {cpus:.2f} CPUs: {ratios}", file=sys.stderr)
        return ratios, cpus <= REST, time.monotonic() - begin

    def judge(self, names, measure):
        """measure() returns the ratios of `names`."""
        least, strikes = dict.fromkeys(names, float("inf")), collections.Counter()
        attempts = 0
        while True:
            ratios, rest, seconds = self.attempt(measure)
            least = {name: min(least[name], ratios[name]) for name in names}
            above = [name for name in names if least[name] > self.limits[name]]
            strikes.update(above if rest else [])
            attempts += 1
            self.patience -= seconds if attempts > 1 else 0
            if all(strikes[name] == 2 for name in above) or not (rest or self.rest_comes()):
                break
        for name in names:
            line = f"{name} {least[name]:.4g} {self.limits[name]:g}"
            if name in above and strikes[name] < 2:
                line = f"not judged: busy: {line}"
            else:
                self.judged[name] = least[name]
                self.failed |= name in above
            print(line, flush=True)


class Bench:
    """The program `bench` of a build."""

    def __init__(self, build, full):
        self.program = build / "tests/bench"
        self.verbose = ["--verbose"] if full else []

    def run(self, *arguments):
        """Its ratios by name."""
        done = subprocess.run([self.program, *arguments, *self.verbose], check=True, timeout=600,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        lines = (line.split() for line in done.stdout.splitlines())
        return {name: float(ratio) for name, ratio, _ in lines}

    def limits(self):
        text = subprocess.check_output([self.program, "limits"], text=True)
        return {name: float(limit) for name, limit in map(str.split, text.splitlines())}

    def count(self, function, *arguments):
        """What callgrind counts within a function and what it calls: instructions, system
        calls; and the number that the program prints."""
        with tempfile.NamedTemporaryFile() as scratch:
            done = subprocess.run(
                ["valgrind", "--tool=callgrind", f"--callgrind-out-file={scratch.name}",
                 "--collect-systime=yes", f"--toggle-collect={function}",
                 self.program, *arguments],
                check=True, timeout=600, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        # Zeros at the end of the line are left out.
        counts = re.search(r"Collected : ([\d ]+)", done.stderr).group(1).split() + ["0"]
        return int(counts[0]), int(counts[1]), int(done.stdout.split()[1])

    def vmallocinfo(self):
        instructions, _, size = self.count("vmallocinfo_parse", "vmallocinfo")
        return {"vmallocinfo_instructions_per_byte": instructions / size}

    @contextlib.contextmanager
    def hold(self, processes, scale):
        """A population of processes, for as long as the context lasts."""
        with subprocess.Popen([self.program, "hold", "--processes", str(processes), "--scale",
                               str(scale)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as hold:
            try:
                if hold.stdout.readline() != b"ready\n":
                    raise Error("no population")
                yield
            finally:
                hold.stdin.close()

    def pass_costs(self, processes):
        """Instructions and system calls for each process of a pass that is not the first."""
        with self.hold(processes, 0.02):
            once = self.count("pss_scan_pass", "passes", "--passes", "1")
            again = self.count("pss_scan_pass", "passes", "--passes", "3")
        return [(many - one) / 2 / again[2] for one, many in zip(once[:2], again[:2])]

    def passes(self):
        few, many = self.pass_costs(100), self.pass_costs(8000)
        return {"pss_instructions_per_process": many[0], "pss_calls_per_process": many[1],
                "pss_growth_8000_to_100": many[0] / few[0]}


def benchmarks(bench, build, full):
    """Rows of limits.def, and what measures them."""
    samples = "500" if full else "40"
    return [
        (["sample_without_pss"], lambda: bench.run("sample")),
        (["vmallocinfo_instructions_per_byte"], bench.vmallocinfo),
        (["pss_memory_of_10000"], lambda: bench.run("memory")),
        (["pss_stall_of_largest"], lambda: bench.run("stall")),
        (["pss_full_pass", "pss_full_pass_first"], lambda: bench.run("full")),
        (["pss_steady_cpu", "pss_steady_difference_worst", "pss_steady_error",
          "pss_steady_uncovered"], lambda: bench.run("steady", "--samples", samples)),
        (["pss_budget_mean", "pss_budget_worst_period"],
         lambda: bench.run("budget", "--samples", "20")),
        (["pss_churn_difference_worst", "pss_churn_uncovered", "pss_churn_rss_growth"],
         lambda: bench.run("churn", "--samples", "40")),
        (["pss_instructions_per_process", "pss_calls_per_process", "pss_growth_8000_to_100"],
         bench.passes),
        (peers.NAMES, lambda: peers.measure(bench, build)),
    ]


def table(limits, judged):
    """The lines of a document with all ratios, and where they were measured."""
    yield "# Benchmarks, measured\n"
    processor = re.search(r"^model name\s*: (.*)", read("/proc/cpuinfo"), re.M)
    memory = int(re.search(r"^MemTotal: +(\d+)", read("/proc/meminfo"), re.M).group(1))
    yield f"By `tests/bench/run --table`: Linux {platform.release().split('-')[0]}, {CPUS} CPUs" + (
        f" ({processor.group(1)})" if processor else "") + f", {memory / 2**20:.0f} GiB.\n"
    yield "| benchmark | ratio | limit |\n|---|---|---|"
    for name, limit in limits.items():
        ratio = f"{judged[name]:.4g}" if name in judged else "not judged"
        yield f"| `{name}` | {ratio} | {limit:g} |"


def main():
    parser = argparse.ArgumentParser(usage=__doc__, add_help=False)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--table", type=pathlib.Path)
    parser.add_argument("build", type=pathlib.Path)
    options = parser.parse_args()
    exit_on_signals()
    bench = Bench(options.build.resolve(), options.full)
    limits = bench.limits()
    rows = benchmarks(bench, options.build.resolve(), options.full)
    missing = set(limits).symmetric_difference(name for names, _ in rows for name in names)
    if missing:
        raise Error(f"not in limits.def, or not measured: {' '.join(sorted(missing))}")
    judge = Judge(limits, options.full)
    for names, measure in rows:
        judge.judge(names, measure)
    if options.table:
        options.table.write_text("\n".join(table(limits, judge.judged)) + "\n")
    return 1 if judge.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Error, OSError, subprocess.SubprocessError) as error:
        sys.exit(f"bench: {error}")
