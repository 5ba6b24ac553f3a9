# SPDX-License-Identifier: MIT
"""usage: hosts.py BUILD_DIR CHECK.mjs
Started by tests/grafana/run. Feeds Graphite and Prometheus from three collectds, and runs
check.mjs on them. All three read one captured machine with a simulated leak. `default` sends
the default series, `all` all series, and `stock` all series with UseStockTypes, to Graphite
only. Each writes to Graphite with all namings."""
import pathlib
import shutil
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from harness.collectd import Collectd, load, load_meminfo_explain, load_write_graphite, node
from harness.graphite import Graphite
from harness.machine import Machine
from harness.process import Error, Scratch, exit_on_signals, free_ports, read
from harness.prometheus import Prometheus

HOSTS = {"default": [], "all": ["AllSeries true"],
         "stock": ["AllSeries true", "UseStockTypes true"]}


def start_host(scratch, build, name, carbon_port, prometheus_port):
    """Starts a collectd with so short a TrendWindow that the alarm finds the leak in seconds."""
    daemon = Collectd(
        scratch, load_write_graphite(
            node("default", "tcp", carbon_port, "collectd."),
            node("separate", "tcp", carbon_port, "dc.one.", "SeparateInstances true"),
            node("bare", "tcp", carbon_port, "")),
        load("write_prometheus", 'Host "127.0.0.1"', f'Port "{prometheus_port}"'),
        load_meminfo_explain(scratch, build, f'Root "{scratch.path}/machine"', "TrendWindow 10",
                             "TrendRise 8388608", *HOSTS[name]),
        name=name, interval=0.2, level="warning", csv=False)
    daemon.start()
    return daemon


def run(build, check):
    with Scratch("grafana") as scratch:
        machine = Machine(ROOT / "fixtures/6.12-composed-allocinfo", scratch.path / "machine")
        # No fixture has both allocinfo and a balloon with memory outside MemTotal.
        balloon = "sys/kernel/debug/hv-balloon"
        shutil.copy(ROOT / "fixtures/6.1-composed-hyperv" / balloon, machine.root / balloon)
        graphite = Graphite(scratch, "1s:1h,60s:2d")
        ports = free_ports(3)
        hosts = [start_host(scratch, build, name, graphite.ports[0], port)
                 for name, port in zip(HOSTS, ports)]
        prometheus = Prometheus(scratch, ports[:2])
        node_js = scratch.start("check.mjs", ["node", check, ROOT, graphite.url, prometheus.url,
                                              graphite.ports[0]], stdout=sys.stdout)
        # The leak begins after 9 seconds, as the alarm needs a history without it.
        started = time.monotonic()
        while node_js.alive():
            machine.rate = 5 * 512 if time.monotonic() - started > 9 else 0
            machine.take()
            time.sleep(0.1)
        if node_js.popen.returncode != 0:
            for name in [host.log_path for host in hosts] + [prometheus.process.log]:
                print(f"{name}:\n{read(name)[-2000:]}", file=sys.stderr)
        scratch.stop_all()


def main():
    exit_on_signals()
    try:
        run(pathlib.Path(sys.argv[1]), sys.argv[2])
    except Error as error:
        sys.exit(f"tests/grafana/run: {error}")


if __name__ == "__main__":
    main()
