/** The Kubernetes release that Kedge follows. */
export const KUBERNETES_VERSION = '1.36.0';

/** Kedge's own version; package.json has the same. */
export const KEDGE_VERSION = '0.1.0';

/** What /version reports as gitVersion. */
export const GIT_VERSION = `v${KUBERNETES_VERSION}+kedge-${KEDGE_VERSION}`;
