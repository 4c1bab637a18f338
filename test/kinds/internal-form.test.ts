import { expect, it } from 'vitest';
import { internalForm } from '../../src/kinds/internal-form.ts';

it('shows structs as messages do: Go names, every field, null for what is unset', () => {
  expect(internalForm('networking.k8s.io/v1.ParentReference', { resource: 'services', name: 's' })).toEqual({
    Group: '',
    Resource: 'services',
    Namespace: '',
    Name: 's',
  });
  const claim = { metadata: { labels: { a: 'b' } }, spec: { devices: { requests: [{ name: 'r' }] } } };
  expect(JSON.stringify(internalForm('resource.k8s.io/v1.ResourceClaimTemplateSpec', claim))).toBe(
    '{"labels":{"a":"b"},"Spec":{"Devices":{"Requests":[{"Name":"r","Exactly":null,"FirstAvailable":null}],"Constraints":null,"Config":null}}}',
  );
  expect(internalForm('core/v1.ObjectReference', { uid: 'u', apiVersion: 'v1' })).toMatchObject({
    UID: 'u',
    APIVersion: 'v1',
  });
});

it('orders and names the fields of volumes as the internal types do', () => {
  expect(Object.keys(internalForm('core/v1.PersistentVolumeSource', {}) as object).slice(4, 9)).toEqual([
    'NFS',
    'RBD',
    'Quobyte',
    'ISCSI',
    'FlexVolume',
  ]);
  expect(Object.keys(internalForm('core/v1.RBDVolumeSource', {}) as object).slice(0, 5)).toEqual([
    'CephMonitors',
    'RBDImage',
    'FSType',
    'RBDPool',
    'RadosUser',
  ]);
});
