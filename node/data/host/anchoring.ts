import { z } from 'zod'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Automation, Plan } from '../../runtime/index.ts'
import { nameOf } from '../book/index.ts'
import type { Book } from '../book/index.ts'
import type { AnchorPolicy, DataDeps } from '../deps.ts'
import type { Interest } from '../interest/index.ts'
import type { DataService } from '../types.ts'

/**
 * What waits: contributions accepted and in no version, or in the last one and gone, and since when (milliseconds since
 * 1970).
 */
export interface Unanchored {
  readonly contributions: number
  readonly since: number
}

/** Whether it is time for a version; if not, when it will be, however little comes. */
export function anchorAt({ contributions, seconds }: AnchorPolicy, waiting: Unanchored, now: number): number | 'now' {
  const at = waiting.since + seconds * 1000
  return waiting.contributions >= contributions || at <= now ? 'now' : at
}

export const unanchoredRecord = z.strictObject({
  contributions: z.int().min(1),
  version: z.int().min(0),
  since: z.int()
})

/** The host's automation: a version of each of its Datanets when the policy says so. */
export function createAnchoring(
  deps: Pick<DataDeps, 'anchor' | 'automations' | 'clock' | 'store'>,
  everyMs: number,
  book: Book,
  interest: Pick<Interest, 'all' | 'roles'>,
  versions: Pick<DataService, 'anchorVersion' | 'leftSince'>
): Automation | undefined {
  const { anchor: policy, automations, clock, store } = deps
  if (policy === undefined) return undefined
  /** Since when something waits is remembered: a node that is started often anchors all the same. */
  const table = store.collection('data/unanchored', unanchoredRecord)

  async function waitingIn(datanet: Hex): Promise<(Unanchored & { version: number }) | undefined> {
    const { version, count } = (await book.listing(datanet)) ?? { version: 0, count: 0 }
    const left = version === 0 ? [] : await versions.leftSince(datanet, version)
    const stay = (await book.progress(datanet)).accepted - (await book.gone(datanet)).contributions
    // An empty version cannot be anchored: the last one stands.
    const contributions = stay === 0 ? 0 : stay - (count - left.length) + left.length
    const known = await table.get(datanet)
    if (contributions <= 0) {
      if (known !== undefined) await table.delete(datanet)
      return undefined
    }
    // Since the version before: what waits after the next one waits anew.
    const since = known !== undefined && known.version === version ? known.since : clock.now()
    if (known?.contributions !== contributions || known.version !== version)
      await table.put(datanet, { contributions, version, since })
    return { contributions, version, since }
  }

  async function* plans(): AsyncGenerator<Plan> {
    for (const datanet of interest.all()) {
      if (!interest.roles(datanet).includes('host')) continue
      const known = await book.datanet(datanet)
      const name = known === undefined ? datanet : nameOf(known)
      const waiting = await waitingIn(datanet)
      if (waiting === undefined || policy === undefined) continue
      const what = `anchor version ${waiting.version + 1} of ${name}`
      const at = anchorAt(policy, waiting, clock.now())
      if (at === 'now')
        yield {
          due: true,
          about: datanet,
          what,
          async run() {
            const { version, count } = await versions.anchorVersion(datanet)
            return `anchored version ${version} of ${name}: ${count} contributions`
          }
        }
      else {
        const why = `${waiting.contributions} of ${policy.contributions} accepted contributions wait for it`
        yield { due: false, about: datanet, what, why, at }
      }
    }
  }

  return automations.add({ name: 'anchor', on: policy.on, everyMs, plans })
}
