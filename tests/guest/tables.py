# SPDX-License-Identifier: MIT
"""Judges what a guest measured, and prints it as docs/truth.md has it."""
import json
import statistics

from harness.collectd import lasting_warnings
from harness.process import Error, read

MIB = 1 << 20
# Limits in MiB.
CHANGE, CHANGE_MEDIAN, BIAS = 0.3, 0.05, 0.5
# The median of the kinds is judged if there are so many, the coverage if so many samples.
KINDS_JUDGED, SAMPLES_JUDGED = 20, 300
COVERED = 0.99


def error_limit(cpus):
    """The limit of the median of bytes-error, in MiB."""
    return 1.5 if cpus <= 8 else 3 if cpus <= 32 else 6


def lines_of_json(path):
    try:
        return [json.loads(line) for line in read(path).splitlines()]
    except ValueError as error:
        raise Error(f"{path.name}: {error}") from error


def signed(number):
    return "-" if number is None else f"{number:+.2f}"


class Look:
    """What the function look of a guest left in NAME.tool and NAME.truth."""

    def __init__(self, directory, name):
        self.holes = [sample["black_hole"] for sample in lines_of_json(directory / f"{name}.tool")]
        self.truths = [sample["unaccounted"] / MIB
                       for sample in lines_of_json(directory / f"{name}.truth")]
        if not self.truths or any(hole["estimate"] is None for hole in self.holes):
            raise Error(f"{name}: no estimate or no truth")
        self.estimate = statistics.median(hole["estimate"] / MIB for hole in self.holes)
        self.truth = statistics.median(self.truths)
        self.bias = self.estimate - self.truth


class Kind:
    """A kind of memory: MiB that were held; how the truth changed, and how the change of the
    estimate differs from that."""

    def __init__(self, directory, name):
        before, during = (Look(directory, f"{name}.{when}") for when in ("before", "during"))
        self.name = name
        self.held = int(read(directory / f"{name}.bytes")) / MIB
        self.truth = during.truth - before.truth
        self.error = during.estimate - before.estimate - self.truth


class Collectd:
    """What the plugin sent to csv, and what the tool and the truth were meanwhile."""

    def __init__(self, directory):
        self.directory = directory
        self.tool = [sample["black_hole"]["estimate"] / MIB
                     for sample in lines_of_json(directory / "collectd.tool")]
        self.truths = [sample["unaccounted"] / MIB
                       for sample in lines_of_json(directory / "collectd.truth")]
        self.values = {name: self.csv(f"{of}bytes-{name}")
                       for of, name in (("signed_", "estimate"), ("", "error"))}
        self.status = read(directory / "collectd.status").strip()
        self.warnings = lasting_warnings(read(directory / "collectd.log").splitlines())

    def csv(self, name):
        files = list(self.directory.glob(f"csv/*/meminfo_explain-black_hole/{name}-*"))
        if not files:
            return []
        return [float(line.split(",")[1]) / MIB for line in read(files[0]).splitlines()[1:]]


class Result:
    def __init__(self, machine, directory):
        self.machine = machine
        self.release = read(directory / "release").strip()
        self.kinds = [Kind(directory, path.stem) for path in sorted(directory.glob("*.bytes"))]
        self.idle = [Look(directory, path.stem) for path in sorted(directory.glob("idle*.tool"))]
        self.skipped = {path.stem: read(path).strip()
                        for path in sorted(directory.glob("*.skipped"))}
        self.collectd = None
        if (directory / "collectd.status").exists():
            self.collectd = Collectd(directory)

    @property
    def samples(self):
        """[(estimate, error, lowest truth, highest truth)] of samples without a refresh of the
        counters, in MiB."""
        if self.collectd is None or not self.collectd.truths:
            return []
        truths = min(self.collectd.truths), max(self.collectd.truths)
        return [(estimate, error, *truths) for estimate, error in
                zip(self.collectd.values["estimate"], self.collectd.values["error"])]

    def covered(self):
        return sum(low - error <= estimate <= high + error
                   for estimate, error, low, high in self.samples)

    def print_kinds(self):
        machine = self.machine
        print(f"\n{machine.name}: Linux {self.release}, {machine.cpus} CPUs, {machine.nodes} nodes, "
              f"{machine.memory} MiB\n\n| kind | amount | truth | error |\n|---|---|---|---|")
        for kind in self.kinds:
            print(f"| {kind.name} | {kind.held:.2f} | {kind.truth:.2f} | {kind.error:+.2f} |")
        for name, reason in self.skipped.items():
            print(f"| {name} | not measured: {reason} | | |")
        print(flush=True)

    def summary(self):
        errors = [abs(kind.error) for kind in self.kinds]
        biases = sorted(look.bias for look in self.idle)
        sample_errors = [error for _, error, _, _ in self.samples]
        return {
            "kinds measured": str(len(self.kinds)),
            "difference of the changes, median":
                f"{statistics.median(errors):.2f}" if errors else "-",
            "the same, worst": f"{max(errors):.2f}" if errors else "-",
            "bias when idle": " to ".join(dict.fromkeys(map(signed, (biases[0], biases[-1]))))
                              if biases else "-",
            "`bytes-error`, median":
                f"{statistics.median(sample_errors):.2f}" if sample_errors else "-",
            "samples whose error covers the truth": f"{self.covered()} of {len(self.samples)}",
        }

    def problems(self):
        """A sentence for each limit that is exceeded."""
        for kind in self.kinds:
            if abs(kind.error) > CHANGE:
                yield f"{kind.name}: the changes differ by {kind.error:+.2f} MiB"
        median = statistics.median(abs(kind.error) for kind in self.kinds) if self.kinds else 0
        if len(self.kinds) >= KINDS_JUDGED and median > CHANGE_MEDIAN:
            yield f"the changes differ by {median:.3f} MiB in the median"
        if not self.idle:
            yield "nothing was measured while idle"
        for look in self.idle:
            if abs(look.bias) > BIAS:
                yield f"idle, the estimate is {look.bias:+.2f} MiB from the truth"
        yield from self.problems_of_samples()
        if self.collectd is not None:
            yield from self.problems_of_collectd()

    def problems_of_samples(self):
        if not self.samples:
            return
        if self.covered() < COVERED * len(self.samples):
            yield f"error covers the truth in {self.covered()} of {len(self.samples)} samples"
        median = statistics.median(error for _, error, _, _ in self.samples)
        if median > error_limit(self.machine.cpus):
            yield f"error is {median:.2f} MiB in the median"

    def problems_of_collectd(self):
        collectd = self.collectd
        if collectd.status != "0":
            yield f"collectd ended with status {collectd.status or 'none'}"
        for line in collectd.warnings:
            yield f"log of collectd: {line}"
        for name, values in collectd.values.items():
            if len(values) < 20:
                yield f"csv has {len(values)} of 20 intervals of {name}"
        if collectd.values["estimate"] and collectd.tool:
            difference = statistics.median(collectd.values["estimate"]) - \
                statistics.median(collectd.tool)
            if abs(difference) > CHANGE:
                yield f"plugin and tool differ by {difference:+.2f} MiB"


def print_summary(results):
    """A table with a column for each machine."""
    if not results:
        return
    print("| | " + " | ".join(f"{result.machine.name}: {result.release}" for result in results) +
          " |\n" + "|---" * (len(results) + 1) + "|")
    columns = [result.summary() for result in results]
    for name in columns[0]:
        print(f"| {name} | " + " | ".join(column[name] for column in columns) + " |")
    print(flush=True)
