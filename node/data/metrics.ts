import { counter } from '../runtime/index.ts'
import type { Metrics } from '../runtime/index.ts'

export interface DataMetrics {
  decided(status: string): void
  synced(outcome: 'done' | 'failed'): void
}

export function createDataMetrics(metrics: Metrics | undefined): DataMetrics {
  if (metrics === undefined) return { decided: () => undefined, synced: () => undefined }
  const decided = counter(
    metrics,
    'tilth_data_contributions_decided_total',
    'Contributions decided, as this node saw it',
    ['status']
  )
  const synced = counter(metrics, 'tilth_data_sync_total', 'Comparisons of notes that this node asked for', ['outcome'])
  return {
    decided: status => {
      decided.inc({ status })
    },
    synced: outcome => {
      synced.inc({ outcome })
    }
  }
}
