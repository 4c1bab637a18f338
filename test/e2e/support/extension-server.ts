/**
 * A program for a pod: admission and conversion webhooks, and an extension API server in the shape of metrics-server,
 * which believes only the front proxy of the cluster.
 */
export const EXTENSION_SERVER = `
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:https';
const account = '/var/run/secrets/kubernetes.io/serviceaccount/';
const read = (name) => readFileSync(account + name, 'utf8');
const api = (path) => new Promise((resolve, reject) => {
  const headers = { authorization: 'Bearer ' + read('token') };
  request({ host: 'kubernetes.default.svc', path, ca: read('ca.crt'), headers }, (reply) => {
    let text = '';
    reply.on('data', (chunk) => { text += chunk; });
    reply.on('end', () => resolve(JSON.parse(text)));
  }).on('error', reject).end();
});
const { data } = await api('/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication');
const allowed = JSON.parse(data['requestheader-allowed-names']);
const proxied = (socket) => socket.authorized && allowed.includes(socket.getPeerCertificate().subject.CN);
const meter = (name, user) => ({ apiVersion: 'meters.example.com/v1', kind: 'Meter', metadata: { name, namespace: 'default' }, spec: { user } });
const json = (answer, body, code = 200) => { answer.writeHead(code, { 'content-type': 'application/json' }); answer.end(JSON.stringify(body)); };
const review = {
  mutate: ({ uid, object }) => {
    const labels = { ...object.metadata.labels, touched: 'yes' };
    return { uid, allowed: true, patchType: 'JSONPatch', patch: btoa(JSON.stringify([{ op: 'add', path: '/metadata/labels', value: labels }])) };
  },
  validate: ({ uid, object }) => ({ uid, allowed: object.data?.colour !== 'green', status: { message: 'no green' }, warnings: ['looked at'] }),
  convert: ({ uid, objects, desiredAPIVersion }) => ({
    uid,
    result: { status: 'Success' },
    convertedObjects: objects.map((object) => ({ ...object, apiVersion: desiredAPIVersion, spec: desiredAPIVersion.endsWith('v2') ? { amount: String(object.spec.size) } : { size: Number(object.spec.amount) } })),
  }),
};
const extension = (incoming, answer, url) => {
  if (!proxied(incoming.socket)) return json(answer, { kind: 'Status', code: 401, message: 'who are you' }, 401);
  const user = incoming.headers['x-remote-user'];
  if (url.pathname === '/apis/meters.example.com/v1') {
    const resources = [{ name: 'meters', singularName: 'meter', namespaced: true, kind: 'Meter', shortNames: ['mt'], verbs: ['get', 'list', 'watch'] }];
    return json(answer, { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: 'meters.example.com/v1', resources });
  }
  if (!url.pathname.endsWith('/meters')) return json(answer, { kind: 'Status', code: 404, message: 'no' }, 404);
  if (!url.searchParams.get('watch')) return json(answer, { kind: 'MeterList', apiVersion: 'meters.example.com/v1', metadata: { resourceVersion: '1' }, items: [meter('first', user)] });
  answer.writeHead(200, { 'content-type': 'application/json' });
  let count = 0;
  const timer = setInterval(() => answer.write(JSON.stringify({ type: 'ADDED', object: meter('later-' + count++, user) }) + '\\n'), 200);
  answer.on('close', () => { clearInterval(timer); console.log('WATCH CLOSED'); });
};
const tls = { cert: readFileSync('/tls/crt'), key: readFileSync('/tls/key'), ca: data['requestheader-client-ca-file'], requestCert: true, rejectUnauthorized: false };
const server = createServer(tls, (incoming, answer) => {
  const url = new URL(incoming.url, 'https://self');
  if (url.pathname.startsWith('/apis/')) return extension(incoming, answer, url);
  if (incoming.method !== 'POST') return json(answer, {}, 404);
  let text = '';
  incoming.on('data', (chunk) => { text += chunk; });
  incoming.on('end', () => {
    const { apiVersion, kind, request } = JSON.parse(text);
    json(answer, { apiVersion, kind, response: review[url.pathname.slice(1)](request) });
  });
});
server.on('upgrade', (incoming, socket) => {
  if (!proxied(socket)) return socket.end('HTTP/1.1 401 Unauthorized\\r\\n\\r\\n');
  const accept = createHash('sha1').update(incoming.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n');
  const said = Buffer.from('hello ' + incoming.headers['x-remote-user']);
  socket.write(Buffer.concat([Buffer.from([0x81, said.length]), said]));
  socket.on('error', () => {});
});
server.listen(8443, () => console.log('LISTENS'));
process.on('SIGTERM', () => process.exit(0));
`;
