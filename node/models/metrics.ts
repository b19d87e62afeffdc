import { counter, gauge } from '../runtime/index.ts'
import type { Metrics } from '../runtime/index.ts'
import type { ModelsDeps } from './deps.ts'

/**
 * What an owner and a client watch: answers and tokens paid for, what failed, what was claimed, how busy the worker is.
 * Amounts are in whole tokens, for reading, not for accounts.
 */
export function declareMetrics(
  metrics: Metrics,
  { events }: Pick<ModelsDeps, 'events'>,
  at: { offers(): number; free(): number }
): () => void {
  const receipts = counter(metrics, 'tilth_models_receipts_total', 'Answers with a receipt that both signed', ['role'])
  const tokens = counter(metrics, 'tilth_models_tokens_total', 'Tokens of those answers', ['role', 'direction'])
  const fees = counter(metrics, 'tilth_models_fees_total', 'Fees of those answers, in whole tokens', ['role'])
  const failed = counter(metrics, 'tilth_models_failures_total', 'Answers that a worker did not finish, by its code', [
    'code'
  ])
  const redeemed = counter(metrics, 'tilth_models_redeemed_total', 'Claimed from channels, in whole tokens')
  gauge(metrics, 'tilth_models_offers', 'Offers that stand, of all workers known', [], self => {
    self.set(at.offers())
  })
  gauge(metrics, 'tilth_models_free_slots', 'Answers this worker could begin at once', [], self => {
    self.set(at.free())
  })
  const offs = [
    events.on(
      'models.receipt',
      ({
        role,
        receipt: {
          receipt: { message }
        }
      }) => {
        receipts.inc({ role })
        tokens.inc({ role, direction: 'input' }, message.inputTokens)
        tokens.inc({ role, direction: 'output' }, message.outputTokens)
        fees.inc({ role }, Number(message.fee) / 1e18)
      }
    ),
    events.on('models.failed', ({ code }) => {
      failed.inc({ code })
    }),
    events.on('models.redeemed', ({ paid }) => {
      redeemed.inc(Number(paid) / 1e18)
    })
  ]
  return () => {
    for (const off of offs) off()
  }
}
