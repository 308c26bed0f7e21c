// Checks packaging/siem (see .ci/siem/check). Exits with 1 if a check fails.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dashboard } from './dashboard.mjs';
import { fluentBit } from './fluentbit.mjs';
import { isInstalled } from './modules.mjs';
import { rsyslog } from './rsyslog.mjs';
import { types } from './types.mjs';

const siem = join(import.meta.dirname, '..', '..', 'packaging', 'siem');

const isHere = (program) => (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)));

// How each file is checked, and what that needs.
const checks = [
  { what: 'elasticsearch and grafana, by their types', needs: isInstalled('typescript'), run: types },
  { what: 'fluent-bit, by its parser for JavaScript', needs: isInstalled('@calyptia/fluent-bit-config-parser'), run: fluentBit },
  { what: "grafana's queries, by Prometheus", needs: isHere('prometheus'), run: dashboard },
  { what: 'rsyslog, by rsyslogd', needs: isHere('rsyslogd'), run: rsyslog },
  { what: 'fluent-bit, by itself', needs: isHere('fluent-bit'), run: command('fluent-bit', '--dry-run', '-c', 'fluent-bit/fluent-bit.conf') },
  { what: 'vector, by itself', needs: isHere('vector'), run: command('vector', 'validate', '--no-environment', 'vector/vector.yaml') },
  { what: 'filebeat, by itself', needs: isHere('filebeat'), run: command('filebeat', 'test', 'config', '-c', join(siem, 'filebeat/filebeat.yml')) },
];

function command(program, ...args) {
  const env = { ...process.env, ELASTICSEARCH_URL: 'https://localhost:9200', ELASTICSEARCH_API_KEY: 'id:key',
    ELASTICSEARCH_USER: 'user', ELASTICSEARCH_PASSWORD: 'password', SPLUNK_HOST: 'localhost', SPLUNK_HEC_TOKEN: 'token' };
  return () => execFileSync(program, args, { cwd: siem, env, stdio: 'pipe' });
}

for (const { what, needs, run } of checks) {
  if (!needs) {
    console.error(`siem: left out, not installed: ${what}`);
    continue;
  }
  try {
    await run(siem);
    console.log(`siem: ${what}: well`);
  } catch (error) {
    process.exitCode = 1;
    console.error(`siem: ${what}: ${error.stderr?.toString() || error.message}`);
  }
}
