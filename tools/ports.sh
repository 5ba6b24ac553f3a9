# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Sourced by those who start what listens.

# free_ports N: of 127.0.0.1, in a line.
free_ports() {
	/usr/bin/python3 -c '
import socket, sys
sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in sockets: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))' "$1"
}
