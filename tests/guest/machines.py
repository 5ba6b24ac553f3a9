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
    append: str = ""   # to the command line of the kernel
    seconds: int = 3600
    qemu: tuple = ()   # more arguments


AMD64 = r"^linux-image-{}-amd64$"

MACHINES = (
    # The one that runs if none is named.
    Machine("short", "amd64", "bookworm", AMD64.format(r"6\.1\.[0-9.-]+"), 2, 1, 1024, "short",
            seconds=600),
    Machine("amd64-6.1", "amd64", "bookworm", AMD64.format(r"6\.1\.[0-9.-]+"), 8, 1, 2048, "full"),
    Machine("amd64-6.12", "amd64", "bookworm", AMD64.format(r"6\.12\.[0-9]+\+deb12"), 2, 1, 2048,
            "full"),
    Machine("amd64-newest", "amd64", "trixie/trixie-backports/sid",
            AMD64.format(r"[0-9]+\.[0-9]+\.[0-9]+\+deb[0-9]+"), 2, 1, 2048, "full"),
)
