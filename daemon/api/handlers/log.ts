import type { Node } from '../../../node/node.ts'
import type { RecentLog } from '../../../node/runtime/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import { plainFields } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'

/** Milliseconds between two pieces of news that there are new lines. */
const sayMs = 1_000

export function logHandlers(
  { events }: Pick<Node, 'events'>,
  recent: Pick<RecentLog, 'page' | 'onLine'>
): Pick<Handlers, 'log'> {
  let lines = 0
  let timer: NodeJS.Timeout | undefined
  recent.onLine(() => {
    lines++
    timer ??= setTimeout(() => {
      timer = undefined
      events.emit('node.logged', { lines })
      lines = 0
    }, sayMs).unref()
  })
  return {
    async log({ params: { limit, cursor, level } }) {
      // [reject] A cursor of this list is the number of a line.
      if (cursor !== undefined && !/^[0-9]{1,15}$/.test(cursor))
        throw new InvalidError('page.cursor', 'that is no cursor of the log', {
          help: 'Begin again without a cursor.'
        })
      const found = recent.page({ level, limit: limit + 1, before: cursor === undefined ? undefined : Number(cursor) })
      const items = found.slice(0, limit).map(line => ({ ...line, fields: plainFields(line.fields) }))
      return { items, next: found.length > limit ? String(items.at(-1)?.number) : null }
    }
  }
}
