export { pvProtectionController } from './controller.ts';
