import { z } from 'zod'
import { signedSchema } from '../../../protocol/crypto/index.ts'
import type { Signed } from '../../../protocol/crypto/index.ts'
import { pageOf, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { createQueue } from '../../runtime/index.ts'
import type { DataDeps } from '../deps.ts'
import type { KeysGiven, PrivateService } from './types.ts'

/** Of one Datanet; beyond them those that were given longest ago are forgotten. */
export const mostGiven = 10_000

/** The request says, signed, who was given what for. */
export const givenRecord = z.strictObject({
  request: signedSchema('KeyRequest'),
  by: z.enum(['seat', 'author', 'award']),
  version: z.int().min(1).nullable(),
  keys: z.int().min(0),
  times: z.int().min(1),
  first: z.number(),
  last: z.number()
})
type GivenRecord = z.infer<typeof givenRecord>

const view = ({ request: { message }, ...record }: GivenRecord): KeysGiven => ({
  asker: message.asker,
  ground: message.ground === zeroHash ? null : message.ground,
  ...record
})

/** Whom this node gave keys to: on disk before they go. */
export interface Given extends Pick<PrivateService, 'keysGiven'> {
  note(request: Signed<'KeyRequest'>, why: Pick<KeysGiven, 'by' | 'version'>, keys: number): Promise<void>
}

export function createGiven({ clock, store }: Pick<DataDeps, 'clock' | 'store'>): Given {
  /** `DATANET/ASKER/GROUND`. */
  const table = store.collection('data/keys-given', givenRecord)
  const writes = createQueue({ name: 'keys given', bound: 256 })

  async function all(datanet: Hex): Promise<[string, GivenRecord][]> {
    const found: [string, GivenRecord][] = []
    for await (const [key, record] of table.entries({ prefix: `${datanet}/` })) found.push([key, record])
    return found
  }

  return {
    note: (request, why, keys) =>
      writes.run(request.message.datanet, async () => {
        const { datanet, asker, ground } = request.message
        const key = `${datanet}/${asker}/${ground}`
        const before = await table.get(key)
        const now = clock.now()
        if (before === undefined) {
          const others = await all(datanet)
          const [oldest] = others.length < mostGiven ? [] : others.sort(([, a], [, b]) => a.last - b.last)
          if (oldest !== undefined) await table.delete(oldest[0])
        }
        const times = (before?.times ?? 0) + 1
        const sum = (before?.keys ?? 0) + keys
        await table.put(key, { request, ...why, keys: sum, times, first: before?.first ?? now, last: now })
      }),
    async keysGiven(datanet, request = {}) {
      const newest = (await all(datanet)).map(([, record]) => view(record)).sort((a, b) => b.last - a.last)
      return pageOf(newest, request, ({ asker, ground }) => `${asker}/${ground ?? zeroHash}`)
    }
  }
}
