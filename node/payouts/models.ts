import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { playersOf } from '../../protocol/jobs/index.ts'
import type { JobResult } from '../../protocol/jobs/index.ts'
import { checkResult, measureOf } from '../../protocol/payouts/index.ts'
import type { Measure } from '../../protocol/payouts/index.ts'
import { InvalidError, NotFoundError, zeroHash } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { ModelOnChain } from '../chain/types.ts'
import { maxAdapterBytes, maxBaseBytes } from './limits.ts'
import type { PayoutsDeps } from './types.ts'

/** A model with siblings: how its answers are weighed, by whose rows. */
export interface Weighed {
  readonly registered: ModelOnChain
  readonly result: JobResult
  readonly measure: Measure
}
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
  folders(weighed: Weighed): Promise<Folders>
}

/**
 * Models never change once registered: what was found is kept, what failed is tried again when it is next asked for.
 */
export function createModels(
  deps: Pick<PayoutsDeps, 'chain' | 'result' | 'versions' | 'files' | 'folder' | 'base'>
): Models {
  function keep<K, V>(find: (key: K) => Promise<V>): (key: K) => Promise<V> {
    const kept = new Map<K, Promise<V>>()
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

  const registered = keep(async (model: Hex): Promise<ModelOnChain> => {
    const found = await deps.chain.models.model(model)
    if (found === undefined) throw new NotFoundError('model.unknown', `there is no model ${model} on chain`)
    return found
  })

  const weighed = keep(async (model: Hex): Promise<Weighed | null> => {
    const found = await registered(model)
    if (found.result === '') return null
    const result = await deps.result(found.result)
    const { spec } = result
    // [reject] The result is of this model's base, Datanet and version.
    if (spec.base !== found.base || spec.datanet !== found.datanet || spec.version !== found.version)
      throw new InvalidError('result.other', 'the registered result is of another base or Datanet version')
    // [reject] The deployed adapter is the one that everybody's rows made.
    if (result.adapters.at(-1) !== found.adapter)
      throw new InvalidError('result.adapter', 'the registered adapter is not the one that was trained on all rows')
    const rows = await deps.versions.rows(spec)
    checkResult(result, playersOf(rows.map(({ contributor }) => contributor)))
    return {
      registered: found,
      result,
      measure: measureOf({
        model,
        players: result.players,
        coalitions: result.coalitions,
        dataPoints: found.split.data
      })
    }
  })

  const fetched = keep(async (key: string): Promise<string> => {
    const [kind = '', cid = '', ...providers] = key.split(' ')
    const folder = join(deps.folder, kind, cid)
    if (!existsSync(folder))
      await deps.files.fetchDirectory(cid, folder, {
        maxBytes: kind === 'bases' ? maxBaseBytes : maxAdapterBytes,
        providers
      })
    return folder
  })

  return {
    registered,
    weighed,
    async poolOf(model) {
      try {
        const { datanet } = await registered(model)
        return datanet === zeroHash ? undefined : datanet
      } catch (error) {
        if (error instanceof NotFoundError) return undefined
        throw error
      }
    },
    async folders({ registered: { base, worker, builder }, result }) {
      const providers = `${worker} ${builder}`
      const adapters = await Promise.all(
        result.adapters.map(async cid => (cid === null ? null : fetched(`adapters ${cid} ${providers}`)))
      )
      return {
        base: deps.base === undefined ? await fetched(`bases ${base} ${providers}`) : await deps.base(base, worker),
        adapters
      }
    }
  }
}
