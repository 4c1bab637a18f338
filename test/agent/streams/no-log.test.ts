import { expect, test } from 'vitest';
import { noLogError } from '../../../src/agent/streams/no-log.ts';
import type { Pod } from '../../../src/kinds/index.ts';

const podWith = (state: Record<string, unknown> | undefined): Pod =>
  ({
    metadata: { name: 'y', namespace: 'default' },
    spec: { containers: [{ name: 'x' }] },
    ...(state === undefined ? {} : { status: { containerStatuses: [{ name: 'x', state }] } }),
  }) as unknown as Pod;

const target = { namespace: 'default', pod: 'y', container: 'x' };

test.each([
  [
    { waiting: { reason: 'ContainerCreating' } },
    400,
    'container "x" in pod "y" is waiting to start: ContainerCreating',
  ],
  [{ waiting: { reason: 'ErrImagePull' } }, 400, `container "x" in pod "y" is waiting to start: image can't be pulled`],
  [
    { waiting: { reason: 'ImagePullBackOff' } },
    400,
    'container "x" in pod "y" is waiting to start: trying and failing to pull image',
  ],
  [{ terminated: { exitCode: 137 } }, 400, 'container "x" in pod "y" is terminated'],
  [undefined, 400, 'container "x" in pod "y" is not available'],
])('a container in the state %j has no log, for a reason', (state, status, message) => {
  expect(noLogError([podWith(state)], target)).toMatchObject({ status, message });
});

test('a pod or a container that is not on the node is not found', () => {
  expect(noLogError([], target)).toMatchObject({ status: 404, message: 'pod "y" does not exist' });
  const other = { ...target, container: 'z' };
  expect(noLogError([podWith(undefined)], other)).toMatchObject({
    status: 404,
    message: 'container "z" not found in pod "y"',
  });
});
