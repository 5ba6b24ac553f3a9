# SPDX-License-Identifier: MIT
"""Starts and stops the daemons of the tests and tools.

process     temporary directories, processes, bounded waits
collectd    collectd with the built plugin, its log, and the values that it sends
graphite    carbon and graphite-web
prometheus  Prometheus, which scrapes collectd
inject      known amounts of memory, and a process that hangs
machine     a captured machine that leaks
testcase    the base class of the integration tests
"""
