/** Runs the admission plugins in order. Upstream: apiserver/pkg/admission/chain.go. */
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { ClusterSettings, Kind } from '../../machinery/kind.ts';
import type { Store } from '../../storage/contract.ts';
import type {
  AdmissionContext,
  AdmissionPlugin,
  AdmissionRequest,
  Authorizer,
  ConfigCache,
  KindRegistry,
  Reinvocation,
} from '../contract.ts';
import type { Outbound } from '../outbound/contract.ts';
import { restoreManagedFields } from './managed-fields.ts';
import { admissionPlugins } from './plugins/index.ts';
import type { WebhookMetrics } from './webhooks/metrics.ts';

export interface AdmissionDeps {
  config: ConfigCache;
  store: Store;
  storeOf?(kind: Kind): Store;
  kinds: KindRegistry;
  authorizer: Authorizer;
  settings: ClusterSettings;
  clock: Clock;
  random: Random;
  outbound?: Outbound;
  webhookMetrics?: WebhookMetrics;
  /** The built-in ones, in upstream's order, unless given. */
  plugins?: readonly AdmissionPlugin[];
}

export interface Admission {
  /** The mutating phase: may change `request.object`. Throws a StatusError to refuse. */
  admit(request: AdmissionRequest): Promise<void>;
  /** The validating phase, after the object is final. */
  validate(request: AdmissionRequest): Promise<void>;
}

export function createAdmission({ plugins = admissionPlugins, config, ...deps }: AdmissionDeps): Admission {
  const run = async (phase: 'admit' | 'validate', request: AdmissionRequest): Promise<void> => {
    let context: AdmissionContext | undefined;
    for (let again = true; again; again = isDueAgain(context)) {
      for (const plugin of plugins) {
        if (!plugin[phase] || !plugin.handles(request)) continue;
        context ??= {
          ...deps,
          config: await config.fresh(),
          observe: (tracked, resource) => config.observe(tracked, resource),
          ...(phase === 'admit' ? { reinvocation: newReinvocation() } : {}),
        };
        await plugin[phase](request, context);
      }
    }
  };
  return {
    async admit(request) {
      const managedFields = request.object?.metadata?.managedFields;
      await run('admit', request);
      restoreManagedFields(request, managedFields);
    },
    validate: (request) => run('validate', request),
  };
}

const newReinvocation = (): Reinvocation => ({ isReinvoke: false, shouldReinvoke: false, values: new Map() });

/** Whether the plugins run a second time; there is no third. Upstream: admission/reinvocation.go. */
function isDueAgain(context: AdmissionContext | undefined): boolean {
  const reinvocation = context?.reinvocation;
  if (!reinvocation || reinvocation.isReinvoke || !reinvocation.shouldReinvoke) return false;
  reinvocation.isReinvoke = true;
  return true;
}
