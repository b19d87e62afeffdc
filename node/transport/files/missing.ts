import { NotFoundError } from '../../../protocol/primitives/index.ts'
import { remember } from '../../runtime/index.ts'
import type { Clock } from '../../runtime/index.ts'

/** What nobody had is not looked for again for so long at first, twice as long after each further try. */
const firstMs = 60_000
const longestMs = 900_000
/** CIDs remembered; beyond it the one that failed longest ago is forgotten. */
const most = 1_000

/** CIDs that nobody had: whoever names a thousand dead ones costs a node one search each, not one each time. */
export interface Missing {
  /** @throws NotFoundError `files.unavailable` while the CID is not looked for again */
  check(cid: string): void
  failed(cid: string, providers: readonly string[]): void
  found(cid: string): void
  /** A peer came: what it was said to have is worth a search. */
  met(peer: { readonly address: string; readonly peerId: string }): void
}

export function createMissing(clock: Pick<Clock, 'now'>): Missing {
  const entries = new Map<string, { until: number; waitMs: number; providers: readonly string[] }>()
  return {
    check(cid) {
      const entry = entries.get(cid)
      if (entry === undefined || entry.until <= clock.now()) return
      const seconds = Math.ceil((entry.until - clock.now()) / 1000)
      throw new NotFoundError('files.unavailable', `nobody had ${cid} a moment ago`, {
        consequence: 'retry',
        help: `It is looked for again in ${seconds} s, or when one of its providers comes.`
      })
    },
    failed(cid, providers) {
      const waitMs = Math.min(longestMs, (entries.get(cid)?.waitMs ?? firstMs / 2) * 2)
      remember(entries, cid, { until: clock.now() + waitMs, waitMs, providers }, most)
    },
    found(cid) {
      entries.delete(cid)
    },
    met({ address, peerId }) {
      for (const [cid, { providers }] of entries)
        if (providers.includes(address) || providers.includes(peerId)) entries.delete(cid)
    }
  }
}
