import { describe, expect, it } from 'vitest';
import { createTestCluster } from '../../support/cluster.ts';
import { define, definition, WIDGETS, widget } from './definitions.ts';

describe('apply of a custom resource', () => {
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
