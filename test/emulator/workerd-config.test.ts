import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMPATIBILITY, OBJECTS, workerdConfig } from '../../src/emulator/workerd-config.ts';

const deployed = readFileSync(new URL('../../wrangler.toml', import.meta.url), 'utf8');
const all = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map((match) => match.slice(1).join());

const options = {
  folder: '/data/default',
  host: '127.0.0.1',
  port: 6443,
  workerFile: '/kedge/dist/worker.js',
  certificateFile: '/data/default/tls/tls.crt',
  keyFile: '/data/default/tls/tls.key',
  storage: '/data/default/storage',
  variables: { KEDGE_API_HOSTS: '*' },
};

describe('the configuration of the local runtime', () => {
  it('has the objects and the behaviour of the deployed one', () => {
    expect(all(deployed, /^name = "(\w+)"\nclass_name = "(\w+)"$/gm)).toEqual(OBJECTS.map((pair) => pair.join()));
    expect(all(deployed, /^compatibility_date = "(.*)"$/gm)).toEqual([COMPATIBILITY.date]);
    expect(all(deployed, /^compatibility_flags = (.*)$/gm)).toEqual([JSON.stringify(COMPATIBILITY.flags)]);
  });

  it('names embedded files from its own folder, and quotes what users choose', () => {
    const config = workerdConfig({ ...options, storage: '/data/a "b"', variables: { KEDGE_EDGE_ADDRESS: 'a\\b' } });
    expect(config).toContain('embed "../../kedge/dist/worker.js"');
    expect(config).toContain('embed "tls/tls.key"');
    expect(config).toContain(String.raw`path = "/data/a \"b\""`);
    expect(config).toContain(String.raw`(name = "KEDGE_EDGE_ADDRESS", text = "a\\b")`);
  });

  it('opens the socket of the edge and the way to the dialler only where they are asked for', () => {
    const bare = workerdConfig(options);
    expect(bare).not.toMatch(/"ingress"|dialer|DIALER/);
    const full = workerdConfig({ ...options, ingressPort: 8080, dialer: 'unix:/data/dial.sock' });
    expect(full).toContain('(name = "ingress", address = "127.0.0.1:8080"');
    expect(full).toContain('(name = "KEDGE_DIALER", service = "dialer")');
    expect(full).toContain('address = "unix:/data/dial.sock"');
  });
});
