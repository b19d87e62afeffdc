import { defaultPage, InvalidError, largestPage } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { everything, hexOfShort, isTimeKey, justAfter, listKey, openKey, shortId, shortPrefix } from './keys.ts'
import type { Tables } from './tables.ts'
import type { Entry, ReceiptStore } from './types.ts'

/** Views over receipts: each reads what it shows. */
export function createLists(
  tables: Tables,
  entryAt: (key: string) => Promise<Entry | undefined>
): Pick<ReceiptStore, 'list' | 'idsLike' | 'open' | 'openIds' | 'unheard' | 'readyBefore' | 'hasOwn' | 'pools'> {
  return {
    async list({ model, pool, order = 'oldest', limit = defaultPage, cursor } = {}) {
      if (cursor !== undefined && !isTimeKey(cursor))
        throw new InvalidError('page.cursor', 'that is no cursor of a list of receipts', {
          help: 'Begin again without a cursor.'
        })
      const scope = model ?? pool ?? everything
      const reverse = order === 'newest'
      const bound =
        cursor === undefined
          ? {}
          : reverse
            ? { to: listKey(scope, cursor) }
            : { from: listKey(scope, justAfter(cursor)) }
      const most = Math.min(Math.max(1, limit), largestPage)
      const items: Entry[] = []
      let last: string | undefined
      for await (const name of tables.lists.keys({ prefix: `${scope}/`, reverse, ...bound })) {
        // One more is there than is shown.
        if (items.length === most) return { items, next: last ?? null }
        const key = name.slice(scope.length + 1)
        const entry = await entryAt(key)
        // A model has one pool; a receipt whose archive is lost is shown by nobody.
        if (entry === undefined || (pool !== undefined && entry.pool !== pool)) continue
        items.push(entry)
        last = key
      }
      return { items, next: null }
    },
    async *idsLike(beginning) {
      for await (const [short, key] of tables.ids.entries({ prefix: shortPrefix(beginning) })) {
        const half = hexOfShort(short)
        if (!half.startsWith(beginning.slice(0, half.length))) continue
        const entry = await entryAt(key)
        if (entry?.id.startsWith(beginning) === true) yield entry.id
      }
    },
    async *open(pool) {
      for await (const id of tables.places.values({ prefix: `${pool}/` })) {
        const key = await tables.ids.get(shortId(id))
        const entry = key === undefined ? undefined : await entryAt(key)
        if (entry !== undefined) yield entry
      }
    },
    async openIds(pool, prefix, limit) {
      const ids: Hex[] = []
      for await (const key of tables.open.keys({ prefix: openKey(pool, `0x${prefix}`), limit }))
        ids.push(key.slice(pool.length + 1) as Hex)
      return ids
    },
    async unheard(limit) {
      const ids: Hex[] = []
      for await (const id of tables.unheard.values({ reverse: true, limit })) ids.push(id)
      return ids
    },
    async *readyBefore(pool, time) {
      for await (const [name, since] of tables.ready.entries({ prefix: `${pool}/` })) {
        if (since > time) continue
        const key = await tables.ids.get(shortId(name.slice(pool.length + 1) as Hex))
        const entry = key === undefined ? undefined : await entryAt(key)
        if (entry?.state.name === 'unscored' || entry?.state.name === 'unsettled') yield entry
      }
    },
    async hasOwn(pool) {
      for await (const { own } of tables.channels.values({ prefix: `${pool}/` })) if (own) return true
      return false
    },
    async *pools() {
      // One step for each pool, however much it has.
      let from = ''
      for (;;) {
        let found: string | undefined
        for await (const key of tables.open.keys({ from, limit: 1 })) found = key
        const pool = found?.split('/')[0] as Hex | undefined
        if (pool === undefined) return
        yield pool
        from = justAfter(pool)
      }
    }
  }
}
