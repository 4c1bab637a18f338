import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { type LocalDialer, startDialer } from '../../src/emulator/dialer.ts';
import { generateKeyPair } from '../../src/server/certificates/x509.ts';
import { generateFrontProxyAuthority, issueCertificate } from '../../src/server/cluster-keys.ts';
import { startTlsServer, type TlsServer } from '../support/tls-server.ts';

let folder: string;
let dialer: LocalDialer;
let server: TlsServer;
let named: TlsServer;
let clients: { certificate: string; key: string };

beforeAll(async () => {
  clients = await generateFrontProxyAuthority(systemClock, systemRandom);
  server = await startTlsServer(
    (request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => {
        const { host, ...headers } = request.headers;
        const peer = (request.socket as TLSSocket).getPeerCertificate();
        if (request.url === '/close') return void request.socket.destroy();
        if (request.url === '/redirect') return void response.writeHead(302, { location: '/' }).end();
        response.writeHead(207, { 'content-type': 'application/json' });
        const client = (request.socket as TLSSocket).authorized ? peer.subject?.CN : undefined;
        response.end(
          JSON.stringify({ url: request.url, method: request.method, host, client, body, names: Object.keys(headers) }),
        );
      });
    },
    { clientCa: clients.certificate },
  );
  named = await startTlsServer((_, response) => response.end('named'), { names: ['s.n.svc'] });
  const sockets = new WebSocketServer({ server: server.server });
  sockets.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })));
  folder = mkdtempSync(join(tmpdir(), 'dialer-'));
  dialer = await startDialer(folder);
});
afterAll(() => {
  dialer.close();
  rmSync(folder, { recursive: true });
  server.close();
  named.close();
});

interface Sent {
  to?: string;
  path?: string;
  body?: string;
  headers?: Record<string, string>;
}

/** One request through the dialler's socket, as workerd sends it. */
function send({ to = server.address, path = '/x?y=1', body, headers = {} }: Sent) {
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    const request = httpRequest({
      socketPath: dialer.address.slice('unix:'.length),
      method: body === undefined ? 'GET' : 'POST',
      path,
      headers: { host: 'hook.example.com', 'x-kedge-dial': to, 'x-kedge-dial-scheme': 'https', ...headers },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    request.end(body);
  });
}

const trusting = (tls: TlsServer) => ({ 'x-kedge-dial-ca': tls.caBundle });

describe('the dialler of a local cluster', () => {
  it('passes on a request, with its host and body, to a server that the authority vouches for', async () => {
    const answer = await send({ body: 'hello', headers: trusting(server) });
    expect(answer.status).toBe(207);
    expect(JSON.parse(answer.text)).toMatchObject({
      url: '/x?y=1',
      method: 'POST',
      host: 'hook.example.com',
      body: 'hello',
    });
    const { names } = JSON.parse(answer.text) as { names: string[] };
    expect(names.filter((name) => name.startsWith('x-kedge'))).toEqual([]);
  });

  it('keeps connections for what may be sent again, and makes a new one when a kept one is gone', async () => {
    const whole = { ...trusting(server), 'x-kedge-dial-whole': '1' };
    const connections = () =>
      new Promise<number>((resolve) => server.server.getConnections((_, count) => resolve(count)));
    for (let i = 0; i < 5; i++) expect((await send({ body: 'x', headers: whole })).status).toBe(207);
    expect(await connections()).toBe(1);
    for (let i = 0; i < 5; i++) {
      server.server.closeIdleConnections();
      const answer = await send({ body: `body ${i}`, headers: whole });
      expect(JSON.parse(answer.text)).toMatchObject({ body: `body ${i}` });
    }
    expect((await send({ headers: { ...whole, 'x-kedge-dial-ca': named.caBundle } })).status).toBe(502);
    server.server.closeIdleConnections();
  });

  it('outlives a client that goes away in the middle of its body', async () => {
    const request = httpRequest({
      socketPath: dialer.address.slice('unix:'.length),
      method: 'POST',
      headers: {
        'x-kedge-dial': server.address,
        'x-kedge-dial-scheme': 'https',
        ...trusting(server),
        'content-length': '100',
      },
    });
    request.on('error', () => undefined);
    const arrived = new Promise<IncomingMessage>((resolve) => server.server.once('request', resolve));
    request.write('half');
    const incoming = await arrived;
    const gone = new Promise((resolve) => incoming.once('close', resolve));
    request.destroy();
    await gone;
    expect((await send({ headers: trusting(server) })).status).toBe(207);
  });

  it('follows no redirect', async () => {
    expect((await send({ path: '/redirect', headers: trusting(server) })).status).toBe(302);
  });

  it('shows a certificate to who asks for one', async () => {
    const pair = await generateKeyPair();
    const certificate = await issueCertificate(
      { caCertificate: clients.certificate, caKey: clients.key, serviceAccountKeys: [] },
      { commonName: 'front-proxy-client', names: [], ips: [], usages: ['client'], publicKey: pair.publicKey },
      { clock: systemClock, random: systemRandom },
    );
    const shown = btoa(`${certificate}\n${pair.privateKey}`);
    const answer = await send({ headers: { ...trusting(server), 'x-kedge-dial-certificate': shown } });
    expect(JSON.parse(answer.text)).toMatchObject({ client: 'front-proxy-client' });
    expect(JSON.parse((await send({ headers: trusting(server) })).text)).not.toHaveProperty('client');
  });

  it.each<[string, () => Sent, string, string]>([
    [
      'another authority',
      () => ({ headers: trusting(named) }),
      'lost',
      'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    ],
    [
      'the authorities of the machine',
      () => ({ headers: { 'x-kedge-dial-ca': 'system' } }),
      'lost',
      'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    ],
    [
      'another name',
      () => ({ headers: { ...trusting(server), 'x-kedge-dial-server-name': 's.n.svc' } }),
      'lost',
      'tls: failed to verify certificate: x509: certificate is valid for localhost, not s.n.svc',
    ],
    [
      'nobody there',
      () => ({ to: '127.0.0.1:1', headers: trusting(server) }),
      'connect',
      'dial tcp 127.0.0.1:1: connect: connection refused',
    ],
    [
      'no such name',
      () => ({ to: 'none.invalid:443', headers: trusting(server) }),
      'connect',
      'dial tcp: lookup none.invalid: no such host',
    ],
    ['a connection that ends', () => ({ path: '/close', headers: trusting(server) }), 'lost', 'EOF'],
    [
      'an address that is closed',
      () => ({ headers: { ...trusting(server), 'x-kedge-dial-allow': 'public' } }),
      'connect',
      'dial tcp 127.0.0.1:PORT: calls to loopback addresses are not allowed',
    ],
    [
      'a name of a closed address',
      () => ({
        to: server.address.replace('127.0.0.1', 'localhost'),
        headers: { ...trusting(server), 'x-kedge-dial-allow': 'public' },
      }),
      'connect',
      'dial tcp localhost:PORT: calls to loopback addresses are not allowed',
    ],
  ])('tells of %s in the words of upstream', async (_, sent, stage, message) => {
    const { port } = new URL(`https://${server.address}`);
    const answer = await send(sent());
    expect(answer.status).toBe(502);
    expect(answer.text).toBe(`error trying to reach service: ${message.replace('PORT', port)}`);
    expect(answer.headers['x-kedge-dial-error']).toBe(stage);
  });

  it('checks the certificate for the name of a Service', async () => {
    const headers = { ...trusting(named), 'x-kedge-dial-server-name': 's.n.svc' };
    expect((await send({ to: named.address, headers })).text).toBe('named');
  });

  it('joins WebSockets, and refuses them where it refuses requests', async () => {
    const open = (headers: Record<string, string>) =>
      new WebSocket(`ws+${dialer.address.replace(':', '://')}:/chat`, {
        headers: { 'x-kedge-dial': server.address, 'x-kedge-dial-scheme': 'https', ...headers },
      });
    const socket = open(trusting(server));
    const echoed = new Promise<string>((resolve, reject) => {
      socket.on('open', () => socket.send('hello'));
      socket.on('message', (data) => resolve(String(data)));
      socket.on('error', reject);
    });
    expect(await echoed).toBe('hello');
    socket.terminate();
    const refused = open({ ...trusting(server), 'x-kedge-dial-allow': 'public' });
    const status = await new Promise((resolve) => {
      refused.on('unexpected-response', (_request, response) => resolve(response.statusCode));
      refused.on('error', (error) => resolve(error.message));
    });
    expect(status).toBe(502);
  });
});
