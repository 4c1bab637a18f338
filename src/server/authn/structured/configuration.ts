/** AuthenticationConfiguration as it is written. Upstream: apiserver/pkg/apis/apiserver/types.go. */
import type { DocumentType } from '../../configuration/decode.ts';

export interface AuthenticationConfiguration {
  jwt?: JwtAuthenticatorConfiguration[];
  anonymous?: { enabled?: boolean; conditions?: { path?: string }[] };
}

export interface JwtAuthenticatorConfiguration {
  issuer: IssuerConfiguration;
  claimValidationRules?: ClaimValidationRule[];
  claimMappings: {
    username: PrefixedClaimOrExpression;
    groups?: PrefixedClaimOrExpression;
    uid?: ClaimOrExpression;
    extra?: { key?: string; valueExpression?: string }[];
  };
  userValidationRules?: { expression?: string; message?: string }[];
}

export interface IssuerConfiguration {
  url?: string;
  discoveryURL?: string;
  certificateAuthority?: string;
  audiences?: string[];
  audienceMatchPolicy?: string;
  egressSelectorType?: string;
}

export interface ClaimValidationRule {
  claim?: string;
  requiredValue?: string;
  expression?: string;
  message?: string;
}

export interface ClaimOrExpression {
  claim?: string;
  expression?: string;
}

export interface PrefixedClaimOrExpression extends ClaimOrExpression {
  prefix?: string | null;
}

const CLAIM = { claim: 'string', expression: 'string' } as const;
const PREFIXED = { ...CLAIM, prefix: 'string' } as const;

export const AUTHENTICATION: DocumentType = {
  apiVersions: ['apiserver.config.k8s.io/v1', 'apiserver.config.k8s.io/v1beta1', 'apiserver.config.k8s.io/v1alpha1'],
  kind: 'AuthenticationConfiguration',
  shape: {
    jwt: [
      {
        issuer: {
          ...{ url: 'string', discoveryURL: 'string', certificateAuthority: 'string', audiences: ['string'] },
          ...{ audienceMatchPolicy: 'string', egressSelectorType: 'string' },
        },
        claimValidationRules: [{ claim: 'string', requiredValue: 'string', expression: 'string', message: 'string' }],
        claimMappings: {
          ...{ username: PREFIXED, groups: PREFIXED, uid: CLAIM },
          extra: [{ key: 'string', valueExpression: 'string' }],
        },
        userValidationRules: [{ expression: 'string', message: 'string' }],
      },
    ],
    anonymous: { enabled: 'boolean', conditions: [{ path: 'string' }] },
  },
};
