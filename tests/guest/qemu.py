# SPDX-License-Identifier: MIT
"""One virtual machine: its arguments, its control line, its results."""
import contextlib
import dataclasses
import json
import pathlib
import shutil
import socket
import subprocess
import tarfile
import threading
import time

from harness.process import Error, read, wait_until


@dataclasses.dataclass(frozen=True)
class Architecture:
    """How qemu runs a Debian kernel of an architecture. Disks, control line and balloon are
    virtio devices of the same names everywhere."""
    program: str
    package: str
    machine: tuple
    console: str


ARCHITECTURES = {
    "amd64": Architecture("qemu-system-x86_64", "qemu-system-x86",
                          ("-machine", "q35", "-cpu", "max,la57=off"), "ttyS0"),
    "i386": Architecture("qemu-system-x86_64", "qemu-system-x86",
                         ("-machine", "q35", "-cpu", "max,la57=off"), "ttyS0"),
    "arm64": Architecture("qemu-system-aarch64", "qemu-system-arm",
                          ("-machine", "virt", "-cpu", "cortex-a72"), "ttyAMA0"),
    "ppc64el": Architecture("qemu-system-ppc64", "qemu-system-ppc",
                            ("-machine", "pseries", "-cpu", "power9"), "hvc0"),
    "s390x": Architecture("qemu-system-s390x", "qemu-system-misc",
                          ("-machine", "s390-ccw-virtio", "-cpu", "max"), "ttysclp0"),
}


class Qemu:
    """A guest of a machine (machines.py), started. `scratch`: its processes and files; kernel
    and initramfs: paths."""

    def __init__(self, scratch, machine, kernel, initramfs, root=None):
        self.machine, self.directory = machine, scratch.path
        self.console, self.results = self.directory / "console", self.directory / "results.tar"
        self.added = 0  # DIMMs and CPUs
        for name, size in (("disk", 1024), ("swap", 512)):
            with open(self.directory / name, "wb") as disk:
                disk.truncate(size << 20)
        # Without features that need further modules.
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal,^metadata_csum",
                        self.directory / "disk"], check=True)
        arguments = self.arguments(kernel, initramfs)
        if root:
            arguments += ["-drive", f"if=none,id=root,file={root},format=raw,snapshot=on,"
                                    "cache=unsafe", "-device", "virtio-blk,drive=root"]
        self.process = scratch.start("qemu", ["nice", "-n", "5", *arguments],
                                     program=ARCHITECTURES[machine.architecture].program)
        wait_until("sockets of qemu", lambda: (self.directory / "qmp").exists() and
                   (self.directory / "control").exists(), 30, [self.process])
        self.qmp = self.connect("qmp").makefile("rw")
        self.qmp.readline()
        self.command("qmp_capabilities")
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def arguments(self, kernel, initramfs):
        machine, at = self.machine, self.directory
        architecture = ARCHITECTURES[machine.architecture]
        arguments = [
            architecture.program, "-nodefaults", "-no-user-config", "-no-reboot",
            "-display", "none", *architecture.machine,
            "-accel", self.accelerator(), "-smp", self.processors(), "-m", self.memory(),
            "-kernel", kernel, "-initrd", initramfs,
            # x86 checks its timer in real time, and panics on a busy host. Words that the kernel
            # does not know become variables of /init.
            "-append", f"console={architecture.console} quiet panic=-1 no_timer_check "
                       "random.trust_cpu=on "
                       f"SCENARIO={machine.scenario} SECONDS_MAX={machine.seconds} "
                       f"{machine.append}",
            "-chardev", f"file,id=console,path={self.console}", "-serial", "chardev:console",
            "-qmp", f"unix:{at}/qmp,server=on,wait=off",
            "-device", "virtio-serial",
            "-chardev", f"socket,id=control,path={at}/control,server=on,wait=off",
            "-device", "virtserialport,nr=1,chardev=control",
            "-chardev", f"file,id=results,path={self.results}",
            "-device", "virtserialport,nr=2,chardev=results",
            "-device", "virtio-balloon,id=balloon,deflate-on-oom=on"]
        for disk in ("disk", "swap"):
            arguments += ["-drive", f"if=none,id={disk},file={at}/{disk},format=raw,cache=unsafe",
                          "-device", f"virtio-blk,drive={disk}"]
        for node, (memory, cpus) in enumerate(machine.layout):
            arguments += ["-numa", f"node,nodeid={node}" +
                          (f",memdev=memory{node}" if memory else "") +
                          (f",cpus={cpus}" if cpus else "")]
            if memory:
                arguments += ["-object", f"memory-backend-ram,id=memory{node},size={memory}M"]
        return arguments + list(machine.qemu)

    def accelerator(self):
        """One thread runs all CPUs in turn if they are many: a CPU that waits in a loop then
        gives up its turn. As threads on a few CPUs of the host they slow each other down:
        96 boot in a minute in turn, and in ten minutes as threads."""
        many = self.machine.cpus + self.machine.free_cpus >= 8
        return "tcg,thread=" + ("single" if many else "multi")

    def processors(self):
        """A socket is in one node. CPUs can be added to empty sockets: Linux ignores others
        (arch/x86/kernel/cpu/topology.c: topology_register_apic)."""
        machine = self.machine
        possible = machine.cpus + machine.free_cpus
        sockets = sum(bool(cpus) for _, cpus in machine.layout) or 1
        return f"{machine.cpus},maxcpus={possible}," \
               f"sockets={sockets * possible // machine.cpus}"

    def memory(self):
        machine = self.machine
        slots = f",slots={machine.free_slots},maxmem={2 * machine.memory}M"
        return f"{machine.memory}M" + (slots if machine.free_slots else "")

    def connect(self, name):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(self.directory / name))
        return connection

    def command(self, name, **arguments):
        """The answer of QMP, without the events before it."""
        print(json.dumps({"execute": name, "arguments": arguments}), file=self.qmp, flush=True)
        while line := self.qmp.readline():
            answer = json.loads(line)
            if "return" in answer or "error" in answer:
                return answer
        raise Error("qemu closed its control socket")

    def answer(self, line):
        """One line from the guest, one back."""
        word, _, rest = line.partition(" ")
        if word == "ping":
            return "pong"
        if word == "balloon":  # the MiB that the guest keeps
            answer = self.command("balloon", value=int(rest) << 20)
        elif word == "balloon-size":  # MiB
            answer = self.command("query-balloon")
            return str(answer.get("return", {}).get("actual", 0) >> 20)
        elif word == "add-memory":  # MiB; the machine has free slots
            self.added += 1
            answer = self.command("object-add", **{
                "qom-type": "memory-backend-ram", "id": f"added{self.added}",
                "size": int(rest) << 20})
            if "error" not in answer:
                answer = self.command("device_add", driver="pc-dimm", id=f"dimm{self.added}",
                                      memdev=f"added{self.added}")
        elif word == "add-cpu":
            self.added += 1
            free = [cpu for cpu in self.command("query-hotpluggable-cpus")["return"]
                    if "qom-path" not in cpu]
            if not free:
                return "no free CPU"
            answer = self.command("device_add", driver=free[-1]["type"], id=f"cpu{self.added}",
                                  **free[-1]["props"])
        else:
            return f"unknown: {word}"
        return "ok" if "return" in answer else json.dumps(answer["error"])

    def serve(self):
        """Answers the guest until qemu ends."""
        with contextlib.suppress(OSError, Error, ValueError):
            control = self.connect("control").makefile("rw")
            for line in control:
                print(self.answer(line.strip()), file=control, flush=True)

    def wait(self, keep=None):
        """Waits until the guest has powered off; returns the directory of its results. Raises
        Error if it has sent none in time."""
        end = time.monotonic() + self.machine.seconds + 60
        while self.process.alive() and time.monotonic() < end:
            time.sleep(0.1)
        timed_out = self.process.alive()
        if timed_out:
            self.process.terminate()
        results = self.directory / "results"
        try:
            with tarfile.open(self.results) as archive:
                archive.extractall(results)
        except (OSError, tarfile.TarError):
            results.mkdir(exist_ok=True)
        shutil.copy(self.console, results / "console")
        if keep:
            kept = pathlib.Path(keep) / self.machine.name
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(results, kept)
        status = read(results / "status").strip()
        if status != "0":
            why = "no end in time" if timed_out or status in ("124", "143") else \
                f"status {status}" if status else \
                f"no results; qemu ended with status {self.process.popen.returncode}"
            lines = read(self.console).splitlines()[-15:] + \
                read(results / "stderr").splitlines() + read(self.process.log).splitlines()
            raise Error(f"guest {self.machine.name}: {why}\n  " + "\n  ".join(lines))
        return results
