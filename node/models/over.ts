import { isAgent, mostOver, overQuestion } from '../../protocol/models/index.ts'
import type { ModelRecord } from '../../protocol/models/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { MessageStream } from '../transport/types.ts'
import type { Catalogue } from './catalogue.ts'
import type { Parts } from './deps.ts'
import { inTurn } from './in-turn.ts'
import type { OfferBoard } from './offers.ts'

/** What was gone through once stands so long for whoever asks next. */
const sameMs = 1_000
/** Models that are looked at, the newest. */
const mostLookedAt = 10_000

interface Standing {
  /** Models of each base, the newest first. */
  readonly byBase: ReadonlyMap<string, readonly ModelRecord[]>
  /** Bases that somebody offers whole, and models that somebody offers by themselves. */
  readonly bases: ReadonlySet<string>
  readonly models: ReadonlySet<Hex>
  readonly until: number
}

/** Tells light peers which models somebody offers by their base alone, as this node knows them. */
export function createTellingOver(
  board: Pick<OfferBoard, 'list'>,
  catalogue: Pick<Catalogue, 'list' | 'baseOf'>,
  { clock, events }: Pick<Parts, 'clock' | 'events'>
): (stream: MessageStream) => Promise<void> {
  let known: Standing | undefined
  const forget = (): void => {
    known = undefined // what is new is told at once
  }
  events.on('models.offered', forget)
  events.on('models.registered', forget)

  function standing(): Standing {
    if (known !== undefined && known.until > clock.now()) return known
    const models = new Set(board.list().map(({ message }) => message.model))
    const byBase = new Map<string, ModelRecord[]>()
    for (const { record, retired } of catalogue.list().slice(-mostLookedAt).reverse()) {
      if (retired || isAgent(record)) continue
      const list = byBase.get(record.base)
      if (list === undefined) byBase.set(record.base, [record])
      else list.push(record)
    }
    const bases = new Set([...models].flatMap(model => catalogue.baseOf(model) ?? []))
    known = { byBase, bases, models, until: clock.now() + sameMs }
    return known
  }

  return async stream => {
    const question = await stream.next(overQuestion)
    if (question === undefined) return
    const { name, datanet } = question
    const { byBase, bases, models } = standing()
    const lists: Hex[][] = []
    for (const [base, records] of byBase) {
      const isWhole = bases.has(base)
      if (!isWhole && name === undefined) continue
      const ids: Hex[] = []
      for (const record of records) {
        if (name !== undefined && record.name !== name) continue
        if (datanet !== undefined && record.datanet !== datanet) continue
        if (!isWhole && !models.has(record.id)) continue
        if (ids.push(record.id) === mostOver) break
      }
      // Neither a base nor the first of each can fill more than the answer.
      if (ids.length > 0 && lists.push(ids) === mostOver) break
    }
    const told: Hex[] = []
    for (const id of inTurn(lists)) if (told.push(id) === mostOver) break
    await stream.send({ models: told })
  }
}
