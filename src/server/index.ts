/** The API server. */
export { createServer } from './app.ts';
