/**
 * Node's HTTP modules for the process that stays. An `import` of them reads all they export, and from Node.js 22 on one of
 * those loads a whole implementation of fetch: 17 MB.
 */
import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

export const http = load('node:http') as typeof import('node:http');
export const https = load('node:https') as typeof import('node:https');
