export { certificateApprovingController } from './controller.ts';
