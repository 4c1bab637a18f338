import { type DecodedPacket, decode, encode } from 'dns-packet';
import { describe, expect, it } from 'vitest';
import { parseResolvers } from '../../../src/agent/dns/forward.ts';
import { answerZone, type Zone } from '../../../src/agent/dns/records.ts';
import { answerQuery } from '../../../src/agent/dns/server.ts';
import { service, slice } from '../network/build.ts';

const web = service('web', '10.96.0.5', { port: { name: 'http', port: 80 } });
const db = service('db', 'None', { port: { name: 'sql', port: 5432 } });
const outside = service('outside', '', { spec: { type: 'ExternalName', externalName: 'example.org', ports: [] } });
delete outside.spec?.clusterIP;
const waiting = service('waiting', 'None', { spec: { publishNotReadyAddresses: true } });
/** The typings of dns-packet leave the response code out. */
const read = (bytes: Buffer) => decode(bytes) as DecodedPacket & { rcode: string };
const ready = { ready: true, serving: true, terminating: false };

const zone: Zone = {
  domain: 'cluster.local',
  synced: true,
  address: '10.244.1.1',
  services: new Map([web, db, outside, waiting].map((one) => [`default/${one.metadata.name}`, one])),
  slices: new Map([
    ['default/web', [slice('web', ['10.244.1.2'], { portName: 'http' })]],
    [
      'default/db',
      [
        slice(
          'db',
          [
            { addresses: ['10.244.1.7'], hostname: 'db-0', conditions: ready },
            { addresses: ['10.244.1.8'], conditions: ready },
            { addresses: ['10.244.1.9'], hostname: 'db-2', conditions: { ready: false } },
          ],
          { portName: 'sql', port: 5432 },
        ),
      ],
    ],
    ['default/waiting', [slice('waiting', [{ addresses: ['10.244.1.30'], conditions: { ready: false } }])]],
  ]),
};

const ask = (name: string, type = 'A') => {
  const answer = answerZone(zone, name, type);
  if (!answer) return 'elsewhere';
  if (!answer.exists) return 'no name';
  return answer.answers.map((one) => ('data' in one ? one.data : ''));
};

describe('names of the cluster zone', () => {
  const cases: [string, string, unknown][] = [
    ['dns-version.cluster.local', 'TXT', ['1.1.0']],
    ['web.default.svc.cluster.local', 'A', ['10.96.0.5']],
    ['web.default.svc.cluster.local', 'AAAA', []],
    ['web.other.svc.cluster.local', 'A', 'no name'],
    ['default.svc.cluster.local', 'A', []],
    ['nowhere.svc.cluster.local', 'A', 'no name'],
    ['svc.cluster.local', 'A', []],
    ['what.cluster.local', 'A', 'no name'],
    [
      '_http._tcp.web.default.svc.cluster.local',
      'SRV',
      [{ priority: 0, weight: 100, port: 80, target: 'web.default.svc.cluster.local' }],
    ],
    ['_http._udp.web.default.svc.cluster.local', 'SRV', 'no name'],
    ['_http._tcp.web.default.svc.cluster.local', 'A', []],
    ['_tcp.web.default.svc.cluster.local', 'SRV', []],
    ['db.default.svc.cluster.local', 'A', ['10.244.1.7', '10.244.1.8']],
    ['db-0.db.default.svc.cluster.local', 'A', ['10.244.1.7']],
    ['10-244-1-8.db.default.svc.cluster.local', 'A', ['10.244.1.8']],
    ['db-2.db.default.svc.cluster.local', 'A', 'no name'],
    [
      '_sql._tcp.db.default.svc.cluster.local',
      'SRV',
      [
        { priority: 0, weight: 100, port: 5432, target: 'db-0.db.default.svc.cluster.local' },
        { priority: 0, weight: 100, port: 5432, target: '10-244-1-8.db.default.svc.cluster.local' },
      ],
    ],
    ['waiting.default.svc.cluster.local', 'A', ['10.244.1.30']],
    ['outside.default.svc.cluster.local', 'A', ['example.org']],
    ['10-244-1-2.default.pod.cluster.local', 'A', ['10.244.1.2']],
    ['10-244-1-2.default.pod.cluster.local', 'AAAA', []],
    ['10-244-1-999.default.pod.cluster.local', 'A', 'no name'],
    ['5.0.96.10.in-addr.arpa', 'PTR', ['web.default.svc.cluster.local']],
    ['7.1.244.10.in-addr.arpa', 'PTR', ['db-0.db.default.svc.cluster.local']],
    ['8.8.8.8.in-addr.arpa', 'PTR', 'elsewhere'],
    ['example.org', 'A', 'elsewhere'],
    ['xcluster.local', 'A', 'elsewhere'],
  ];
  it.each(cases)('%s %s', (name, type, expected) => expect(ask(name, type)).toEqual(expected));
});

describe('the DNS server', () => {
  const log = () => {};
  const upstream = encode({
    type: 'response',
    id: 7,
    questions: [{ name: 'example.org', type: 'A' }],
    answers: [{ type: 'A', name: 'example.org', ttl: 9, data: '192.0.2.1' }],
  });
  const forwarder = { ask: async (query: Buffer) => Buffer.concat([query.subarray(0, 2), upstream.subarray(2)]) };
  const query = async (
    name: string,
    type: 'A' | 'AAAA' | 'SRV' = 'A',
    options: { zone?: Zone; tcp?: boolean } = {},
  ) => {
    const asked = encode({ type: 'query', id: 4242, flags: 256, questions: [{ name, type }] });
    const answer = await answerQuery(asked, options.tcp ?? false, { zone: () => options.zone ?? zone, forwarder, log });
    return { bytes: answer as Buffer, ...read(answer as Buffer) };
  };

  it('answers with the letters of the question, authoritative and with recursion', async () => {
    const answer = await query('WEB.default.svc.cluster.LOCAL');
    expect(answer).toMatchObject({ id: 4242, flag_aa: true, flag_ra: true, flag_rd: true, rcode: 'NOERROR' });
    expect(answer.answers).toMatchObject([{ name: 'WEB.default.svc.cluster.LOCAL', data: '10.96.0.5' }]);
  });

  it('tells a missing name from a missing type, each with the SOA', async () => {
    const missing = await query('x.default.svc.cluster.local');
    expect([missing.rcode, missing.authorities?.[0]?.type]).toEqual(['NXDOMAIN', 'SOA']);
    const empty = await query('web.default.svc.cluster.local', 'AAAA');
    expect([empty.rcode, empty.authorities?.[0]?.type, empty.answers]).toEqual(['NOERROR', 'SOA', []]);
  });

  it('forwards other names and follows an external name to its address', async () => {
    expect((await query('example.org')).answers).toMatchObject([{ data: '192.0.2.1' }]);
    expect((await query('outside.default.svc.cluster.local')).answers).toMatchObject([
      { type: 'CNAME', data: 'example.org' },
      { type: 'A', data: '192.0.2.1' },
    ]);
  });

  it('says that it cannot answer, and not that a name is missing, before services are known', async () => {
    expect(
      (await query('web.default.svc.cluster.local', 'A', { zone: { ...zone, services: new Map(), synced: false } }))
        .rcode,
    ).toBe('SERVFAIL');
  });

  it('truncates what does not fit into a datagram and sends it whole on TCP', async () => {
    const many = slice(
      'db',
      Array.from({ length: 60 }, (_, i) => `10.244.2.${i}`),
      { portName: 'sql' },
    );
    const big = { ...zone, slices: new Map([['default/db', [many]]]) };
    const cut = await query('db.default.svc.cluster.local', 'A', { zone: big });
    expect([cut.flag_tc, cut.bytes.length <= 512]).toEqual([true, true]);
    expect((await query('db.default.svc.cluster.local', 'A', { zone: big, tcp: true })).answers).toHaveLength(60);
  });

  it('answers nonsense with an error and noise not at all', async () => {
    const options = { zone: () => zone, forwarder, log };
    expect(await answerQuery(Buffer.from('x'), false, options)).toBeUndefined();
    const broken = Buffer.concat([Buffer.from([1, 2, 1, 0, 0, 9, 0, 0, 0, 0, 0, 0]), Buffer.from([63])]);
    expect(read((await answerQuery(broken, false, options)) as Buffer).rcode).toBe('FORMERR');
  });
});

describe('resolv.conf', () => {
  it('gives its name servers', () => {
    expect(parseResolvers('# nameserver 1.1.1.1\nsearch a b\nnameserver 192.0.2.53\n nameserver fd00::1\n')).toEqual([
      '192.0.2.53',
      'fd00::1',
    ]);
  });
});
