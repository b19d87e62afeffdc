import { isAgent, mostOver, overQuestion } from '../../protocol/models/index.ts'
import type { ModelRecord } from '../../protocol/models/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { MessageStream } from '../transport/types.ts'
import type { Catalogue } from './catalogue.ts'
import type { Parts } from './deps.ts'
import type { OfferBoard } from './offers.ts'

/** What was gone through once stands so long for whoever asks next. */
const sameMs = 1_000
/** Models that are looked at, the newest. */
const mostLookedAt = 10_000

/** One of each list in turn: a base with thousands of models hides no other. */
function* inTurn<T>(lists: readonly (readonly T[])[]): Generator<T> {
  const longest = Math.max(0, ...lists.map(list => list.length))
  for (let i = 0; i < longest; i++)
    for (const list of lists) {
      const one = list[i]
      if (one !== undefined) yield one
    }
}

/** Tells light peers which models somebody offers by their base alone, as this node knows them. */
export function createTellingOver(
  board: Pick<OfferBoard, 'list'>,
  catalogue: Pick<Catalogue, 'list' | 'baseOf'>,
  { clock, events }: Pick<Parts, 'clock' | 'events'>
): (stream: MessageStream) => Promise<void> {
  let known:
    | { readonly records: readonly ModelRecord[]; readonly bases: ReadonlySet<string>; until: number }
    | undefined
  const forget = (): void => {
    known = undefined // what is new is told at once
  }
  events.on('models.offered', forget)
  events.on('models.registered', forget)

  function standing(): NonNullable<typeof known> {
    if (known !== undefined && known.until > clock.now()) return known
    const bases = new Set(board.list().flatMap(({ message }) => catalogue.baseOf(message.model) ?? []))
    const records = catalogue
      .list()
      .slice(-mostLookedAt)
      .flatMap(({ record, retired }) => (retired || isAgent(record) ? [] : [record]))
      .reverse()
    known = { records, bases, until: clock.now() + sameMs }
    return known
  }

  return async stream => {
    const question = await stream.next(overQuestion)
    if (question === undefined) return
    const { name, datanet } = question
    const { records, bases } = standing()
    const byBase = new Map<string, Hex[]>()
    for (const record of records) {
      if (name !== undefined && record.name !== name) continue
      if (datanet !== undefined && record.datanet !== datanet) continue
      if (!bases.has(record.base) && (name === undefined || board.list(record.id).length === 0)) continue
      byBase.set(record.base, [...(byBase.get(record.base) ?? []), record.id])
    }
    await stream.send({ models: [...inTurn([...byBase.values()])].slice(0, mostOver) })
  }
}
