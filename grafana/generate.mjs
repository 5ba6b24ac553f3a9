#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// usage: grafana/generate.mjs [--check]
// Writes dashboards/*.json from dashboards.mjs; with --check, changes nothing and fails if a
// file is not up to date. Needs only Node.js 18.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { backends } from './backends.mjs';
import { dashboards } from './dashboards.mjs';

// Formats JSON with each value that fits on one line on one line, for readable diffs.
const text = (value, indent = '') => {
  const flat = JSON.stringify(value, null, 1).replace(/\n */g, ' ');
  if (value === null || typeof value !== 'object' || indent.length + flat.length <= 96) return flat;
  const inner = indent + '  ';
  const lines = Array.isArray(value)
    ? value.map((v) => text(v, inner))
    : Object.entries(value).map(([key, v]) => `${JSON.stringify(key)}: ${text(v, inner)}`);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${inner}${lines.join(`,\n${inner}`)}\n${indent}${close}`;
};

const check = process.argv[2] === '--check';
if (process.argv.length > 3 || (process.argv.length === 3 && !check)) {
  console.error('usage: grafana/generate.mjs [--check]');
  process.exit(2);
}
for (const backend of backends) {
  for (const dashboard of dashboards(backend)) {
    const name = `dashboards/${dashboard.uid.replace('meminfo-explain-', '')}.json`;
    const file = new URL(name, import.meta.url);
    const wanted = text(dashboard) + '\n';
    if (!check) {
      writeFileSync(file, wanted);
    } else if (!existsSync(file) || readFileSync(file, 'utf8') !== wanted) {
      console.error(`grafana/${name} is not up to date: run grafana/generate.mjs`);
      process.exitCode = 1;
    }
  }
}
