export { type Admission, type AdmissionDeps, createAdmission } from './admission.ts';
