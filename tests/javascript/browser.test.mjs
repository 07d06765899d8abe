// A real browser: headless Chromium loads a page from a server of this test, the page joins the
// domain,
// gets values of the command and publishes its own; then the example page, and both sides of its
// Origin.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {createReadStream, existsSync, mkdtempSync, rmSync} from 'node:fs';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import {extname, join, normalize} from 'node:path';
import {after, test} from 'node:test';
import {ROOT, dts, freePort, until, webSocket} from './support.mjs';

const WebSocket = webSocket();
const left = [];
after(async () => {
  for (const end of left.reverse()) await end();
});

const PAGE = `<!doctype html><title>page</title><script type="module">
import {connect} from '/javascript/dts.js';
window.got = [];
window.problems = [];
const url = new URLSearchParams(location.search).get('url');
const domain = await connect(url, {problem: (text) => window.problems.push(text)})
  .catch((error) => { window.problems.push(error.message); });
domain?.subscribe('t.*', (value, info) => window.got.push([info.name, Number(value.n), info.source.name]));
const publisher = domain?.publisher('t.Page', {n: 'i64', agent: 'text'});
let n = 0;
setInterval(() => publisher?.publish({n: (n += 1), agent: navigator.userAgent}), 100);
</script>`;

const KINDS = {'.html': 'text/html', '.js': 'text/javascript', '.json': 'application/json'};

/** The source tree, and PAGE at /page.html. @returns {string} its origin */
async function serve() {
  const server = createServer((request, response) => {
    const {pathname} = new URL(request.url, 'http://x');
    const path = join(ROOT, normalize(pathname), pathname.endsWith('/') ? 'index.html' : '');
    if (pathname !== '/page.html' && !(path.startsWith(ROOT) && existsSync(path))) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {'content-type': KINDS[extname(path)] ?? 'text/plain'});
    if (pathname === '/page.html') response.end(PAGE);
    else createReadStream(path).pipe(response);
  });
  await new Promise((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  left.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** Chromium, by its remote debugging port. @returns {{run(text: string): Promise<any>, ...}} of one page */
async function browser() {
  const folder = mkdtempSync(join(tmpdir(), 'dts-browser-'));
  const port = await freePort();
  const child = spawn(
    'chromium',
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--disable-background-networking',
      `--user-data-dir=${folder}`,
      `--remote-debugging-port=${port}`,
      'about:blank',
    ],
    {stdio: 'ignore', env: {...process.env, HOME: folder}, detached: true},
  );
  const ended = new Promise((done) => {
    child.on('close', done);
  });
  // Killed alone it leaves processes behind that go on writing into the folder.
  const kill = () => {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // all have ended
    }
  };
  let close = kill;
  left.push(async () => {
    close();
    const late = setTimeout(kill, 10_000);
    await ended;
    clearTimeout(late);
    kill();
    rmSync(folder, {recursive: true, force: true, maxRetries: 20, retryDelay: 100});
  });
  let target;
  await until('the browser', async () => {
    const list = await fetch(`http://127.0.0.1:${port}/json`)
      .then((answer) => answer.json())
      .catch(() => []);
    target = list.find(({type}) => type === 'page');
    return target !== undefined;
  });
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await new Promise((done, fail) => {
    socket.onopen = done;
    socket.onerror = fail;
  });
  const waiting = new Map();
  let id = 0;
  socket.onmessage = ({data}) => {
    const answer = JSON.parse(data);
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  };
  const call = (method, params = {}) =>
    new Promise((done, fail) => {
      id += 1;
      waiting.set(id, ({result, error}) =>
        error ? fail(new Error(`${method}: ${error.message}`)) : done(result),
      );
      socket.send(JSON.stringify({id, method, params}));
    });
  close = () => {
    call('Browser.close').catch(() => {});
  };
  return {
    call,
    open: (url) => call('Page.navigate', {url}),
    async run(expression) {
      const {result, exceptionDetails} = await call('Runtime.evaluate', {
        expression,
        returnByValue: true,
        awaitPromise: true,
      });
      return exceptionDetails ? undefined : result.value;
    },
  };
}

test('a page in a browser joins, gets values and publishes', async () => {
  const origin = await serve();
  const port = await freePort();
  const url = `ws://127.0.0.1:${port}/bus`;
  const sub = dts(`ws-listen://127.0.0.1:${port}/bus?origin=${origin}`, 'sub', 't.Page', '--json');
  left.push(() => sub.end('SIGKILL'));
  const pub = dts(
    url,
    'pub',
    't.Tick',
    '--define',
    't.Tick{n:i64}',
    'n={{n}}',
    '-r',
    '50',
    '--keep',
    '1',
  );
  left.push(() => pub.end('SIGKILL'));
  const page = await browser();
  await page.open(`${origin}/page.html?url=${url}`);
  await until(
    'values in the page',
    async () => (await page.run('got.filter(([name]) => name === "t.Tick").length')) >= 100,
  );
  await until('values of the page', () => sub.values().length >= 20);
  const [there] = sub.values();
  assert.ok(there.v.agent.includes('Chrome'), there.v.agent);
  assert.equal(there.src, 'browser/page');
  const rising = (numbers) => numbers.every((n, i) => i === 0 || n === numbers[i - 1] + 1);
  assert.ok(rising(sub.values().map(({v}) => v.n)), 'values of the page are out of order');
  const got = await page.run('got.filter(([name]) => name === "t.Tick").map(([, n]) => n)');
  assert.ok(rising(got), `values in the page are out of order: ${got}`);
  assert.deepEqual(await page.run('problems'), []);

  await page.open(`${origin}/examples/browser/?url=${url}`);
  await until('the example page to show it', async () =>
    (await page.run('document.querySelector("main").innerText'))?.includes('t.Tick'),
  );
  const notes = dts(url, 'sub', 'Note', '--json');
  left.push(() => notes.end('SIGKILL'));
  await page.run(`document.getElementById('text').value = 'Prost';
    document.getElementById('note').requestSubmit()`);
  await until('the note', () => notes.values().some(({v}) => v.text === 'Prost'));

  const stranger = await serve();
  await page.open(`${stranger}/page.html?url=${url}`);
  await until('a page of another origin to be refused', async () =>
    (await page.run('problems'))?.some((text) => text.includes('?origin=')),
  );
});
