import { describe, expect, it } from 'vitest';
import { parseRequestInfo } from '../../src/server/request-info.ts';

const parse = (line: string) => {
  const [method = '', path = ''] = line.split(' ');
  return parseRequestInfo(method, new URL(path, 'http://x'));
};

describe('request info', () => {
  it.each([
    ['GET /api/v1/pods', { verb: 'list', resource: 'pods', namespace: '' }],
    ['GET /api/v1/namespaces/a/pods/p', { verb: 'get', namespace: 'a', name: 'p', named: true }],
    ['GET /api/v1/namespaces/a/pods?watch=1', { verb: 'watch' }],
    ['GET /api/v1/namespaces/a/pods/p?watch=1', { verb: 'get' }],
    ['GET /api/v1/watch/namespaces/a/pods/p', { verb: 'watch', name: 'p', resource: 'pods' }],
    ['GET /api/v1/watch/pods?fieldSelector=metadata.name%3Dp', { verb: 'watch', name: '', verbInPath: true }],
    ['GET /api/v1/proxy/namespaces/a/pods/p/x', { verb: 'proxy', resource: 'pods', name: 'p', subresource: '' }],
    ['DELETE /apis/apps/v1/namespaces/a/deployments', { verb: 'deletecollection', group: 'apps', version: 'v1' }],
    ['PATCH /apis/apps/v1/namespaces/a/deployments/d/scale', { verb: 'patch', subresource: 'scale' }],
    ['GET /api/v1/namespaces/a', { verb: 'get', resource: 'namespaces', name: 'a', namespace: 'a' }],
    ['PUT /api/v1/namespaces/a/finalize', { resource: 'namespaces', subresource: 'finalize', name: 'a' }],
    ['POST /api/v1/nodes/n/proxy/a/b', { verb: 'create', subresource: 'proxy', rest: ['a', 'b'] }],
    ['POST /api/v1/nodes/n/proxy/a//b/', { resource: 'nodes', rest: ['a', '', 'b'] }],
    ['GET /api/v1/namespaces/a/pods/', { verb: 'list', resource: 'pods', namespace: 'a' }],
    ['GET /api/v1/namespaces//pods', { verb: 'list', resource: 'pods', namespace: '' }],
    ['GET /api/v1//pods', { isResource: true, resource: '' }],
    ['GET /api/v1/namespaces/a/pods//log', { isResource: true, resource: '' }],
    ['GET /apis/apps//v1/deployments', { isResource: true, group: 'apps', version: '' }],
    ['GET //api/v1/pods', { isResource: false }],
    ['GET /healthz', { isResource: false, verb: 'get' }],
    ['GET /apis/apps/v1', { isResource: false }],
  ])('%s', (line, expected) => {
    expect(parse(line)).toMatchObject(expected);
  });

  it('takes the name from a field selector for reads of collections, never for deletecollection', () => {
    expect(parse('GET /api/v1/pods?fieldSelector=metadata.name%3Dp')).toMatchObject({
      verb: 'list',
      name: 'p',
      named: false,
    });
    expect(parse('GET /api/v1/pods?fieldSelector=metadata.name!%3Dp').name).toBe('');
    expect(parse('GET /api/v1/pods?fieldSelector=metadata.name%3D..').name).toBe('');
    expect(parse('DELETE /api/v1/namespaces/a/pods?fieldSelector=metadata.name%3Dp').name).toBe('');
    expect(parse('GET /api/v1/pods?fieldSelector=a%3Db,metadata.name%3D%3Dp%5C,').name).toBe('p,');
    for (const wrong of ['limit=x', 'timeoutSeconds=', 'labelSelector=!!'])
      expect(parse(`GET /api/v1/pods?fieldSelector=metadata.name%3Dp&${wrong}`).name).toBe('');
  });

  it('splits the decoded path, so that an escaped slash is a slash for everybody', () => {
    expect(parse('GET /api/v1/namespaces/a/pods/p%2Fexec')).toMatchObject({ name: 'p', subresource: 'exec' });
    expect(() => parse('GET /api/v1/namespaces/%zz/pods')).toThrow('invalid URL escape');
  });
});
