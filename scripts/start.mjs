#!/usr/bin/env node
// `npm start`: a local cluster in the foreground; arguments go to `kedge up`.
process.argv.splice(2, 0, 'up');
await import('../bin/kedge.mjs');
