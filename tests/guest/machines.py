# SPDX-License-Identifier: MIT
"""The machines of tests/guest/run, one row each."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Machine:
    """releases: of Debian, whose newest kernel with a package name that matches pattern is
    booted. memory: MiB. scenario: tests/guest/inside/scenario-NAME; seconds: its time limit."""
    name: str
    architecture: str  # Debian's name
    releases: str
    pattern: str
    cpus: int
    nodes: int
    memory: int
    scenario: str
    append: str = ""     # to the command line of the kernel
    seconds: int = 3600
    free_cpus: int = 0   # CPUs and memory modules that can be added
    free_slots: int = 0
    uneven: tuple = ()   # of each node the MiB and CPUs ("0-3"), if not all have the same
    qemu: tuple = ()     # more arguments

    @property
    def layout(self):
        """Of each node the MiB and CPUs; () of a machine without nodes."""
        if self.uneven or self.nodes == 1:
            return self.uneven
        memory, cpus = self.memory // self.nodes, self.cpus // self.nodes
        return tuple((memory, f"{node * cpus}-{(node + 1) * cpus - 1}")
                     for node in range(self.nodes))

    @property
    def systemd(self):
        """Whether it boots the systemd of its release, to run scenario-systemd."""
        return self.scenario == "systemd"


AMD64 = r"^linux-image-{}-amd64$"
AMD64_6_1 = AMD64.format(r"6\.1\.[0-9.-]+")
AMD64_6_12 = AMD64.format(r"6\.12\.[0-9]+\+deb12")

# Units that take time only.
UNUSED = " ".join(f"systemd.mask={unit}" for unit in (
    "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer",
    "e2scrub_reap.service", "fstrim.timer", "getty.target"))
FOREIGN = r"^linux-image-6\.1\.[0-9.-]+-{}$"

MACHINES = (
    # The one that runs if none is named.
    Machine("short", "amd64", "bookworm", AMD64_6_1, 2, 1, 1024, "short", seconds=600),
    Machine("amd64-6.1", "amd64", "bookworm", AMD64_6_1, 8, 1, 2048, "full",
            append="secretmem.enable=1"),
    Machine("amd64-6.12", "amd64", "bookworm", AMD64_6_12, 2, 1, 2048, "full"),
    Machine("amd64-newest", "amd64", "trixie/trixie-backports",
            AMD64.format(r"[0-9]+\.[0-9]+\.[0-9]+\+deb[0-9]+"), 2, 1, 2048, "full"),
    Machine("32-cpus", "amd64", "bookworm", AMD64_6_12, 32, 4, 4096, "large"),
    Machine("96-cpus", "amd64", "bookworm", AMD64_6_12, 96, 4, 8192, "large"),
    Machine("hotplug", "amd64", "bookworm", AMD64_6_1, 2, 1, 2048, "hotplug", free_cpus=6,
            free_slots=4, append="hugepagesz=2M default_hugepagesz=1G"),
    # A node has only CPUs, another only memory.
    Machine("uneven-nodes", "amd64", "bookworm", AMD64_6_12, 4, 3, 2048, "large",
            uneven=((1024, "0-1"), (0, "2-3"), (1024, ""))),
    Machine("isolated", "amd64", "bookworm", AMD64_6_12, 4, 1, 2048, "isolated",
            append="isolcpus=2-3 nohz_full=2-3"),
    Machine("debian12", "amd64", "bookworm", AMD64_6_1, 2, 1, 1024, "systemd", append=UNUSED),
    Machine("debian13", "amd64", "trixie", AMD64.format(r"6\.12\.[0-9]+\+deb13"), 2, 1, 1024,
            "systemd", append=UNUSED),
    # High memory; arm64; pages of 64 KiB; big-endian.
    Machine("i686", "i386", "bookworm", FOREIGN.format("686-pae"), 2, 1, 3072, "full"),
    Machine("arm64", "arm64", "bookworm", FOREIGN.format("arm64"), 2, 1, 2048, "full"),
    Machine("ppc64el", "ppc64el", "bookworm", FOREIGN.format("powerpc64le"), 2, 1, 2048,
            "full"),
    Machine("s390x", "s390x", "bookworm", FOREIGN.format("s390x"), 2, 1, 2048, "full"),
)
