import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bootstrapSource } from '../../../scripts/import-bootstrap.ts';
import { createKindRegistry } from '../../../src/kinds/index.ts';
import { bootstrapObjects } from '../../../src/server/bootstrap/objects.ts';
import { factsFolder, haveFacts } from '../../kinds/release-facts.ts';
import { TEST_SETTINGS } from '../../support/strategy-context.ts';

describe('the generated bootstrap objects', () => {
  it('are of kinds that the server has', () => {
    const kinds = createKindRegistry();
    const input = { settings: TEST_SETTINGS, caCertificate: 'PEM\n"quoted"\n', aggregateRoles: true, now: 0 };
    for (const { apiVersion = '', kind = '' } of bootstrapObjects(input)) {
      const [version = '', group = ''] = apiVersion.split('/').reverse();
      expect(kinds.byKind(group, version, kind), `${apiVersion} ${kind}`).toBeDefined();
    }
  });

  it('fill in aggregated roles where no controller does', () => {
    const input = { settings: TEST_SETTINGS, caCertificate: '', aggregateRoles: true, now: 0 };
    const admin = bootstrapObjects(input).find(
      ({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === 'admin',
    );
    const text = JSON.stringify(admin?.rules);
    // From system:aggregate-to-view by way of edit, and from system:aggregate-to-admin.
    expect(text).toContain('"persistentvolumeclaims/status"');
    expect(text).toContain('"localsubjectaccessreviews"');
  });

  it.skipIf(!haveFacts)('are what the recorded release has', () => {
    const target = new URL('../../../src/server/bootstrap/generated/objects.ts', import.meta.url);
    expect(readFileSync(target, 'utf8')).toBe(
      bootstrapSource(readFileSync(join(factsFolder, 'bootstrap.json'), 'utf8')),
    );
  });
});
