export { rootCaCertPublisher } from './controller.ts';
