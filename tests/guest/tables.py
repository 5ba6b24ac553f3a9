# SPDX-License-Identifier: MIT
"""Judges what a guest measured, and states it as docs/truth.md has it."""
import json
import statistics

from harness.collectd import lasting_warnings
from harness.process import Error, read

MIB = 1 << 20
# Limits in MiB; of changes at least so many pages.
CHANGE, CHANGE_MEDIAN, BIAS = 0.3, 0.05, 0.5
CHANGE_PAGES, CHANGE_MEDIAN_PAGES = 5, 1
# How far the truth may be from the amount, in MiB and as a share.
METER, METER_SHARE = 0.5, 0.01
# The median of the changes is judged if there are so many kinds.
KINDS_JUDGED = 20
# How many samples a full scenario has, and the share whose error must cover the truth.
SAMPLES, COVERED = 300, 0.99


# What is measured of each machine; MiB.
HEAD = ("| machine | Linux | CPUs, nodes, MiB | kinds | error of the change: median, worst | "
        "bias when idle | `error`, median | samples it covers |",
        "|---|---|---|---|---|---|---|---|")
# What is named of the idle black hole of a machine with so many CPUs.
NAMED, NAMED_CPUS = 0.7, 96
# Rules of a machine whose numbers cannot be trusted (rules.def).
DOUBTS = ("refused", "incomplete", "black_hole_unknown", "black_hole_negative", "wrong_counter")


def error_limit(cpus):
    """The limit of the median of bytes-error, in MiB."""
    return 1.5 if cpus <= 8 else 3 if cpus <= 32 else 6


def lines_of_json(path):
    try:
        return [json.loads(line) for line in read(path).splitlines()]
    except ValueError as error:
        raise Error(f"{path.name}: {error}") from error


class Look:
    """What the function look of a guest left in NAME.tool and NAME.truth."""

    def __init__(self, directory, name):
        self.name, samples = name, lines_of_json(directory / f"{name}.tool")
        self.holes = [sample["black_hole"] for sample in samples]
        truths = lines_of_json(directory / f"{name}.truth")
        self.truths = [sample["unaccounted"] / MIB for sample in truths]
        if not truths or any(hole["estimate"] is None for hole in self.holes):
            raise Error(f"{name}: no estimate or no truth")
        self.estimate = statistics.median(hole["estimate"] / MIB for hole in self.holes)
        self.unexplained = statistics.median(hole["unexplained"] / MIB for hole in self.holes)
        self.truth = statistics.median(self.truths)
        self.bias = self.estimate - self.truth
        self.named = statistics.median(hole["hidden"] / MIB for hole in self.holes)
        self.broken = {name for sample in samples for name, identity in
                       sample["identities"].items() if identity["holds"] is False}
        self.doubts = {sentence["text"] for sample in samples for sentence in sample["report"]
                       if sentence["rule"] in DOUBTS}
        self.page = truths[0]["page"] / MIB


class Kind:
    """A kind of memory: MiB that were held; how the truth changed, how the change of the
    estimate differs from that, and how what no consumer explains changed."""

    def __init__(self, directory, name):
        before, during = (Look(directory, f"{name}.{when}") for when in ("before", "during"))
        self.name = name
        self.held = int(read(directory / f"{name}.bytes")) / MIB
        self.truth = during.truth - before.truth
        self.error = during.estimate - before.estimate - self.truth
        self.unexplained = during.unexplained - before.unexplained

    def meter_is_off(self):
        """Whether the truth did not follow a kind of a known amount, or followed one that has a
        counter. What is allocated around the pages themselves may be unaccounted as well."""
        expected = {"u": self.held, "a": 0, "s": 0}.get(self.name[0], self.truth)
        return abs(self.truth - expected) > METER + METER_SHARE * expected


class Samples:
    """`samples`: [(estimate, error, lowest truth, highest truth)], in MiB, without a refresh of
    the counters."""
    samples = ()

    def covered(self):
        return sum(low - error <= estimate <= high + error
                   for estimate, error, low, high in self.samples)

    def errors(self):
        return [error for _, error, _, _ in self.samples]


class Cover(Samples):
    """What the function cover of a guest left. Pages of large kmalloc() are known exactly only
    after a refresh, after every tenth sample: between two, the truth is between those that
    follow from either."""

    def __init__(self, directory, name):
        self.name = name
        exact = [line["large_kmalloc"] for line in lines_of_json(directory / f"{name}.refreshed")]
        self.samples = []
        for number, (sample, pages) in enumerate(zip(
                lines_of_json(directory / f"{name}.tool"),
                lines_of_json(directory / f"{name}.truth"))):
            hole, near = sample["black_hole"], exact[number // 10:number // 10 + 2]
            if hole["estimate"] is None or hole["error"] is None:
                raise Error(f"{name}: sample {number + 1} has no estimate or no error")
            truth = pages["unaccounted"] + pages["large_kmalloc"]
            self.samples.append(tuple(value / MIB for value in (
                hole["estimate"], hole["error"], truth - max(near), truth - min(near))))


class Collectd(Samples):
    """What the plugin sent to csv, and what the tool and the truth were meanwhile."""

    name = "collectd"

    def __init__(self, directory):
        self.directory = directory
        self.tool = [sample["black_hole"]["estimate"] / MIB
                     for sample in lines_of_json(directory / "collectd.tool")]
        self.truths = [sample["unaccounted"] / MIB
                       for sample in lines_of_json(directory / "collectd.truth")]
        self.values = {name: self.csv(f"{of}bytes-{name}")
                       for of, name in (("signed_", "estimate"), ("", "error"))}
        self.status = read(directory / "collectd.status").strip()
        if self.truths:
            self.samples = [(*pair, min(self.truths), max(self.truths))
                            for pair in zip(*self.values.values())]
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
        # What the scenario found itself.
        self.expectations = read(directory / "problems").splitlines()
        self.skipped = {path.stem: read(path).strip()
                        for path in sorted(directory.glob("*.skipped"))}
        self.covers = [Cover(directory, path.stem)
                       for path in sorted(directory.glob("cover_*.tool"))]
        self.collectd = None
        if (directory / "collectd.status").exists():
            self.collectd = Collectd(directory)
            self.covers.append(self.collectd)

    def row(self):
        """The row of this machine in a table with HEAD."""
        machine, errors = self.machine, [abs(kind.error) for kind in self.kinds]
        biases = sorted(look.bias for look in self.idle)
        sample_errors = [error for cover in self.covers for error in cover.errors()]
        return "| " + " | ".join((
            f"[{machine.name}]({machine.name}.md)", self.release,
            f"{machine.cpus}, {machine.nodes}, {machine.memory}",
            str(len(self.kinds)),
            f"{statistics.median(errors):.2f}, {max(errors):.2f}" if errors else "-",
            " to ".join(dict.fromkeys((f"{biases[0]:+.2f}", f"{biases[-1]:+.2f}")))
            if biases else "-",
            f"{statistics.median(sample_errors):.2f}" if sample_errors else "-",
            f"{sum(cover.covered() for cover in self.covers)} of {len(sample_errors)}")) + " |"

    def text(self):
        """What was measured, in Markdown."""
        lines = [*HEAD, self.row(), ""]
        if self.idle:
            lines += [f"idle: {self.named():.0%} of the black hole of "
                      f"{self.idle[0].estimate:.1f} MiB is named", ""]
        for cover in self.covers:
            apart = [estimate - (low + high) / 2 for estimate, _, low, high in cover.samples]
            lines += [f"{cover.name}: `error` covers the truth in {cover.covered()} of "
                      f"{len(apart)} samples; estimate less truth {min(apart):+.2f} to "
                      f"{max(apart):+.2f}; error {min(cover.errors()):.2f} to "
                      f"{max(cover.errors()):.2f}, median {statistics.median(cover.errors()):.2f}",
                      ""] if apart else []
        if self.kinds:
            lines += ["| kind | amount | truth | error | unexplained |", "|---|---|---|---|---|"]
        lines += [f"| {kind.name} | {kind.held:.2f} | {kind.truth:.2f} | {kind.error:+.2f} | "
                  f"{kind.unexplained:.2f} |" for kind in self.kinds]
        lines += [f"| {name} | not measured: {reason} | | | |"
                  for name, reason in self.skipped.items()]
        return "\n".join(lines) + "\n"

    def named(self):
        """The part of the idle black hole that consumers have."""
        return self.idle[0].named / self.idle[0].estimate

    def problems(self):
        """A sentence for each limit that is exceeded."""
        page = max((look.page for look in self.idle), default=0)
        for kind in self.kinds:
            if kind.meter_is_off():
                yield f"{kind.name}: of {kind.held:.2f} MiB the truth has {kind.truth:.2f}"
            if abs(kind.error) > max(CHANGE, CHANGE_PAGES * page):
                yield f"{kind.name}: the changes differ by {kind.error:+.2f} MiB"
        median = statistics.median(abs(kind.error) for kind in self.kinds) if self.kinds else 0
        if len(self.kinds) >= KINDS_JUDGED and \
                median > max(CHANGE_MEDIAN, CHANGE_MEDIAN_PAGES * page):
            yield f"the changes differ by {median:.3f} MiB in the median"
        if not self.idle:
            yield "nothing was measured while idle"
        for look in self.idle:
            if abs(look.bias) > BIAS:
                yield f"{look.name}: the estimate is {look.bias:+.2f} MiB from the truth"
            for identity in sorted(look.broken):
                yield f"{look.name}: identity {identity} does not hold"
            for sentence in sorted(look.doubts):
                yield f"{look.name}: {sentence}"
        for look in self.idle:
            if look.named > look.truth + BIAS:
                yield f"{look.name}: {look.named:.2f} MiB of {look.truth:.2f} are named"
        if self.machine.cpus >= NAMED_CPUS and self.idle and self.named() < NAMED:
            yield f"{self.named():.0%} of the idle black hole is named"
        yield from self.expectations
        yield from self.problems_of_samples()
        if self.collectd is not None:
            yield from self.problems_of_collectd()

    def problems_of_samples(self):
        for cover in self.covers:
            covered, count = cover.covered(), len(cover.samples)
            if covered < COVERED * count:
                yield f"{cover.name}: error covers the truth in {covered} of {count} samples"
        errors = [error for cover in self.covers for error in cover.errors()]
        if errors and statistics.median(errors) > error_limit(self.machine.cpus):
            yield f"error is {statistics.median(errors):.2f} MiB in the median"
        if self.machine.scenario != "short" and len(errors) < SAMPLES:
            yield f"there are {len(errors)} samples without a refresh, not {SAMPLES}"

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
