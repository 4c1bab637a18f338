export { type Admission, type AdmissionDeps, createAdmission } from './admission.ts';
export { admissionPlugins } from './plugins/index.ts';
