// What the tests of the JavaScript client share: the built command, ports, a WebSocket where
// Node.js has
// none of its own, and waiting for conditions.
import {execFileSync, spawn} from 'node:child_process';
import {createServer} from 'node:net';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const DTS = process.env.DTS;
export const sleep = (ms) =>
  new Promise((done) => {
    setTimeout(done, ms);
  });

/** That of Node.js 22, else the package ws, which ./dev installs by npm for all of the machine. */
export function webSocket() {
  if (globalThis.WebSocket !== undefined) return globalThis.WebSocket;
  const modules = execFileSync('npm', ['root', '--global'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return createRequire(join(modules.trim(), 'x.js'))('ws').WebSocket;
}

export async function freePort() {
  const server = createServer();
  await new Promise((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  const {port} = server.address();
  await new Promise((done) => {
    server.close(done);
  });
  return port;
}

/** Waits generously: a machine that is busy is no reason to fail. */
export async function until(what, condition, seconds = 60) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
    if (await condition()) return;
    await sleep(20);
  }
  throw new Error(`not within ${seconds} s: ${what}`);
}

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** `dts ARGUMENTS` by these transports. Its lines come in `lines` and `errors`. */
export function dts(transports, ...args) {
  const child = spawn(DTS, args, {
    env: {...process.env, DTS_TRANSPORTS: transports},
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  running.add(child);
  const lines = [];
  const errors = [];
  const collect = (stream, into) => {
    let rest = '';
    stream.setEncoding('utf8').on('data', (text) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop();
      into.push(...parts);
    });
  };
  collect(child.stdout, lines);
  collect(child.stderr, errors);
  const ended = new Promise((done) => {
    child.on('close', (code) => {
      running.delete(child);
      done(code);
    });
  });
  return {
    child,
    lines,
    errors,
    ended,
    values: () => lines.filter((line) => line.includes('"seq"')).map((line) => JSON.parse(line)),
    async end(signal = 'SIGINT') {
      child.kill(signal);
      return ended;
    },
  };
}

/** A hub between two stars: who joins by the one hears who joins by the other through it. */
export async function hub() {
  const [a, b] = [await freePort(), await freePort()];
  const out = {
    urls: [`ws://127.0.0.1:${a}/bus`, `ws://127.0.0.1:${b}/bus`],
    start() {
      out.node = dts(
        '',
        'hub',
        '--side',
        `ws-listen://127.0.0.1:${a}/bus`,
        '--side',
        `ws-listen://127.0.0.1:${b}/bus`,
      );
    },
  };
  out.start();
  return out;
}
