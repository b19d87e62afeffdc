import { RefusedError, TilthError, refusalsOf } from '../../../protocol/primitives/index.ts'
import type { Route } from '../contract/index.ts'

/**
 * A reply as it goes out: what the contract names, and nothing beside it. A handler's value often is a record of the
 * ledger, spread: a field that this gained stays here, whether it is an amount that JSON cannot hold or something that
 * nobody meant to show.
 * @throws TilthError `api.reply` where a handler's value breaks its contract
 */
export function replyText({ reply, path }: Pick<Route, 'reply' | 'path'>, value: unknown): string {
  const read = reply.safeParse(value)
  if (read.success) return JSON.stringify(read.data)
  throw new TilthError('api.reply', `what this daemon would answer at ${path} is not what its contract says`, {
    help: 'A fault of the daemon: its log names the field. Whoever maintains it will be glad to hear of it.',
    consequence: 'fatal',
    cause: new RefusedError('api.reply', refusalsOf(reply, value, read.error))
  })
}
