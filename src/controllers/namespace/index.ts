export { createNamespaceController } from './controller.ts';
