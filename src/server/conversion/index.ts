export { createWebhookConverter } from './webhook-converter.ts';
