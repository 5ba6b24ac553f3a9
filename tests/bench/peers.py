# SPDX-License-Identifier: MIT
"""The sum of Pss of 2,000 small processes, as a pass of ours, smem and process-exporter give
it: CPU time, and whether the answers agree, but for what the tools themselves take. Of large
processes the kernel's own work costs each of the three the same."""
import json
import os
import re
import statistics
import subprocess
import time
import urllib.request

from harness.process import Error, Scratch, free_ports, wait_until

ROUNDS = 7
NAMES = ["pss_against_smem", "pss_against_process_exporter", "run_against_smem",
         "pss_differs_from_smem", "pss_differs_from_process_exporter"]


def run(*command):
    """CPU seconds and output of a command."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise Error(f"{command[0]} ended with status {process.returncode}")
    return usage.ru_utime + usage.ru_stime, output


class Exporter:
    def __init__(self, scratch):
        config = scratch.path / "exporter.yaml"
        config.write_text('process_names:\n  - name: "all"\n    cmdline: [".+"]\n')
        port, = free_ports(1)
        self.url = f"http://127.0.0.1:{port}/metrics"
        self.process = scratch.start("process-exporter", [
            "prometheus-process-exporter", "-config.path", config,
            "-web.listen-address", f"127.0.0.1:{port}"])
        wait_until("process-exporter", self.answers, processes=[self.process])

    def get(self):
        with urllib.request.urlopen(self.url, timeout=60) as answer:
            return answer.read().decode()

    def answers(self):
        try:
            return self.get()
        except OSError:
            return None

    def cpu(self):
        # The clock of the CPU time of a process: include/linux/posix-timers.h
        return time.clock_gettime(~self.process.pid << 3 | 2)

    def scrape(self):
        """CPU seconds of the exporter, and its sum of Pss."""
        begin = self.cpu()
        text = self.get()
        sizes = re.findall(r"^namedprocess_namegroup_memory_bytes\{.*proportionalResident.*\} (.*)",
                           text, re.M)
        return self.cpu() - begin, sum(map(float, sizes))


def one_round(tool, exporter):
    """Ratios by name."""
    _, output = run(tool, "--format", "json", "--samples", "3", "--interval", "0")
    ours = json.loads(output.splitlines()[-1])["quality"]["pss_seconds"]
    ours_run, output = run(tool, "--format", "json")
    our_pss = json.loads(output)["pss"]["pss"]
    smem, output = run("smem", "-H", "-t", "-c", "pss")
    smem_pss = int(output.splitlines()[-1]) * 1024
    exporter_seconds, exporter_pss = exporter.scrape()
    return dict(zip(NAMES, [
        ours / smem, ours / exporter_seconds, ours_run / smem,
        *(max(our_pss, pss) / min(our_pss, pss) - 1 for pss in (smem_pss, exporter_pss))]))


def measure(bench, build):
    with bench.hold(2000, 0.02), Scratch("bench") as scratch:
        exporter = Exporter(scratch)
        rounds = [one_round(build / "meminfo-explain", exporter) for _ in range(ROUNDS)]
    return {name: statistics.median(ratios[name] for ratios in rounds) for name in NAMES}
