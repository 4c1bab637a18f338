import { describe, expect, it } from 'vitest';
import { createTestCluster } from '../../support/cluster.ts';
import { define, definition, openVersion, WIDGETS, widget } from './definitions.ts';

const withSpec = (spec: object) => ({
  ...openVersion('v1'),
  schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: spec } } } as never },
});

describe('apply of a custom resource', () => {
  it('takes any scalar for a text of a format, and checks the format afterwards', async () => {
    const cluster = await createTestCluster();
    await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'default' } } });
    await define(cluster, definition({ versions: [withSpec({ mac: { type: 'string', format: 'mac' } })] }));
    const apply = async (mac: unknown): Promise<[number, string]> => {
      const body = widget('a', { spec: { mac } });
      const { status, text } = await cluster.send(`PATCH ${WIDGETS}/a?fieldManager=m&dryRun=All`, {
        body,
        type: 'apply',
      });
      return [status, text];
    };
    expect(await apply(['x'])).toEqual([500, expect.stringContaining('.spec.mac: expected any scalar, got')]);
    expect(await apply(5)).toEqual([422, expect.stringContaining('must be of type mac')]);
    expect(await apply('00:00')).toEqual([422, expect.stringContaining('must be of type mac')]);
    for (const mac of ['00:00:5e:00:53:01', '0000.5e00.5301', '00005e005301']) {
      expect((await apply(mac))[0]).toBe(201);
    }
  });

  it('keeps a null that other writes drop, and is told that it may not be there', async () => {
    const cluster = await createTestCluster();
    await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'default' } } });
    await define(cluster, definition());
    const body = widget('a', { spec: null });
    expect((await cluster.send(`POST ${WIDGETS}?dryRun=All`, { body })).body).not.toHaveProperty('spec');
    const applied = await cluster.send(`PATCH ${WIDGETS}/a?fieldManager=m`, { body, type: 'apply' });
    expect(applied.status).toBe(422);
    expect(applied.text).toContain('spec in body must be of type object');
  });
});
