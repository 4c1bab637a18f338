import { describe, expect, it } from 'vitest';
import { encodeOpenApiV2 } from '../../../src/server/documents/openapi-v2-protobuf.ts';
import { createTestCluster } from '../../support/cluster.ts';

const DOCUMENT = {
  swagger: '2.0',
  info: {
    title: 'K',
    version: 'v1',
  },
  paths: {
    '/a': {
      get: {
        operationId: 'op',
        parameters: [
          {
            in: 'body',
            name: 'body',
            required: true,
            schema: {
              $ref: '#/definitions/A',
            },
          },
          {
            in: 'query',
            name: 'q',
            type: 'string',
            uniqueItems: true,
          },
          {
            $ref: '#/parameters/p',
          },
        ],
        responses: {
          '200': {
            description: 'OK',
            schema: {
              type: 'string',
            },
          },
        },
      },
      parameters: [
        {
          in: 'path',
          name: 'n',
          required: true,
          type: 'string',
          uniqueItems: true,
        },
      ],
    },
  },
  definitions: {
    A: {
      description: 'ä',
      type: 'object',
      required: ['b'],
      properties: {
        b: {
          type: 'array',
          items: {
            type: 'integer',
            format: 'int32',
            minimum: 1.5,
            maxLength: 300,
          },
        },
        c: {
          type: 'object',
          additionalProperties: {
            type: 'string',
          },
        },
      },
    },
  },
  securityDefinitions: {
    BearerToken: {
      type: 'apiKey',
      name: 'authorization',
      in: 'header',
    },
  },
  security: [
    {
      BearerToken: [],
    },
  ],
};

/** What the library of upstream makes of it. */
const BYTES = [
  '0a03322e3012070a014b1202763142a60112a3010a022f61129c01127c2a026f7042250a230a211204626f64791a04626f64',
  '7920012a110a0f232f646566696e6974696f6e732f41421b0a1912171a15120571756572792201713206737472696e67a001',
  '01421212100a0e232f706172616d65746572732f704a1e0a1c0a0332303012150a130a024f4b120d0a0bb201080a06737472',
  '696e674a1c0a1a12182216080112047061746822016e2a06737472696e679801014a740a720a0141126d2202c3a49a010162',
  'b201080a066f626a656374ca01570a330a0162122eb201070a056172726179ba01210a1f1205696e74333249000000000000',
  'f83f58ac02b201090a07696e74656765720a200a0163121baa010d0a0bb201080a06737472696e67b201080a066f626a6563',
  '7462110a0f0a0b426561726572546f6b656e12006a320a300a0b426561726572546f6b656e1221121f0a066170694b657912',
  '0d617574686f72697a6174696f6e1a06686561646572',
].join('');

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('the OpenAPI v2 document in protobuf', () => {
  it('has the bytes that other encoders give', () => {
    expect(hex(encodeOpenApiV2(DOCUMENT))).toBe(BYTES);
  });

  it('carries extensions as YAML', () => {
    const extension = { 'x-kubernetes-group-version-kind': [{ kind: 'Pod' }] };
    const text = Buffer.from(encodeOpenApiV2({ definitions: { A: extension } })).toString('latin1');
    expect(text).toContain('x-kubernetes-group-version-kind');
    expect(text).toContain('[{"kind":"Pod"}]');
  });

  it.each([
    ['application/com.github.proto-openapi.spec.v2@v1.0+protobuf', 200, 'protobuf'],
    ['application/com.github.proto-openapi.spec.v2.v1.0+protobuf, application/json', 200, 'protobuf'],
    ['application/json, application/com.github.proto-openapi.spec.v2.v1.0+protobuf', 200, 'json'],
    ['image/png', 406, undefined],
    ['application/*', 200, 'json'],
  ])('is chosen by Accept: %s', async (accept, status, type) => {
    const { fetch } = await createTestCluster();
    const response = await fetch('GET /openapi/v2', { accept });
    const shown = response.headers.get('content-type')?.replace(/^.*[/+]/, '');
    expect([response.status, shown]).toEqual([status, type]);
    await response.arrayBuffer();
  });
});
