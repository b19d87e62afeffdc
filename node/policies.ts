import { totalmem } from 'node:os'
import type { AnchorPolicy, DataDeps } from './data/index.ts'
import type { ModelsDeps, ServePolicy } from './models/index.ts'
import type { ClaimPolicy, PayoutsDeps, SettlePolicy } from './payouts/index.ts'
import type { Switched } from './runtime/index.ts'

/** What a node does by itself, for the roles it has. */
export interface AutomationPolicies {
  readonly anchor: Switched<AnchorPolicy>
  readonly seat: Switched
  readonly jury: Switched
  readonly questions: Switched
  readonly bonds: Switched
  readonly register: Switched
  readonly serve: Switched<
    Omit<ServePolicy, 'disk' | 'memory'> & { disk?: number | undefined; memory?: number | undefined }
  >
  readonly redeem: Switched<{ readonly at: bigint }>
  readonly settle: Switched<SettlePolicy>
  readonly watch: Switched
  readonly finalize: Switched
  readonly claim: Switched<ClaimPolicy>
}

interface PhasePolicies {
  readonly data: Pick<DataDeps, 'anchor' | 'bonds' | 'jury' | 'questions' | 'seat'>
  readonly models: Pick<ModelsDeps, 'register' | 'serve'>
  readonly redeem: { redeem?: boolean; redeemAt?: bigint }
  readonly payouts: Pick<PayoutsDeps, 'policy'>
}

/** Each phase's part of it: what its role wants, within half of the machine unless its owner says how much. */
export function policiesFor(
  automation: AutomationPolicies | undefined,
  roles: { readonly host: boolean; readonly builder: boolean; readonly worker: boolean },
  shelfQuota: number
): PhasePolicies {
  if (automation === undefined) return { data: {}, models: {}, redeem: {}, payouts: {} }
  const { anchor, seat, bonds, jury, questions, register, serve, redeem, settle, watch, finalize, claim } = automation
  return {
    data: {
      seat: seat.on,
      bonds: bonds.on,
      jury: jury.on,
      questions: questions.on,
      ...(roles.host ? { anchor } : {})
    },
    models: {
      ...(roles.builder ? { register } : {}),
      ...(roles.worker
        ? { serve: { ...serve, disk: serve.disk ?? shelfQuota / 2, memory: serve.memory ?? totalmem() / 2 } }
        : {})
    },
    redeem: { redeem: redeem.on, redeemAt: redeem.at },
    payouts: { policy: { settle, finalize: finalize.on, watch: watch.on, claim } }
  }
}
