/**
 * How the control plane tells whoever dials for it, the agent of a node or the process of `kedge up`, where a request
 * goes on to and how the target proves who it is; and how it is told that the target was not reached.
 */

/** Headers of a request. */
export const DIAL = {
  /** `HOST:PORT` that is connected to. */
  target: 'x-kedge-dial',
  /** `https`, or plain HTTP where it is not set. */
  scheme: 'x-kedge-dial-scheme',
  /** PEM, in base64, of the authority that the target's certificate must be signed by; `system`: the machine's own. */
  ca: 'x-kedge-dial-ca',
  /** Name that the target's certificate must be for. */
  serverName: 'x-kedge-dial-server-name',
  /** PEM, in base64, of a certificate and its key to show to the target. */
  certificate: 'x-kedge-dial-certificate',
  /** Classes of addresses that may be dialled, with commas between; unset: all. */
  allow: 'x-kedge-dial-allow',
  /** JSON, in base64, of headers that take a line for each of their values: `{"x-remote-group": ["a", "b"]}`. */
  lines: 'x-kedge-dial-lines',
  /** Set where the request is small and may be sent again when it did not arrive. */
  whole: 'x-kedge-dial-whole',
} as const;

/**
 * Header of an answer that tells the dialler's own 502 from one of the target: `connect` when no connection came about, so
 * that the request may be sent elsewhere, else `lost`.
 */
export const DIAL_ERROR = 'x-kedge-dial-error';
