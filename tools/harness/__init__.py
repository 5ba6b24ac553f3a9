# SPDX-License-Identifier: MIT
"""Starts the daemons that the tests and tools need, and ends them.

process     temporary directories, processes, bounded waits
collectd    collectd with the built plugin, its log and the values it sends
graphite    carbon and graphite-web
prometheus  Prometheus, scraping collectd
machine     a captured machine from which a test takes memory
testcase    the base class of the integration tests
"""
