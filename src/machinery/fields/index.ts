/** From JSON to the normal form of a type, as Go's decoder and encoder would leave it. */

export { zeroOf } from './compile.ts';
export { convertMessage } from './convert-error.ts';
export { inDeclaredOrder } from './declared-order.ts';
export { type Decoded, decodeBody, decodeObject, type FieldValidation, fieldErrorsOf } from './decode.ts';
export { DecodeError, jsonTypeOf } from './decode-context.ts';
export { firstFault } from './first-fault.ts';
export { duplicateKeys, strictErrors } from './strict.ts';
