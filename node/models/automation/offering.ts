import { LimitError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { isAgent } from '../../../protocol/models/index.ts'
import type { ModelRecord } from '../../../protocol/models/index.ts'
import { createCache } from '../../runtime/index.ts'
import type { Automation, Plan } from '../../runtime/index.ts'
import type { Catalogue } from '../catalogue.ts'
import type { Parts, ServePolicy } from '../deps.ts'
import type { OfferBoard } from '../offers.ts'
import type { Tables } from '../records.ts'
import type { Serving } from '../worker/serving.ts'

/** Models whose sizes are remembered, and channels of a model that are looked at for what it brings. */
const mostSizes = 1_000
const mostChannels = 1_000
/** Models looked at in one round, those that bring most first. */
const mostCandidates = 100
const sizesMs = 30_000

/** A model that is not served here, as far as serving it is to be weighed. */
export interface Candidate {
  readonly id: Hex
  readonly name: string
  /** This node trained it. */
  readonly trained: boolean
  /** What its open channels have paid out, shared with those who serve it now, in the token's smallest unit. */
  readonly pays: bigint
}
/** Bytes of disk and of memory. */
export interface Room {
  readonly disk: number
  readonly memory: number
}

/** Those worth serving: what this node trained first, then by what they pay. */
export function worthServing(policy: ServePolicy, candidates: readonly Candidate[]): Candidate[] {
  return candidates
    .filter(({ trained, pays }) => trained || (policy.which === 'auto' && pays >= policy.pays))
    .sort(
      (a, b) =>
        Number(b.trained) - Number(a.trained) ||
        (a.pays > b.pays ? -1 : a.pays < b.pays ? 1 : a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
    )
}

/** Why a model does not fit beside what is served; undefined when it does. */
export function noRoom(
  policy: ServePolicy,
  served: Room & { readonly models: number },
  needs: Room
): string | undefined {
  const mib = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`
  if (served.models >= policy.models)
    return `${served.models} models are served, as many as are allowed (--serve-models)`
  if (served.disk + needs.disk > policy.disk)
    return (
      `it takes ${mib(needs.disk)} of disk beside ${mib(served.disk)}, ` +
      `more than ${mib(policy.disk)} (--serve-disk)`
    )
  if (served.memory + needs.memory > policy.memory)
    return (
      `it takes ${mib(needs.memory)} of memory beside ${mib(served.memory)}, ` +
      `more than ${mib(policy.memory)} (--serve-memory)`
    )
  return undefined
}

/** The worker's automation: serves what it trained, and what pays, within the owner's limits. */
export function createOffering(
  parts: Parts,
  everyMs: number,
  tables: Pick<Tables, 'serving' | 'unserved'>,
  catalogue: Catalogue,
  board: Pick<OfferBoard, 'list'>,
  serving: Pick<Serving, 'serve' | 'served'>
): Automation | undefined {
  const { serve: policy, automations, chain, shelf, self, log } = parts
  if (policy === undefined) return undefined
  const sizes = createCache<string, number>({ max: mostSizes })

  async function paysFor(model: Hex): Promise<bigint> {
    const { items } = await chain.ledger.channels({ model }, { limit: mostChannels, reverse: true })
    const now = (await chain.head()).timestamp
    const paid = items.reduce((sum, { claimed, expiry }) => sum + (expiry > now ? claimed : 0n), 0n)
    const others = board.list(model).filter(({ message }) => message.worker !== self).length
    return paid / BigInt(others + 1)
  }

  async function candidates(): Promise<Candidate[]> {
    const found: Candidate[] = []
    for (const { record, retired } of catalogue.list().reverse()) {
      if (found.length >= mostCandidates) break
      const trained = record.worker === self
      // Of thousands most are not looked up at all.
      if (retired || (!trained && policy?.which !== 'auto')) continue
      // An agent's fee is offered where its owner says so.
      if (isAgent(record)) continue
      // Taken up again by itself, or left alone by its owner's wish.
      if ((await tables.serving.has(record.id)) || (await tables.unserved.has(record.id))) continue
      found.push({ id: record.id, name: record.name, trained, pays: await paysFor(record.id) })
    }
    return found
  }

  async function bytesOf(cid: string, kind: 'base' | 'adapter', { worker, builder }: ModelRecord): Promise<number> {
    const known = sizes.get(cid)
    if (known !== undefined) return known
    const { bytes } = await shelf.sizes(cid, {
      kind,
      from: [worker, builder],
      cause: 'owner',
      signal: AbortSignal.timeout(sizesMs)
    })
    sizes.set(cid, bytes)
    return bytes
  }

  /** What a model needs beside others; a base that is there already costs nothing more. */
  async function needs(model: ModelRecord, others: readonly ModelRecord[]): Promise<Room> {
    const base = others.some(other => other.base === model.base) ? 0 : await bytesOf(model.base, 'base', model)
    const adapter = model.adapter === null ? 0 : await bytesOf(model.adapter, 'adapter', model)
    return { disk: base + adapter, memory: base + adapter }
  }
  async function held(): Promise<Room & { models: number; records: ModelRecord[] }> {
    const records: ModelRecord[] = []
    let [disk, memory] = [0, 0]
    for (const { model } of serving.served()) {
      const more = await needs(model, records)
      disk += more.disk
      memory += more.memory
      records.push(model)
    }
    return { disk, memory, models: records.length, records }
  }

  async function* plans(): AsyncGenerator<Plan> {
    if (policy === undefined) return
    const away = parts.availability?.away()
    if (away !== undefined) {
      yield { due: false, about: self, what: 'serve models', why: away.why, at: away.until }
      return
    }
    for (const { id, name, trained } of worthServing(policy, await candidates())) {
      const record = catalogue.get(id)?.record
      if (record === undefined) continue
      const plan = { about: id, what: `serve ${name}` }
      try {
        const beside = await held()
        const why = noRoom(policy, beside, await needs(record, beside.records))
        if (why !== undefined) {
          yield { due: false, ...plan, why, at: null }
          continue
        }
      } catch (error) {
        if (!(error instanceof LimitError)) log.debug('the size of a model is not known yet', { model: id, error })
        yield { due: false, ...plan, why: 'its size cannot be had now; it is asked for again', at: null }
        continue
      }
      yield {
        due: true,
        ...plan,
        async run() {
          await serving.serve({ model: id })
          return `serving ${name}, ${trained ? 'which this node trained' : 'which pays'}`
        }
      }
    }
  }

  return automations.add({ name: 'serve', on: policy.on, everyMs, plans })
}
