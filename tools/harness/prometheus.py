# SPDX-License-Identifier: MIT
"""A Prometheus that scrapes collectd's write_prometheus several times a second."""
import json
import urllib.parse

from harness.graphite import get
from harness.process import free_ports, wait_until

CONFIGURATION = """global:
  scrape_interval: 200ms
  scrape_timeout: 200ms
  evaluation_interval: 200ms
rule_files: {rules}
scrape_configs:
  - job_name: collectd
    honor_labels: true
    static_configs: [{{targets: {targets}}}]
"""


class Prometheus:
    """ports: what it scrapes on 127.0.0.1; rules: files. It begins to scrape five seconds after
    its start."""

    def __init__(self, scratch, ports, rules=()):
        self.port, = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        configuration = scratch.path / "prometheus.yml"
        configuration.write_text(CONFIGURATION.format(
            rules=json.dumps(list(map(str, rules))),
            targets=json.dumps([f"127.0.0.1:{port}" for port in ports])))
        # With a short look-back, values that are no longer sent disappear soon.
        self.process = scratch.start("prometheus", [
            "prometheus", f"--config.file={configuration}",
            f"--storage.tsdb.path={scratch.path}/tsdb",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--query.lookback-delta=2s", "--log.level=warn"])
        wait_until("Prometheus", lambda: get(f"{self.url}/-/ready"), 60, [self.process])

    def query(self, expression):
        """[(labels, value as text)]"""
        url = f"{self.url}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        return [(one["metric"], one["value"][1]) for one in json.loads(get(url))["data"]["result"]]
