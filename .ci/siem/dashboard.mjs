// Runs every query of the dashboard on a real Prometheus, which scrapes counters as
// tlsfloor writes them. A query that is wrong, or finds nothing, fails.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const begun = Date.now();

// metrics grow with time, so that rates are not 0.
function metrics() {
  const n = Math.floor((Date.now() - begun) / 10);
  return [
    '# TYPE tlsfloor_packets_total counter', `tlsfloor_packets_total ${100 * n}`,
    '# TYPE tlsfloor_handshakes_total counter',
    ...['violation', 'attempt', 'exposed', 'ok', 'undetermined'].map((verdict) => `tlsfloor_handshakes_total{verdict="${verdict}"} ${n}`),
    '# TYPE tlsfloor_flagged_total counter', `tlsfloor_flagged_total ${n}`,
    '# TYPE tlsfloor_dropped_total counter',
    ...['kernel', 'interface'].map((where) => `tlsfloor_dropped_total{where="${where}"} ${n}`), '',
  ].join('\n');
}

const listening = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)));

// freePort returns a port on which nothing listens.
async function freePort() {
  const server = createServer();
  const port = await listening(server);
  await new Promise((done) => server.close(done));
  return port;
}

// queries returns the expressions, with values for Grafana's variables.
function queries(siem) {
  const board = JSON.parse(readFileSync(join(siem, 'grafana', 'dashboard.json'), 'utf8'));
  return board.panels.flatMap((panel) => panel.targets.map(({ expr }) => ({
    title: panel.title,
    expr: expr.replaceAll('$__rate_interval', '4s').replaceAll('$__range', '1m').replaceAll('$instance', '.*'),
  })));
}

async function ask(port, { title, expr }) {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expr)}`);
  const { status, error, data } = await response.json();
  if (status !== 'success') {
    throw new Error(`${title}: ${error}`);
  }
  const values = data.result.map(({ value }) => Number(value[1]));
  if (values.length === 0 || !values.every((v) => v > 0)) {
    throw new Error(`${title}: ${JSON.stringify(values)} from ${expr}`);
  }
}

// patiently repeats a function until it does not fail, for at most half a minute.
async function patiently(attempt) {
  for (const end = Date.now() + 30000; ; await sleep(500)) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) {
        throw error;
      }
    }
  }
}

export async function dashboard(siem) {
  const folder = mkdtempSync(join(tmpdir(), 'tlsfloor-prometheus-'));
  const target = createServer((_, response) => response.end(metrics()));
  const [scraped, port] = [await listening(target), await freePort()];
  writeFileSync(join(folder, 'prometheus.yml'),
    `scrape_configs: [{job_name: tlsfloor, scrape_interval: 1s, static_configs: [{targets: ["127.0.0.1:${scraped}"]}]}]`);
  const server = spawn('prometheus', [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
  try {
    for (const query of queries(siem)) {
      await patiently(() => ask(port, query));
    }
  } finally {
    server.kill();
    await new Promise((done) => server.once('exit', done));
    target.close();
    rmSync(folder, { recursive: true });
  }
}
