# SPDX-License-Identifier: MIT
"""usage: fleet.py BUILD_DIR
Started by tools/fleet: three hosts, a collectd that receives, a relay, two carbon caches and
graphite-web, until Ctrl-C."""
import os
import pathlib
import random
import subprocess
import sys
import time

from harness.collectd import Collectd, load, load_meminfo_explain, load_write_graphite, node
from harness.graphite import Graphite
from harness.process import (ROOT, Error, Scratch, accepts, exit_on_signals, free_ports,
                             wait_until)

MACHINES = {"web1": "6.18-debian12-idle-24g", "db1": "6.6-composed-1t-locked-shmem",
            "vm1": "6.1-composed-hyperv"}
# db1 sends the default set of series.
OPTIONS = {"web1": ["AllSeries true"], "db1": [], "vm1": ["AllSeries true", "UseStockTypes true"]}

# carbon_ch hashes address and instance, so an instance is required.
RELAY = """cluster caches
    carbon_ch replication 1
        127.0.0.1:{0}=a
        127.0.0.1:{1}=b
    ;
match * send to caches stop;
listen type linemode 127.0.0.1:{2} proto tcp;
"""


def ip(*arguments):
    subprocess.run(["ip", *map(str, arguments)], check=True)


def have_namespaces():
    """Whether a host can have a network of its own."""
    names = f"mxp{os.getpid()}", f"mxq{os.getpid()}"
    return all(subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0
               for command in (["unshare", "--net", "true"],
                               ["ip", "link", "add", names[0], "type", "veth", "peer", "name",
                                names[1]],
                               ["ip", "link", "del", names[0]]))


class Fleet:
    """Starts the hosts, the relay, the caches and graphite-web; start_receiver() the rest."""

    def __init__(self, scratch, build):
        self.scratch, self.build = scratch, build
        self.graphite = Graphite(scratch, "1s:10m", 2)
        self.relay_port, self.network_port = free_ports(2)
        self.start_relay()
        self.namespaces = have_namespaces()
        if not self.namespaces:
            print("skipped: fleet: no network namespaces here; all hosts share one network")
        self.subnets = f"198.18.{random.randrange(200)}"  # RFC 2544 reserves these for tests
        self.addresses = set()  # of the receiver, as the hosts see it
        for number, host in enumerate(MACHINES):
            self.start_host(host, 4 * number)

    def start_relay(self):
        conf = self.scratch.path / "relay.conf"
        conf.write_text(RELAY.format(*self.graphite.ports, self.relay_port))
        relay = self.scratch.start("relay", ["carbon-c-relay", "-s", "-f", conf])
        wait_until("relay", lambda: accepts(self.relay_port), 60, [relay])

    def start_host(self, host, number):
        """In a network namespace if that is possible; a pair of interfaces connects it, and
        disappears with the host."""
        receiver, address = "127.0.0.1", f"{self.subnets}.{number + 2}/30"
        if self.namespaces:
            receiver = f"{self.subnets}.{number + 1}"
        self.addresses.add(receiver)
        daemon = Collectd(
            self.scratch, load("network", f'Server "{receiver}" "{self.network_port}"'),
            load_meminfo_explain(self.scratch, self.build,
                                 f'Root "{ROOT}/fixtures/{MACHINES[host]}"', "TrendState false",
                                 *OPTIONS[host]), name=host, csv=False)
        if not self.namespaces:
            daemon.start()
            return
        daemon.start("unshare", "--net", "sh", "-c",
                     "until ip link set eth0 up 2>/dev/null; do sleep 0.1; done\n"
                     'ip addr add "$0" dev eth0\nexec "$@"', address)
        pid, link = daemon.process.pid, f"mx{os.getpid()}-{number}"
        daemon.wait_until("network of " + host, lambda: os.readlink(f"/proc/{pid}/ns/net")
                          != os.readlink("/proc/self/ns/net"))
        ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", pid)
        ip("addr", "add", f"{receiver}/30", "dev", link)
        ip("link", "set", link, "up")

    def start_receiver(self, *more_nodes, types=True):
        """It writes to the relay and to more nodes; it knows the plugin's types, or not."""
        parts = [load("network", *(f'Listen "{address}" "{self.network_port}"'
                                   for address in sorted(self.addresses))),
                 load_write_graphite(node("relay", "tcp", self.relay_port, "collectd."),
                                     *more_nodes)]
        if types:
            parts.insert(0, 'TypesDB "/usr/share/collectd/types.db" '
                            f'"{ROOT}/types.db.d/meminfo_explain.db"')
        self.receiver = Collectd(self.scratch, *parts, name="receiver", csv=False)
        self.receiver.start()

    def graph(self):
        """A link to the estimate of each host."""
        return self.graphite.render_url(
            "png", {"width": 1000, "height": 600, "from": "-5min", "yUnitSystem": "binary"},
            "aliasByNode(collectd.*.meminfo_explain-black_hole.{signed_bytes,gauge}-estimate,1)")


def run(build):
    with Scratch("fleet") as scratch:
        fleet = Fleet(scratch, build)
        fleet.start_receiver()
        for host in MACHINES:
            wait_until(f"values of {host}", lambda host=host: fleet.graphite.series(
                {"from": "-10s"}, f"collectd.{host}.meminfo_explain-*.*"), 60, scratch.processes)
        print(f"""
Three hosts in one Graphite, collectd.{{web1,db1,vm1}}.meminfo_explain-*:
  {fleet.graph()}
vm1 has UseStockTypes: its estimate is gauge-estimate; the others send signed_bytes-estimate.
Running until Ctrl-C.""", flush=True)
        while True:
            time.sleep(1)
            for process in scratch.processes:
                process.check()


def main():
    exit_on_signals()
    try:
        run(pathlib.Path(sys.argv[1]))
    except Error as error:
        sys.exit(f"tools/fleet: {error}")
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
