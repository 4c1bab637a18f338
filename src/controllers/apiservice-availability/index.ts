export { createApiServiceAvailability } from './controller.ts';
