import type { Hex } from '../../../protocol/primitives/index.ts'
import type { ModelsDeps } from '../deps.ts'
import type { ActivityView } from '../types.ts'

export interface Activity {
  lately(): ActivityView
  stop(): void
}

const minutes = 60
const minuteMs = 60_000

/** Counts by the minute for an hour; what is older is forgotten with its minute. */
export function createActivity(
  { clock, events }: Pick<ModelsDeps, 'clock' | 'events'>,
  /** What of a model's fee is its worker's. */
  workerPart: (model: Hex, fee: bigint) => bigint
): Activity {
  const started = clock.now()
  const buckets = new Map<number, { requests: number; tokens: number; fees: bigint; earned: bigint }>()
  const minuteOf = (at: number): number => Math.floor(at / minuteMs)

  function forget(): void {
    const oldest = minuteOf(clock.now()) - minutes
    for (const minute of buckets.keys()) if (minute <= oldest) buckets.delete(minute)
  }

  const stop = events.on('models.receipt', ({ role, receipt: { receipt } }) => {
    if (role !== 'worker') return
    forget()
    const { inputTokens, outputTokens, fee, model } = receipt.message
    const minute = minuteOf(clock.now())
    const { requests, tokens, fees, earned } = buckets.get(minute) ?? { requests: 0, tokens: 0, fees: 0n, earned: 0n }
    buckets.set(minute, {
      requests: requests + 1,
      tokens: tokens + inputTokens + outputTokens,
      fees: fees + fee,
      earned: earned + workerPart(model, fee)
    })
  })

  return {
    lately() {
      forget()
      const seconds = Math.max(1, Math.round(Math.min(minutes * minuteMs, clock.now() - started) / 1000))
      let [requests, tokens, fees, earned] = [0, 0, 0n, 0n]
      for (const bucket of buckets.values()) {
        requests += bucket.requests
        tokens += bucket.tokens
        fees += bucket.fees
        earned += bucket.earned
      }
      return { seconds, requests, tokens, fees, earned }
    },
    stop
  }
}
