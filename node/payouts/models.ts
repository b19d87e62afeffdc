import type { JobResult } from '../../protocol/jobs/index.ts'
import { measureOf } from '../../protocol/payouts/index.ts'
import type { Measure } from '../../protocol/payouts/index.ts'
import { InvalidError, NotFoundError, zeroHash } from '../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import type { ModelOnChain } from '../chain/types.ts'
import { weightsPrint } from '../engine/weights/print.ts'
import { createCache } from '../runtime/index.ts'
import type { Lease } from '../shelf/index.ts'
import { createAdmission } from './admission.ts'
import type { Certificates } from './audits/certificates.ts'
import { modelHeldMs, modelsHeld, modelsKnown, modelsWeighed } from './limits.ts'
import type { PayoutsDeps } from './types.ts'

/** A model with siblings: how its answers are weighed, by whose rows. */
export interface Weighed {
  readonly registered: Pick<ModelOnChain, 'id' | 'base' | 'worker' | 'builder'>
  readonly result: JobResult
  readonly measure: Measure
}
/**
 * [reject] No two coalitions have the same weights, in whatever files: their CIDs differ by a blank in a configuration.
 * @throws InvalidError `result.same`
 */
export async function refuseSame(folders: readonly (string | null)[]): Promise<void> {
  const known = new Set<string>()
  for (const folder of folders) {
    const print = folder === null ? undefined : await weightsPrint(folder)
    if (print !== undefined && known.has(print))
      throw new InvalidError('result.same', 'one adapter stands for several coalitions, in other files')
    if (print !== undefined) known.add(print)
  }
}

/** What of one model is fetched at once. */
const takenAtOnce = 4

/** Base and siblings on this disk, in the order of the coalitions; null is the base alone. */
export interface Folders {
  readonly base: string
  readonly adapters: readonly (string | null)[]
}

export interface Models {
  /** As registered on chain. @throws NotFoundError `model.unknown` */
  registered(model: Hex): Promise<ModelOnChain>
  /** Undefined for a model that is not registered or has no Datanet. */
  poolOf(model: Hex): Promise<Hex | undefined>
  /**
   * null for a model without siblings.
   * @throws InvalidError `result.*` where its registration names a result that is not its job's
   */
  weighed(model: Hex): Promise<Weighed | null>
  /**
   * The same of a model that is admitted to its Datanet's pool: where the rules ask for it, drawn auditors have run
   * parts of its trainings again, in words that stood before a moment.
   * @throws as weighed · TilthError `audit.waiting` (retry) · InvalidError `audit.refused`, `audit.other`
   */
  admitted(model: Hex, before: bigint): Promise<Weighed | null>
  /**
   * The same of a job's result that is not registered yet, under the job's id.
   * @throws InvalidError `result.*`
   */
  unregistered(cid: string, parties: { readonly worker: Address; readonly builder: Address }): Promise<Weighed>
  /** On the shelf, and held there for a while after the last use, or as long as it is kept. */
  folders(weighed: Weighed): Promise<Folders>
  /** Kept for a reason of its own each: while this node offers it, while an epoch on it is open to challenge. */
  keep(model: Hex, kept: boolean, why: string): void
  /** What was kept for a reason may go. */
  release(why: string): void
  /** Releases what was not used for long. */
  letGo(): void
}

/**
 * Models never change once registered: what was found is kept, of those that were asked for last, and what failed is
 * tried again when it is next asked for.
 */
export function createModels(
  deps: Pick<PayoutsDeps, 'chain' | 'files' | 'result' | 'versions' | 'shelf' | 'clock'>,
  certificates: Pick<Certificates, 'require'>
): Models {
  const admission = createAdmission(deps)

  function keep<K, V>(max: number, find: (key: K) => Promise<V>): (key: K) => Promise<V> {
    const kept = createCache<K, Promise<V>>({ max })
    return key => {
      const known = kept.get(key)
      if (known !== undefined) return known
      const finding = find(key).catch((error: unknown) => {
        kept.delete(key)
        throw error
      })
      kept.set(key, finding)
      return finding
    }
  }

  const registered = keep(modelsKnown, async (model: Hex): Promise<ModelOnChain> => {
    const found = await deps.chain.models.model(model)
    if (found === undefined) throw new NotFoundError('model.unknown', `there is no model ${model} on chain`)
    return found
  })

  /** Whatever its Datanet asks for later, it was registered by the rules of then. */
  async function registeredAt(model: Hex): Promise<bigint | undefined> {
    const { ledger } = deps.chain
    return ((await ledger.model(model)) ?? (await ledger.caughtUp().then(() => ledger.model(model))))?.block
  }

  const weighed = keep(modelsWeighed, async (model: Hex): Promise<Weighed | null> => {
    const found = await registered(model)
    // What stands on no Datanet, as an agent does, has no siblings whatever it names.
    if (found.result === '' || found.datanet === zeroHash) return null
    // A model that gives the data less than its Datanet asks has no answers to be weighed: what it brings is held.
    if (found.split.data < (await deps.versions.leastDataShare(found.datanet, await registeredAt(model)))) return null
    const result = await deps.result(found.result)
    await admission.admit(found, result)
    return { registered: found, result, measure: measured(model, result, found.split.data) }
  })

  const measured = (model: Hex, { players, coalitions }: JobResult, dataPoints: number): Measure =>
    measureOf({ model, players, coalitions, dataPoints })

  /** By model, in the order of their last use. */
  const held = new Map<Hex, { leases: readonly Lease[]; folders: Folders; usedAt: number }>()
  /** Models that this node offers, or has proposed an epoch on, by why they are kept. */
  const kept = new Map<Hex, Set<string>>()
  function letGo(): void {
    const idle = [...held].filter(([model]) => !kept.has(model))
    for (const [at, [model, { leases, usedAt }]] of idle.entries()) {
      if (idle.length - at <= modelsHeld && usedAt > deps.clock.now() - modelHeldMs) return
      held.delete(model)
      for (const lease of leases) lease.release()
    }
  }

  /** Base and siblings from the shelf: all of them, or none is held. Some at once, since a fetch is mostly waiting. */
  async function take({ registered, result }: Weighed): Promise<{ leases: Lease[]; folders: Folders }> {
    const { base, worker, builder } = registered
    const ask = { from: [worker, builder], cause: 'stranger' } as const
    const wanted = new Map<string, 'base' | 'adapter'>([[base, 'base']])
    for (const cid of result.adapters) if (cid !== null) wanted.set(cid, 'adapter')
    const left = wanted.entries()
    const taken = new Map<string, Lease>()
    let failed = false
    const lane = async (): Promise<void> => {
      for (const [cid, kind] of left) {
        if (failed) return
        try {
          taken.set(cid, await deps.shelf.take(cid, { ...ask, kind }))
        } catch (error) {
          failed = true
          throw error
        }
      }
    }
    const ended = await Promise.allSettled(Array.from({ length: takenAtOnce }, lane))
    const leases = [...taken.values()]
    const failure = ended.find(one => one.status === 'rejected')
    if (failure !== undefined) {
      for (const lease of leases) lease.release()
      throw failure.reason
    }
    const folderOf = (cid: string): string => taken.get(cid)?.folder ?? ''
    const adapters = result.adapters.map(cid => (cid === null ? null : folderOf(cid)))
    try {
      await refuseSame(adapters)
    } catch (error) {
      for (const lease of leases) lease.release()
      throw error
    }
    return { leases, folders: { base: folderOf(base), adapters } }
  }
  const taking = new Map<Hex, Promise<Folders>>()

  return {
    registered,
    weighed,
    async admitted(model, before) {
      const found = await weighed(model)
      if (found !== null) await certificates.require(await registered(model), found.result, before)
      return found
    },
    async unregistered(cid, parties) {
      const result = await deps.result(cid)
      const { job, spec } = result
      await admission.drawn(result)
      return {
        registered: { id: job, base: spec.base, ...parties },
        result,
        measure: measured(job, result, 0)
      }
    },
    async poolOf(model) {
      try {
        const { datanet } = await registered(model)
        return datanet === zeroHash ? undefined : datanet
      } catch (error) {
        if (error instanceof NotFoundError) return undefined
        throw error
      }
    },
    async folders(weighed) {
      const model = weighed.registered.id
      const known = held.get(model)
      if (known !== undefined) {
        held.delete(model)
        held.set(model, { ...known, usedAt: deps.clock.now() })
        letGo()
        return known.folders
      }
      let running = taking.get(model)
      if (running === undefined) {
        running = take(weighed)
          .then(({ leases, folders }) => {
            held.set(model, { leases, folders, usedAt: deps.clock.now() })
            letGo()
            return folders
          })
          .finally(() => {
            taking.delete(model)
          })
        taking.set(model, running)
      }
      return running
    },
    keep(model, keep, why) {
      const reasons = kept.get(model) ?? new Set()
      if (keep) kept.set(model, reasons.add(why))
      else if (reasons.delete(why) && reasons.size === 0) kept.delete(model)
    },
    release(why) {
      for (const [model, reasons] of kept) if (reasons.delete(why) && reasons.size === 0) kept.delete(model)
    },
    letGo
  }
}
