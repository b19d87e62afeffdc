import { decodeResult } from '../../protocol/jobs/index.ts'
import type { JobResult } from '../../protocol/jobs/index.ts'
import { checkSplit, checkUpstream, everyModelOver, modelRecord } from '../../protocol/models/index.ts'
import type { ModelRecord } from '../../protocol/models/index.ts'
import {
  InvalidError,
  TilthError,
  checkNewName,
  usualSplitFor,
  zeroHash,
  readAs
} from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { refusedWith } from '../chain/index.ts'
import type { ChainEventOf, ModelOnChain, Registration } from '../chain/types.ts'
import { checkDataShare } from '../jobs/index.ts'
import type { Parts } from './deps.ts'
import { recordOf } from './record-of.ts'
import type { Registered, Tables } from './records.ts'
import type { RegisterBaseRequest, RegisterRequest } from './types.ts'

/** A JobResult names at most 64 coalitions and adapters. */
const maxResultBytes = 2 << 20

export interface Catalogue {
  load(): Promise<void>
  register(request: RegisterRequest): Promise<ModelRecord>
  registerBase(request: RegisterBaseRequest): Promise<ModelRecord>
  /** @param base the manifest's CID */
  registerAgent(request: RegisterBaseRequest): Promise<ModelRecord>
  /** Oldest first. */
  list(): Registered[]
  get(id: Hex): Registered | undefined
  /** The base whose models an offer with this name is for (`everyModelOver`), where some model stands over it. */
  baseOf(name: Hex): string | undefined
  /** The chain's news. */
  registered(event: ChainEventOf<'ModelRegistered'>): Promise<void>
  retired(id: Hex, retired: boolean): Promise<void>
  /** Its registration in this block is on chain no more. */
  dropped(id: Hex, block: bigint): Promise<void>
}

/** Whoever serves a base works for it; whoever registers it has the rest. */
const usualBaseSplit = { worker: 8000, builder: 2000, data: 0 } as const

/** An agent is its builder's work; who takes its fee has a part for that. */
const usualAgentSplit = { worker: 1000, builder: 9000, data: 0 } as const

/** Models on chain, as this node follows them. */
export function createCatalogue(parts: Parts, tables: Tables): Catalogue {
  const { chain, files, events, log, self, versions } = parts
  const models = new Map<Hex, Registered>()
  /** Bases of models, by what offers for every model over one name; no more of them than models. */
  const bases = new Map<Hex, string>()
  let newest = 0

  function take(entry: Registered): void {
    models.set(entry.record.id, entry)
    bases.set(everyModelOver(entry.record.base), entry.record.base)
    newest = Math.max(newest, entry.order)
  }

  async function put(onChain: ModelOnChain, block: bigint): Promise<ModelRecord> {
    const known = models.get(onChain.id)
    const entry: Registered = {
      record: recordOf(onChain),
      block,
      retired: onChain.retired,
      order: known?.order ?? newest + 1
    }
    take(entry)
    await tables.models.put(onChain.id, entry)
    if (known === undefined)
      events.emit('models.registered', { model: onChain.id, builder: onChain.builder, datanet: onChain.datanet })
    return entry.record
  }

  async function registerOnce(registration: Registration): Promise<ModelRecord> {
    const isTuned = registration.adapter !== ''
    checkSplit(registration.split, isTuned)
    checkUpstream({ ...registration, isTuned }, models.get(registration.upstream ?? zeroHash)?.record)
    const id = chain.models.idOf(self, registration)
    // [reject] Others refuse what is not one of these: so it is not brought to the chain.
    readAs(modelRecord, recordOf({ id, builder: self, retired: false, ...registration }), 'model.invalid')
    const there = await chain.models.model(id)
    if (there !== undefined) return put(there, models.get(id)?.block ?? (await chain.head()).block)
    // A builder's next version of a model has its name.
    const taken = [...models.values()].map(({ record: { name, builder } }) => ({ name, owner: builder }))
    checkNewName('model', { name: registration.name, owner: self }, taken, { again: true })
    const block = await chain.models.register(registration).then(
      mined => mined.block,
      async (error: unknown) => {
        // Another call of this node's was quicker, or one before the process was killed: it is the same model.
        if (!refusedWith(error, 'AlreadyRegistered')) throw error
        return (await chain.head()).block
      }
    )
    const mined = await chain.models.model(id)
    if (mined === undefined)
      throw new InvalidError('model.lost', 'the chain has mined the registration and does not know the model', {
        consequence: 'retry',
        details: { model: id }
      })
    return put(mined, models.get(id)?.block ?? block)
  }

  async function resultOf(cid: string, providers: readonly string[]): Promise<JobResult> {
    const bytes = await files.fetchBytes(cid, { maxBytes: maxResultBytes, providers })
    try {
      return decodeResult(bytes, maxResultBytes)
    } catch (cause) {
      if (cause instanceof TilthError && cause.code === 'result.old') throw cause
      throw new InvalidError('result.invalid', `${cid} is not the result of a tune job`, {
        cause,
        help: 'Give the CID that the job shows once it is completed.'
      })
    }
  }

  /** What stands on no Datanet. */
  const registerPlain = (
    result: string,
    { name, base, worker = self, split = usualBaseSplit, upstream, licence = '' }: RegisterBaseRequest
  ): Promise<ModelRecord> =>
    registerOnce({
      name,
      base,
      adapter: '',
      result,
      licence,
      datanet: zeroHash,
      version: 0,
      job: zeroHash,
      worker,
      split,
      upstream
    })

  return {
    async load() {
      for await (const entry of tables.models.values()) take(entry)
    },
    async register({ name, result: cid, worker = self, split: wanted, upstream, licence = '', providers = [] }) {
      const result = await resultOf(cid, providers)
      const adapter = result.adapters.at(-1)
      // [reject] The deployed adapter is the full coalition's, the last one.
      if (adapter === undefined || adapter === null)
        throw new InvalidError('result.invalid', 'the result has no adapter for the full coalition')
      const { base, datanet, version } = result.spec
      const split = wanted ?? usualSplitFor(await versions.leastDataShare(datanet))
      await checkDataShare(versions, datanet, split)
      const { job } = result
      return registerOnce({ name, base, adapter, result: cid, licence, datanet, version, job, worker, split, upstream })
    },
    registerBase: request => registerPlain('', { split: usualBaseSplit, ...request }),
    registerAgent: request => registerPlain(request.base, { split: usualAgentSplit, ...request }),
    list: () => [...models.values()].sort((a, b) => a.order - b.order),
    get: id => models.get(id),
    baseOf: name => bases.get(name),
    async registered({ model: id, builder, registration, block }) {
      const onChain = { id, builder, retired: models.get(id)?.retired ?? false, ...registration }
      // [ignore] The contract takes longer names and any text for a CID: such a model is none that can be served.
      if (modelRecord.safeParse(recordOf(onChain)).success) await put(onChain, block)
      else log.warn('a model on chain is not taken: its registration is not one of these', { model: id, builder })
    },
    async retired(id, retired) {
      const known = models.get(id)
      if (known === undefined) return
      const entry = { ...known, retired }
      models.set(id, entry)
      await tables.models.put(id, entry)
    },
    async dropped(id, block) {
      if (models.get(id)?.block !== block) return // it is there in another block already
      models.delete(id)
      await tables.models.delete(id)
    }
  }
}
