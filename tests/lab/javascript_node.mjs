// A member in JavaScript for lab tests:
//   node javascript_node.mjs URL sub PATTERN   prints what comes as `dts sub --json` does
//   node javascript_node.mjs URL pub TYPE      publishes {n: 1}, {n: 2} ... of TYPE, ten a second
// Runs until it is ended.
import {connect} from '../../javascript/dts.js';
import {webSocket} from '../javascript/support.mjs';

const [url, verb, name] = process.argv.slice(2);
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const of = ({host, name: node}) => `${host}/${node}`;

const domain = await connect(url, {
  WebSocket: webSocket(),
  name: verb,
  host: 'page',
  patient: true,
  problem: (text) => say({warning: text}),
});
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, async () => {
    await domain.close();
    process.exit(0);
  });
if (verb === 'sub') {
  domain.subscribe(
    name,
    ({n}, {name: type, source, sequence}) =>
      say({type, src: of(source), seq: sequence, v: {n: Number(n)}}),
    {
      lost: ({name: type, source, from, to, why}) =>
        say({type, src: of(source), gap: {from, to, count: to - from + 1, reason: why}}),
    },
  );
} else {
  const publisher = domain.publisher(name, {n: 'i64'}, {history: 4096});
  let n = 0;
  setInterval(() => publisher.publish({n: (n += 1)}), 100);
}
