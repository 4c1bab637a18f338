import { describe, expect, it } from 'vitest';
import { deployments, pods } from '../../../src/kinds/index.ts';
import { decodeBody, firstFault, inDeclaredOrder } from '../../../src/machinery/fields/index.ts';
import type { Json } from '../../../src/machinery/meta.ts';

describe('firstFault', () => {
  it.each<[string, string | undefined]>([
    ['{"spec":{"replicas":1},"metadata":{"labels":null}}', undefined],
    [
      '{"spec":{"replicas":"1","paused":1},"metadata":5}',
      'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      '{"metadata":{"labels":{"a":1},"name":5},"spec":[]}',
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      '{"spec":5,"metadata":{"creationTimestamp":"x"}}',
      'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
    ],
    ['[]', 'json: cannot unmarshal array into Go value of type v1.Deployment'],
  ])('of %s is %s', (text, message) => {
    expect(firstFault(deployments.schema, JSON.parse(text))?.message).toBe(message);
  });

  it('is what a body is refused with', () => {
    expect(() => decodeBody(deployments.schema, '{"spec":{"replicas":"1"},"metadata":5}', 'Warn')).toThrow(
      /spec\.replicas/,
    );
  });
});

describe('inDeclaredOrder', () => {
  it('puts fields in the order of the type and keys of maps in theirs, and leaves raw JSON alone', () => {
    const pod = {
      spec: { restartPolicy: 'Never', containers: [{ imagePullPolicy: 'Always', name: 'c' }] },
      metadata: { labels: { b: '1', a: '2' }, name: 'p', managedFields: [{ fieldsV1: { 'f:b': {}, 'f:a': {} } }] },
      kind: 'Pod',
    };
    expect(JSON.stringify(inDeclaredOrder(pods.schema, pod as unknown as Json))).toBe(
      '{"kind":"Pod","metadata":{"name":"p","labels":{"a":"2","b":"1"},"managedFields":[{"fieldsV1":{"f:b":{},"f:a":{}}}]},"spec":{"containers":[{"name":"c","imagePullPolicy":"Always"}],"restartPolicy":"Never"}}',
    );
  });
});
