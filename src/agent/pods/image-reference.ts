/** Names of images. Upstream: github.com/distribution/reference. */

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const HOST =
  '(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\\.(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?))*(?::[0-9]+)?';
let pattern: RegExp | undefined;

export interface ImageReference {
  /** Registry host. */
  domain: string;
  path: string;
  tag?: string;
  digest?: string;
}

/** Undefined for a text that names no image. */
export function parseImage(text: string): ImageReference | undefined {
  pattern ??= new RegExp(
    `^(?:(${HOST}|\\[[a-fA-F0-9:]+\\](?::[0-9]+)?)/)?(${COMPONENT}(?:/${COMPONENT})*)(?::([\\w][\\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?$`,
  );
  const match = pattern.exec(text);
  if (match === null) return undefined;
  let [, domain, path = '', tag, digest] = match;
  // A first part without a dot, port or `localhost` belongs to the path.
  if (domain !== undefined && !/[.:[]/.test(domain) && domain !== 'localhost' && domain === domain.toLowerCase()) {
    path = `${domain}/${path}`;
    domain = undefined;
  }
  if (domain === undefined || domain === 'index.docker.io') domain = 'docker.io';
  if (domain === 'docker.io' && !path.includes('/')) path = `library/${path}`;
  return { domain, path, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** Adds `:latest` to a name with neither tag nor digest. */
export function withDefaultTag(text: string): string {
  const reference = parseImage(text);
  return reference !== undefined && reference.tag === undefined && reference.digest === undefined
    ? `${text}:latest`
    : text;
}
