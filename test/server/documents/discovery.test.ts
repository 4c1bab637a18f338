import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allKinds } from '../../../src/kinds/index.ts';
import { aggregatedDiscovery, groupDocument, groupList, resourceList } from '../../../src/server/documents/index.ts';

const shared = process.env.KEDGE_SHARED ?? resolve(import.meta.dirname, '../../../../shared');
const recorded = join(shared, 'parity/answers/discovery/discovery.json');

interface Answer {
  body: Record<string, unknown> & { kind?: string; groupVersion?: string; name?: string };
}

const answers = existsSync(recorded) ? (JSON.parse(readFileSync(recorded, 'utf8')) as Record<string, Answer[]>) : {};

describe.skipIf(!existsSync(recorded))('discovery equals what a real server answers', () => {
  for (const [name, [answer]] of Object.entries(answers)) {
    if (name.includes('storage version hash')) {
      it(name, () => {
        const parts = (answer?.body.groupVersion ?? '').split('/');
        const version = parts.pop() ?? '';
        expect(resourceList(allKinds, parts.join('/'), version)).toEqual(answer?.body);
      });
    }
    if (/^the group .* answers its versions$/.test(name)) {
      it(name, () => expect(groupDocument(allKinds, answer?.body.name ?? '')).toEqual(answer?.body));
    }
    if (name.startsWith('aggregated discovery of the groups')) {
      it(name, () => {
        const { items } = aggregatedDiscovery(allKinds, false) as { items: unknown[] };
        for (const [path, item] of Object.entries(answer?.body ?? {})) {
          if (path.startsWith('items.')) expect(items[Number(path.slice(6))]).toEqual(item);
        }
      });
    }
  }
});

describe('discovery', () => {
  it('knows no group or version that is not served', () => {
    expect(groupDocument(allKinds, 'none.example.com')).toBeUndefined();
    expect(resourceList(allKinds, 'apps', 'v9')).toBeUndefined();
  });

  it('lists custom groups after all others, by the names of their API services', () => {
    const custom = ['a.io/v1beta1', 'z.io/v1', 'm.io/v2', 'm.io/foo'].map((text) => {
      const [group = '', version = ''] = text.split('/');
      return { ...allKinds[0]!, group, version, itemsCarryType: true, preferredVersion: false };
    });
    const { groups } = groupList([...custom, ...allKinds]);
    expect(groups.slice(-3).map(({ name }) => name)).toEqual(['m.io', 'z.io', 'a.io']);
  });

  it('lists every group but the core one', () => {
    const { groups } = groupList(allKinds) as { groups: { name: string }[] };
    expect(groups.map((group) => group.name)).toContain('apps');
    expect(groups.map((group) => group.name)).not.toContain('');
  });
});
