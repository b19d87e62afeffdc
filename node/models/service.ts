import { decodeManifest, encodeManifest, isAgent, pacesOf } from '../../protocol/models/index.ts'
import type { CosignedReceipt } from '../../protocol/models/index.ts'
import { feeParts } from '../../protocol/contracts/index.ts'
import { InvalidError, NotFoundError, TilthError, isIdAlone, zeroHash } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { defaultMaxTokens } from './client/ask.ts'
import { createAgents } from './agents/run.ts'
import { createManifests } from './agents/manifests.ts'
import { createClient } from './client/client.ts'
import { createFoundOutAt, createStands } from './client/standing.ts'
import { createAcquaintance } from './client/workers.ts'
import { defaultPolicy, defaultTiming } from './deps.ts'
import type { ModelsDeps, Parts } from './deps.ts'
import { hearNews } from './news.ts'
import { createFolders } from './folders.ts'
import { createOffered } from './offered.ts'
import { createOfferBoard, offerView } from './offers.ts'
import type { SignedOffer } from './offers.ts'
import { createForgetting } from './forgetting.ts'
import { createReceipts } from './receipts.ts'
import { createReplay } from './replay.ts'
import { declareMetrics } from './metrics.ts'
import { openTables } from './records.ts'
import type { Registered } from './records.ts'
import { listChannels, ownChannel, paying } from './channels.ts'
import { createCatalogue } from './catalogue.ts'
import { asStream } from './stream.ts'
import type { AskEvent, ModelView, ModelsService, OfferView } from './types.ts'
import { createOffering, createRegistering } from './automation/index.ts'
import { createActivity } from './worker/activity.ts'
import { createAdmission } from './worker/admission.ts'
import { createAnswers } from './worker/answer.ts'
import { createWorkerChannels } from './worker/channels.ts'
import { createAccounts } from './worker/accounts.ts'
import { createRedeemer } from './worker/redeem.ts'
import { createServing } from './worker/serving.ts'
import { createSigning } from './worker/signing.ts'
import { createSlots } from './worker/slots.ts'
import { createTelling } from './told.ts'
import { createTellingOver } from './over.ts'
import { createTerms } from './terms.ts'
import { createUnderway, watched } from './underway.ts'

/** Receipts that are read at a start for how fast their workers were. */
const mostRecalled = 2_000

/** registration → offer → inference → receipt: the phase's parts, wired. */
export function createModelsService(deps: ModelsDeps): ModelsService {
  const parts: Parts = {
    ...deps,
    policy: { ...defaultPolicy, ...deps.policy, ...pricesOf(deps) },
    timing: { ...defaultTiming, ...deps.timing },
    now: () => BigInt(Math.floor(deps.clock.now() / 1000))
  }
  const { policy, log, streams, roles, self } = parts
  const tables = openTables(parts.store)
  const catalogue = createCatalogue(parts, tables)
  const receipts = createReceipts(parts, tables)
  const acquaintance = createAcquaintance(parts)
  const board = createOfferBoard(
    parts,
    id => catalogue.get(id) !== undefined || catalogue.baseOf(id) !== undefined,
    acquaintance.rank
  )
  /** Without what is for every model over a base, unless it is asked for by its name. */
  const ofModels = {
    list: (model?: Hex) =>
      board.list(model).filter(({ message }) => model !== undefined || catalogue.baseOf(message.model) === undefined)
  }
  const folders = createFolders(parts)
  const telling = createTelling(parts.peers, ofModels, id => catalogue.get(id)?.record.datanet, parts)
  const tellingOver = createTellingOver(board, catalogue, parts)

  const manifests = createManifests(parts, catalogue)
  const client = createClient(parts, {
    tables,
    receipts,
    board,
    acquaintance,
    stands: createStands(parts.chain),
    foundOutAt: createFoundOutAt(parts.chain),
    async speechFor(model, signal) {
      if (isAgent(model)) return undefined
      const folder = await folders.baseUpTo(model, policy.tokenizerBytes, signal)
      return folder === undefined ? undefined : parts.speech(folder)
    }
  })
  const { time, wallet, pool, asking, keeper } = client
  const agents = createAgents(parts, manifests, client)
  const accounts = createAccounts(parts, tables)
  const signing = createSigning(parts, tables, accounts, receipts)
  const channels = createWorkerChannels(parts, accounts)
  const slots = createSlots(policy.capacity, policy.waiting)
  const serving = createServing(parts, tables, catalogue, folders, board, slots, manifests)
  const redeemer = createRedeemer(parts, accounts)
  const activity = createActivity(parts, (model, fee) => {
    const record = catalogue.get(model)?.record
    return record === undefined ? 0n : feeParts(fee, record.split, record.datanet !== zeroHash).worker
  })
  const admission = createAdmission(parts, accounts, channels, serving, time)
  const underway = createUnderway(parts)
  const answers = createAnswers(parts, { accounts, signing, receipts, channels, admission, serving, slots, underway })

  const registering = createRegistering(parts, parts.timing.lookMs, catalogue)
  const offering = createOffering(parts, parts.timing.lookMs, tables, catalogue, board, serving)

  const replay = createReplay(parts, catalogue, receipts)
  const forgetting = createForgetting(parts, tables, { receipts, accounts, wallet })

  let life = new AbortController()
  const offs: (() => Promise<void> | void)[] = []

  const offerOf = (offer: SignedOffer): OfferView => {
    const { answers = 0, tokensPerSecond, firstTokenMs } = acquaintance.of(offer.message.worker)
    const pace = tokensPerSecond === undefined ? {} : { tokensPerSecond }
    const wait = firstTokenMs === undefined ? {} : { firstTokenMs }
    // What receipts of before say is its worker's word, and nothing that was measured.
    return { ...offerView(offer), ...(answers > 0 ? { measured: { answers, ...pace, ...wait } } : {}) }
  }
  const offered = createOffered(board, offerOf)
  /** What was signed before this start says how fast workers were. */
  async function recall(): Promise<void> {
    const own: CosignedReceipt[] = []
    for await (const receipt of receipts.latest(mostRecalled)) if (receipt.client === self) own.push(receipt)
    for (const [worker, pace] of pacesOf(own)) acquaintance.recall(worker, pace)
  }
  const view = ({ record, retired }: Registered): ModelView => ({
    ...record,
    retired,
    offers: offered.of(record)
  })
  function named(idOrName: string): Registered | undefined {
    const byId = catalogue.get(idOrName as Hex)
    if (byId !== undefined || isIdAlone(idOrName)) return byId
    const all = catalogue
      .list()
      .filter(({ record, retired }) => record.name === idOrName && !retired)
      .reverse()
    // Several may have one name: the newest that somebody serves, else the newest.
    return all.find(({ record }) => offered.of(record).length > 0) ?? all[0]
  }

  return {
    name: 'models',
    async start() {
      life = new AbortController()
      await catalogue.load()
      await receipts.load()
      await recall()
      await accounts.load()
      board.start()
      if (parts.metrics !== undefined)
        offs.push(declareMetrics(parts.metrics, parts, { offers: () => board.list().length, free: () => slots.free }))
      offs.push(streams.handle('/tilth/models/offers/1', telling))
      offs.push(streams.handle('/tilth/models/over/1', tellingOver))
      offs.push(await hearNews(parts, { catalogue, wallet, accounts, redeemer }))
      if (roles.worker) {
        offs.push(streams.handle('/tilth/models/infer/1', answers))
        redeemer.start()
        await serving.start()
      }
      keeper.start()
      forgetting.start()
      offs.push(parts.events.on('models.registered', () => offering?.wake()))
      if (parts.jobEvents !== undefined) offs.push(parts.jobEvents.on('jobs.completed', () => registering?.wake()))
      registering?.start()
      offering?.start()
      const { signal } = life
      // After a restart there may be receipts to sign; workers that are not there yet get them at the next ask.
      keeper.reconcile(signal).catch((error: unknown) => {
        if (!signal.aborted) log.info('receipts could not be settled', { error })
      })
    },
    async stop() {
      life.abort(new TilthError('models.stopped', 'the node is stopping', { consequence: 'retry' }))
      await registering?.stop()
      await offering?.stop()
      serving.stop()
      keeper.stop()
      pool.stop()
      await forgetting.stop()
      board.stop()
      await redeemer.stop()
      activity.stop()
      for (const off of offs.splice(0)) await off()
    },
    register: request => catalogue.register(request),
    registerBase: request => catalogue.registerBase(request),
    async registerAgent({ manifest, ...request }) {
      const checked = decodeManifest(encodeManifest(manifest))
      manifests.modelsOf(checked)
      return catalogue.registerAgent({ ...request, base: await parts.files.addBytes(encodeManifest(checked)) })
    },
    async agent(id) {
      const found = catalogue.get(id)
      if (found === undefined) throw new NotFoundError('model.unknown', `no model ${id} is registered`)
      if (!isAgent(found.record))
        throw new InvalidError('agent.none', `${found.record.name} is a model, and no agent`, {
          help: 'See `tilth agent list`.'
        })
      return { record: view(found), manifest: await manifests.of(found.record, life.signal) }
    },
    ...createTerms(parts, catalogue),
    models: () => catalogue.list().map(view),
    model(idOrName) {
      const found = named(idOrName)
      return found === undefined ? undefined : view(found)
    },
    async offer(request) {
      return offerView(await serving.serve(request))
    },
    withdraw: model => serving.withdraw(model),
    offers(id) {
      const record = id === undefined ? undefined : catalogue.get(id)?.record
      return record === undefined ? ofModels.list(id).map(offerOf) : offered.of(record)
    },
    async offerAll(request) {
      return { base: (await serving.serveAll(request)).base }
    },
    withdrawAll: model => serving.withdrawAll(model),
    wholeBases: () => serving.bases(),
    ask(request): AsyncIterable<AskEvent> {
      const found = named(request.model)
      if (found === undefined)
        throw new NotFoundError('model.unknown', `no model ${request.model} is registered`, {
          help: 'See the list of models.'
        })
      if (request.seed !== undefined && (!Number.isSafeInteger(request.seed) || request.seed < 0))
        throw new InvalidError('ask.invalid', 'a seed is a whole number from 0')
      return asStream(async (emit, signal) => {
        const { id: model, datanet } = found.record
        // [reject] Known before anybody is paid: of a private Datanet no rows stand before a question.
        if (request.context !== undefined && datanet !== zeroHash) await parts.versions.requireQuotable(datanet)
        const coming = underway.begin({ role: 'client', model, wanted: request.maxTokens ?? defaultMaxTokens })
        try {
          await (isAgent(found.record) ? agents : asking)(
            found.record,
            request,
            watched(coming, emit),
            signal,
            life.signal
          )
        } finally {
          coming.over()
        }
      }, request.signal)
    },
    receipts: options => receipts.list(options),
    receipt: id => receipts.get(id),
    opening: id => receipts.opening(id),
    replay,
    show: (id, to, most) => receipts.show(id, to, most),
    openings: () => receipts.openings(),
    forget: ids => forgetting.forget(ids),
    release: ids => receipts.release(ids),
    channels: page => listChannels({ self, accounts, wallet }, page),
    async closeChannel(id) {
      const payer = (await wallet.find(id)) === undefined ? await accounts.find(id) : undefined
      if (payer !== undefined) {
        const transaction = await redeemer.close(payer)
        return { channel: paying(self, payer.record), transaction }
      }
      const transaction = await keeper.close(id)
      for await (const record of wallet.records({ from: id }))
        return { channel: await ownChannel({ self, wallet }, record), transaction }
      throw new NotFoundError('close.unknown', `channel ${id} is gone`)
    },
    async owed() {
      let sum = 0n
      for await (const { channel } of accounts.records())
        if (channel.state === 'open' || channel.state === 'disputed') sum += channel.paid - channel.claimed
      return sum
    },
    async deposits() {
      const sum = { deposited: 0n, promised: 0n, claimed: 0n }
      for await (const {
        record: { channel }
      } of wallet.open()) {
        sum.deposited += channel.deposit
        sum.promised += channel.paid
        sum.claimed += channel.claimed
      }
      return sum
    },
    activity: () => ({ ...activity.lately(), free: slots.free }),
    underway: () => underway.list(),
    queue: () => ({ running: slots.running, waiting: slots.waiting, free: slots.free }),
    redeem: options =>
      redeemer.all(
        options && {
          atLeast: policy.redeemAtClosing,
          of: model => catalogue.get(model)?.record.datanet === options.closing,
          closing: options.closing
        }
      ),
    reconcile: () => keeper.reconcile(life.signal)
  }
}

const pricesOf = ({ worker: prices = {} }: ModelsDeps): Partial<Parts['policy']> => ({
  ...(prices.inputPrice === undefined ? {} : { inputPrice: prices.inputPrice }),
  ...(prices.outputPrice === undefined ? {} : { outputPrice: prices.outputPrice }),
  ...(prices.capacity === undefined ? {} : { capacity: prices.capacity })
})
