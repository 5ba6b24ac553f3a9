# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# A Prometheus that asks collectd often. Sourced.

# prometheus_command DIR PORT RULES TARGET...: sets $prometheus_command. RULES may be empty;
# DIR gets the configuration and the data.
# shellcheck disable=SC2034 # used by those who source this
prometheus_command=()
prometheus_command() {
	local dir=$1 port=$2 rules=$3 targets
	shift 3
	printf -v targets '"%s",' "$@"
	cat >"$dir/prometheus.yml" <<-CONF
		global: {scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms}
		rule_files: [$rules]
		scrape_configs:
		  - job_name: collectd
		    honor_labels: true
		    static_configs: [{targets: [${targets%,}]}]
	CONF
	# What is gone must not be waited for.
	# shellcheck disable=SC2034
	prometheus_command=(prometheus --config.file="$dir/prometheus.yml"
		--storage.tsdb.path="$dir/tsdb" --web.listen-address="127.0.0.1:$port"
		--query.lookback-delta=2s --log.level=warn)
}
