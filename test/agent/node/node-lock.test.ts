import { describe, expect, test } from 'vitest';
import { lockNetworkNamespace } from '../../../src/agent/node/node-lock.ts';

const holder = (node: string, stateDir: string) => ({ node, server: 'https://127.0.0.1:6443', stateDir, pid: 7 });

describe.skipIf(process.platform !== 'linux')('the lock of a network namespace', () => {
  test('is held by one node, which the next is told', async () => {
    const name = `\0kedge-node-test-${process.pid}-a`;
    const release = await lockNetworkNamespace(holder('one', '/state/one'), name);
    const refused = lockNetworkNamespace(holder('two', '/state/two'), name);
    await expect(refused).rejects.toMatchObject({ name: 'AgentError', kind: 'user' });
    await expect(refused).rejects.toThrow(
      'node one of https://127.0.0.1:6443 (state in /state/one, process 7) has this machine',
    );
    release();
    (await lockNetworkNamespace(holder('two', '/state/two'), name))();
  });

  test('says that the very same node runs already', async () => {
    const name = `\0kedge-node-test-${process.pid}-b`;
    const release = await lockNetworkNamespace(holder('one', '/state/one'), name);
    await expect(lockNetworkNamespace(holder('one', '/state/one'), name)).rejects.toThrow(/runs already$/);
    release();
  });
});
