# SPDX-License-Identifier: MIT
"""Processes in a temporary directory; none of them outlives the script that starts it."""
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Debian installs collectd here, which is not in a user's PATH.
os.environ["PATH"] += ":/usr/sbin:/sbin"


class Error(Exception):
    """A process failed, or a condition was not met in time."""


def read(path):
    """The text of a file, or "" where there is none."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return pathlib.Path(path).read_text(errors="replace")
    return ""


def wait_until(what, condition, seconds=60, processes=(), pause=0.05):
    """Returns the first true value of condition(), which may raise Error until then. Raises
    Error after so many seconds, or as soon as one of processes has ended."""
    end, last = time.monotonic() + seconds, ""
    while True:
        try:
            if value := condition():
                return value
        except Error as error:
            last = f": {error}"
        for process in processes:
            process.check()
        if time.monotonic() > end:
            raise Error(f"no {what} within {seconds} s{last}")
        time.sleep(pause)


def free_ports(count):
    """TCP ports of 127.0.0.1 that nothing listens on."""
    sockets = [socket.socket() for _ in range(count)]
    with contextlib.ExitStack() as stack:
        for one in sockets:
            stack.enter_context(one).bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def accepts(port):
    """Whether a server accepts connections on a port of 127.0.0.1."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
        return True
    return False


def exit_on_signals():
    """Makes SIGTERM and SIGHUP raise SystemExit, so that `with` statements clean up."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))


class Process:
    """A command in a session of its own: Ctrl-C does not reach it, and its child processes end
    with it. Its standard input is empty; its output goes to the file log, if there is one.
    good: the exit statuses of success. program: the process to stop, where the command is a
    wrapper that does not forward signals, such as strace or unshare. death: the signal that it
    gets when the thread that started it ends."""

    def __init__(self, name, command, log=None, good=(0,), program=None, death="KILL", **options):
        self.name, self.log, self.good, self.program = name, log, good, program
        if log is not None:
            options.update(stdout=open(log, "ab"), stderr=subprocess.STDOUT)
        options.setdefault("stdin", subprocess.DEVNULL)
        self.popen = subprocess.Popen(["setpriv", "--pdeathsig", death, "--", *map(str, command)],
                                      start_new_session=True, **options)
        self.pid = self.popen.pid
        if log is not None:
            options["stdout"].close()

    def alive(self):
        return self.popen.poll() is None

    def last_lines(self):
        if self.log is None:
            return ""
        return "".join("\n  " + line for line in read(self.log).splitlines()[-20:])

    def check(self):
        if not self.alive():
            raise Error(f"{self.name} ended with status {self.popen.returncode}{self.last_lines()}")

    def program_pid(self):
        """The pid of the first descendant that runs program, or of the process itself."""
        pid = self.pid
        with contextlib.suppress(OSError, IndexError):
            while self.program and read(f"/proc/{pid}/comm").strip() != self.program:
                pid = int(read(f"/proc/{pid}/task/{pid}/children").split()[0])
        return pid

    def _session_lives(self):
        """Whether a process of the session still runs. Zombies do not count: in a container,
        PID 1 may not reap them."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, 0)
            fields = (read(path).rpartition(")")[2].split()
                      for path in pathlib.Path("/proc").glob("[0-9]*/stat"))
            return any(int(group) == self.pid and state not in "ZX"
                       for state, _, group, *_ in filter(None, fields))
        return False

    def wait(self, seconds=60):
        """Waits until it and its child processes have ended; raises Error unless they end in
        time and its exit status is good."""
        end = time.monotonic() + seconds
        try:
            status = self.popen.wait(seconds)
            while self._session_lives() and time.monotonic() < end:
                time.sleep(0.02)
            left = self._session_lives()
        except subprocess.TimeoutExpired:
            left = True
        if left:
            self.kill()
            raise Error(f"{self.name} did not end within {seconds} s{self.last_lines()}")
        if status not in self.good:
            raise Error(f"{self.name} ended with status {status}{self.last_lines()}")

    def terminate(self):
        with contextlib.suppress(ProcessLookupError):
            if self.alive():
                os.kill(self.program_pid(), signal.SIGTERM)

    def stop(self, seconds=60):
        self.terminate()
        self.wait(seconds)

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.popen.wait()


class Scratch:
    """A temporary directory and its processes. Use it in a `with` statement: at its end the
    processes are stopped, or killed after five seconds, then what was set up is undone, then
    the directory is removed."""

    def __init__(self, name, directory=None):
        prefix = f"meminfo_explain-{name}."
        self.path = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=directory)).resolve()
        self.path.chmod(0o755)  # daemons may run as other users
        self.processes = []     # in the order in which they are stopped
        self.undo = contextlib.ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        handlers = {number: signal.signal(number, signal.SIG_IGN)
                    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        for process in self.processes:
            process.terminate()
        end = time.monotonic() + 5
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.popen.wait(max(0, end - time.monotonic()))
            process.kill()
        try:
            self.undo.close()
        finally:
            shutil.rmtree(self.path, ignore_errors=True)
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def start(self, name, command, **options):
        """Starts a Process; without stdout or log, its output goes to the file NAME.out."""
        if "stdout" not in options:
            options.setdefault("log", self.path / (name.replace(" ", "-") + ".out"))
        process = Process(name, command, **options)
        self.processes.insert(0, process)
        return process

    def stop(self, process, seconds=60):
        self.processes.remove(process)
        process.stop(seconds)

    def kill(self, process):
        self.processes.remove(process)
        process.kill()

    def stop_all(self):
        """Stops all, the last one started first; raises Error if one of them fails."""
        errors = []
        while self.processes:
            try:
                self.stop(self.processes[0])
            except Error as error:
                errors.append(str(error))
        if errors:
            raise Error("\n".join(errors))
