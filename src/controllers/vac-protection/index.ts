export { vacProtectionController } from './controller.ts';
