# SPDX-License-Identifier: MIT
"""Debian's carbon and graphite-web on 127.0.0.1."""
import json
import os
import subprocess
import urllib.parse
import urllib.request
import uuid

from harness.process import Error, accepts, free_ports, read, wait_until

# Debian's Python, which finds the modules of Debian's packages.
PYTHON = "/usr/bin/python3"


def get(url):
    """Returns the body of the answer, or raises Error. Never uses a proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=30) as answer:
            return answer.read()
    except OSError as error:
        raise Error(f"{url}: {error}") from None


class Graphite:
    """Carbon caches, called a, b, ..., and a graphite-web that queries all of them. Each cache
    receives lines by TCP and UDP on its port. With more than one, a relay must distribute the
    metrics."""

    def __init__(self, scratch, retentions, caches=1):
        self.scratch, self.names = scratch, "abcd"[:caches]
        ports = free_ports(2 * caches + 1)
        self.ports, self.query_ports, self.render_port = ports[:caches], ports[caches:-1], ports[-1]
        self.url = f"http://127.0.0.1:{self.render_port}"
        self.caches = {}
        for directory in ("conf", "log", "run"):
            (scratch.path / directory).mkdir(exist_ok=True)
        self._configure(retentions)
        # In HOME, libraries write font caches and the like.
        self.environment = dict(
            os.environ, HOME=str(scratch.path), XDG_CACHE_HOME=str(scratch.path),
            PYTHONPATH=str(scratch.path / "conf"), DJANGO_SETTINGS_MODULE="graphite.settings",
            GRAPHITE_SETTINGS_MODULE="meminfo_explain_settings")
        for variable in ("PYTHONHOME", "GUNICORN_CMD_ARGS"):
            self.environment.pop(variable, None)
        for number in range(caches):
            self._launch_cache(number)
        self._migrate()
        for number in range(caches):
            self._await_cache(number)
        web = self._start("graphite-web", "gunicorn", "--bind", f"127.0.0.1:{self.render_port}",
                          "--workers", 1, "--threads", 2, "--worker-tmp-dir", scratch.path,
                          "graphite.wsgi")
        wait_until("answer of graphite-web", lambda: accepts(self.render_port), 60, [web])

    def whisper(self, number):
        """The directory of a cache's files."""
        return self.scratch.path / "whisper" / self.names[number]

    def _start(self, name, program, *arguments, **options):
        return self.scratch.start(name, [PYTHON, f"/usr/bin/{program}", *arguments],
                                  cwd=self.scratch.path, env=self.environment, **options)

    def _launch_cache(self, number):
        name, path = self.names[number], self.scratch.path
        # Twisted's daemons clean up, then end by the signal.
        self.caches[number] = self._start(
            f"carbon {name}", "carbon-cache", "--nodaemon", f"--instance={name}",
            f"--config={path}/conf/carbon.conf", f"--pidfile={path}/run/carbon-{name}.pid",
            f"--logdir={path}/log", "start", good=(0, -15))

    def _await_cache(self, number):
        wait_until(f"carbon {self.names[number]}", lambda: accepts(self.ports[number]), 60,
                   [self.caches[number]])

    def start_cache(self, number):
        """Starts a cache that was stopped or killed."""
        self._launch_cache(number)
        self._await_cache(number)

    def _migrate(self):
        done = subprocess.run(
            [PYTHON, "/usr/bin/graphite-manage", "migrate", "--run-syncdb", "--noinput"],
            cwd=self.scratch.path, env=self.environment, capture_output=True, text=True,
            check=False)
        if done.returncode != 0:
            raise Error("graphite-manage migrate: " + done.stdout[-2000:] + done.stderr[-2000:])

    def _configure(self, retentions):
        conf = self.scratch.path / "conf"
        for number in range(len(self.names)):
            self.whisper(number).mkdir(parents=True)
        links = [f"127.0.0.1:{port}:{name}" for port, name in zip(self.query_ports, self.names)]
        directories = [str(self.whisper(number)) for number in range(len(self.names))]
        (conf / "carbon.conf").write_text(CARBON.format(path=self.scratch.path) + "".join(
            CACHE.format(name=name, path=self.whisper(number), port=self.ports[number],
                         query_port=self.query_ports[number])
            for number, name in enumerate(self.names)))
        (conf / "storage-schemas.conf").write_text(
            f"[all]\npattern = .*\nretentions = {retentions}\n")
        (conf / "storage-aggregation.conf").write_text(
            "[all]\npattern = .*\nxFilesFactor = 0\naggregationMethod = average\n")
        (conf / "meminfo_explain_settings.py").write_text(
            SETTINGS.format(path=str(self.scratch.path), key=str(uuid.uuid4()), links=links,
                            directories=directories))

    def render_url(self, form, options, *targets):
        """options: {name: value} of the render API."""
        query = [("format", form), *options.items(), *(("target", target) for target in targets)]
        return f"{self.url}/render?" + urllib.parse.urlencode(
            query, quote_via=urllib.parse.quote, safe="*")

    def series(self, options, *targets):
        return self.series_of(self.render_url("json", options, *targets))

    @staticmethod
    def series_of(link):
        """{name: [value, ...]} of the series that have values, without unknown values."""
        found = {}
        for series in json.loads(get(link)):
            values = [value for value, _ in series["datapoints"] if value is not None]
            if values:
                found[series["target"]] = values
        return found

    def picture(self, options, *targets):
        png = get(self.render_url("png", options, *targets))
        if png[1:4] != b"PNG":
            raise Error(f"graphite-web drew no picture: {png[:200]}")
        return png

    def log(self):
        return read(self.scratch.path / "graphite-web.out")[-2000:]


CARBON = """[cache]
STORAGE_DIR = {path}
CONF_DIR = {path}/conf
LOG_DIR = {path}/log
PID_DIR = {path}/run
USER =
MAX_CREATES_PER_MINUTE = inf
MAX_UPDATES_PER_SECOND = inf
LINE_RECEIVER_INTERFACE = 127.0.0.1
UDP_RECEIVER_INTERFACE = 127.0.0.1
ENABLE_UDP_LISTENER = True
PICKLE_RECEIVER_PORT = 0
CACHE_QUERY_INTERFACE = 127.0.0.1
ENABLE_TAGS = False
CARBON_METRIC_INTERVAL = 0
"""

CACHE = """[cache:{name}]
LOCAL_DATA_DIR = {path}
LINE_RECEIVER_PORT = {port}
UDP_RECEIVER_PORT = {port}
CACHE_QUERY_PORT = {query_port}
"""

SETTINGS = """STORAGE_DIR = {path!r}
SECRET_KEY = {key!r}
ALLOWED_HOSTS = ['127.0.0.1', 'localhost']
TIME_ZONE = 'UTC'
CONF_DIR = STORAGE_DIR + '/conf'
LOG_DIR = STORAGE_DIR + '/log'
INDEX_FILE = STORAGE_DIR + '/index'
WHISPER_DIR = STORAGE_DIR + '/whisper'
STANDARD_DIRS = {directories!r}
CARBONLINK_HOSTS = {links!r}
STATIC_ROOT = '/usr/share/graphite-web/static'
DATABASES = {{'default': {{'ENGINE': 'django.db.backends.sqlite3',
                         'NAME': STORAGE_DIR + '/graphite.db'}}}}
"""
