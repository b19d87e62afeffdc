import type { Node } from '../../../node/node.ts'
import { auditWords } from '../../../node/payouts/index.ts'
import type { AuditView as NodeAudit } from '../../../node/payouts/index.ts'
import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { ModelView, StatusView } from '../contract/index.ts'

/** Own models that are shown, of those whose audit is not over. */
const waitingShown = 20
/** A page does not wait longer for papers that somebody else has. */
const patienceMs = 2_000

/** How a model's audit stands, as the API says it. */
const auditView = ({ asked, state, audit, rounds, round, seed, panel, until, pay, segments }: NodeAudit) => ({
  asked,
  state,
  why: auditWords[state],
  audit,
  rounds,
  ...(round === undefined ? {} : { round }),
  ...(seed === undefined || seed === null ? {} : { seed }),
  panel: [...(panel ?? [])],
  ...(until === undefined ? {} : { until: Number(until) }),
  ...(pay === undefined
    ? {}
    : {
        pay: {
          segments: pay.segments,
          fee: String(pay.fee),
          closed: pay.closed,
          paid: pay.paid.map(({ auditor, amount }) => ({ auditor, amount: String(amount) })),
          absent: [...pay.absent]
        }
      }),
  segments: segments.map(one => ({
    coalition: one.coalition,
    segment: one.segment,
    worker: one.worker,
    auditors: [...one.auditors],
    agreed: [...one.agreed],
    disagreed: [...one.disagreed]
  }))
})

/** Nothing for a model without siblings, or whose papers cannot be had now or admit nothing. */
export async function auditOf(
  { payouts }: Pick<Node, 'payouts'>,
  { id, result }: Pick<ModelView, 'id' | 'result'>
): Promise<Pick<ModelView, 'audit'>> {
  if (result === null) return {}
  const late = new Promise<null>(resolve => {
    setTimeout(() => resolve(null), patienceMs).unref()
  })
  try {
    const found = await Promise.race([payouts.audit(id as Hex), late])
    return found === null ? {} : { audit: auditView(found) }
  } catch (error) {
    if (!(error instanceof TilthError)) throw error
    return {}
  }
}

/** The node's own models whose audit is not passed: what each waits for, the newest first. */
export async function unaudited({
  models,
  payouts,
  self
}: Pick<Node, 'models' | 'payouts' | 'self'>): Promise<Pick<StatusView, 'unaudited'>> {
  const found: NonNullable<StatusView['unaudited']> = []
  for (const { id, name, builder, retired, result } of models.models().toReversed()) {
    if (retired || builder !== self) continue
    const { audit } = await auditOf({ payouts }, { id, result })
    if (audit !== undefined && audit.state !== 'passed' && audit.state !== 'unaudited')
      found.push({ id, name, state: audit.state, why: audit.why })
    if (found.length === waitingShown) break
  }
  return found.length === 0 ? {} : { unaudited: found }
}
