# SPDX-License-Identifier: MIT
"""Takes known amounts of memory, and makes a process hang."""
import itertools
import re
import subprocess

from harness.process import Error, read, wait_until

numbers = itertools.count(1)


class Unavailable(Exception):
    """This machine does not support it."""


class Injector:
    """Holds `bytes` of memory of a kind (tests/truth/inject.c) until release()."""

    def __init__(self, scratch, build, kind, mib):
        program = build / "tests/inject"
        if not program.exists():
            raise Error(f"not built: {program}")
        self.scratch = scratch
        self.output = scratch.path / f"inject-{next(numbers)}.out"
        # On SIGTERM, or at the end of its input, it frees memory that outlives a process.
        self.process = scratch.start(f"inject {kind}", [program, kind, mib, scratch.path],
                                     log=self.output, stdin=subprocess.PIPE, death="TERM")
        wait_until(f"{kind} memory", lambda: self.ready() or not self.process.alive(), 120)
        if not self.ready():
            scratch.processes.remove(self.process)
            if self.process.popen.wait() == 77:
                raise Unavailable(read(self.output).strip())
            raise Error(f"inject {kind}: {read(self.output)}")
        self.bytes = int(self.ready().group(1))

    def ready(self):
        return re.match(r"READY bytes=(\d+)\n", read(self.output))

    def release(self):
        """Raises Error if the program has printed an error."""
        self.process.popen.stdin.close()
        self.scratch.processes.remove(self.process)
        self.process.wait()
        if not re.fullmatch(r"READY bytes=\d+\n", read(self.output)):
            raise Error(f"{self.process.name}: {read(self.output)}")


class Stuck:
    """A process, `pid`, whose smaps hangs until let_go() (tests/integration/stuck.c). Until
    then, programs that read the files of all processes hang as well."""

    def __init__(self, scratch, build):
        program, mount = build / "tests/stuck", scratch.path / f"mount-{next(numbers)}"
        if not program.exists():
            raise Error(f"not built: {program}")
        mount.mkdir()
        self.scratch = scratch
        scratch.undo.callback(subprocess.run, ["umount", "-l", mount], check=False,
                              stderr=subprocess.DEVNULL)
        self.process = scratch.start(mount.name, [program, mount], good=(-15,))
        output = self.process.log
        wait_until("process that hangs", lambda: read(output) or not self.process.alive(), 60)
        if not self.process.alive():
            scratch.kill(self.process)
            raise Unavailable(f"no process can be made to hang here: {read(output).strip()}")
        self.pid = int(read(output))

    def let_go(self):
        self.scratch.stop(self.process)
