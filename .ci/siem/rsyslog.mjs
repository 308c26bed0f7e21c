// Runs rsyslogd with the configuration, with another port and file, sends it events as
// tlsfloor does, and compares the lines that it writes.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// events are one of the usual size, and one with a hostile name in it.
const events = ['{"schema":"tlsfloor/1","kind":"handshake","host":"dynamodb.us-west-2.amazonaws.com"}', `{"host":"${'\\u0000'.repeat(50000)}"}`];

// frame makes a message of RFC 5424, with the octet count of RFC 6587.
const frame = (app, text) => {
  const message = `<132>1 2026-03-01T12:00:00.123456Z bastion-1 ${app} - - - ${text}`;
  return `${message.length} ${message}`;
};

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

async function until(condition, what) {
  for (let tries = 0; !condition(); tries++) {
    if (tries === 100) {
      throw new Error(what());
    }
    await sleep(100);
  }
}

const send = (port, text) => new Promise((done, fail) => {
  const socket = connect(port, '127.0.0.1', () => socket.end(text));
  socket.on('close', done).on('error', fail);
});

async function sendPatiently(port, text) {
  for (let tries = 0; ; tries++) {
    try {
      return await send(port, text);
    } catch (error) {
      if (tries === 100) {
        throw error;
      }
      await sleep(100);
    }
  }
}

export async function rsyslog(siem) {
  const folder = mkdtempSync(join(tmpdir(), 'tlsfloor-rsyslog-'));
  const [port, received] = [await freePort(), join(folder, 'received.jsonl')];
  const config = readFileSync(join(siem, 'rsyslog', '10-tlsfloor.conf'), 'utf8');
  writeFileSync(join(folder, 'rsyslog.conf'), config.replace('"10514"', `"${port}"`).replace('/var/log/tlsfloor/received.jsonl', received));
  const server = spawn('rsyslogd', ['-n', '-f', join(folder, 'rsyslog.conf'), '-i', join(folder, 'pid')]);
  let complaints = '';
  server.stderr.on('data', (text) => { complaints += text; });
  const written = () => existsSync(received) ? readFileSync(received, 'utf8') : '';
  try {
    await sendPatiently(port, frame('other', 'not ours') + events.map((event) => frame('tlsfloor', event)).join(''));
    const want = events.join('\n') + '\n';
    await until(() => written() === want, () => `received ${written().slice(0, 200)} ${complaints}`);
    if (complaints !== '') {
      throw new Error(complaints);
    }
  } finally {
    server.kill();
    await new Promise((done) => server.once('exit', done));
    rmSync(folder, { recursive: true });
  }
}
