import { InvalidError, isIdAlone, mapPage, pageOf, TilthError, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex, Page, PageRequest } from '../../../protocol/primitives/index.ts'
import { isAgent } from '../../../protocol/models/index.ts'
import { checkLicence } from '../../../protocol/data/index.ts'
import { trainerOf } from '../../../node/jobs/index.ts'
import type { AskRequest, ModelView as NodeModel, RegisterRequest, StepResult } from '../../../node/models/index.ts'
import type { Node } from '../../../node/node.ts'
import type { ExplanationView } from '../../../node/payouts/index.ts'
import type { AskEvent, ChosenLogprob, Explanation, ModelView, Source, StepView } from '../contract/index.ts'
import type { AnswerTraces } from '../../traces/index.ts'
import type { Handlers } from '../server/index.ts'
import type { Outlay, Spending } from '../../spending/index.ts'
import { auditOf } from './audits.ts'
import { withFoundOut } from './found-out.ts'
import { createShareAsked } from './data-share.ts'
import { createStops } from './stops.ts'
import { upstreamName } from './upstream.ts'
import type { Which } from './which.ts'

type Names =
  | 'registerModel'
  | 'retireModel'
  | 'splitModel'
  | 'models'
  | 'model'
  | 'serve'
  | 'unserve'
  | 'offers'
  | 'ask'
  | 'stopAsk'
  | 'redeem'

export const modelView = ({
  id,
  name,
  builder,
  worker,
  base,
  adapter,
  result,
  datanet,
  version,
  split,
  upstream,
  licence,
  offers
}: Omit<NodeModel, 'retired'>): ModelView => ({
  id,
  name,
  builder,
  worker,
  base,
  adapter,
  result,
  datanet,
  version,
  split,
  ...(upstream === undefined ? {} : { upstream }),
  ...(licence === undefined ? {} : { licence }),
  ...(isAgent({ base, adapter, result }) ? { agent: true as const } : {}),
  offers: offers.map(({ worker, inputPrice, outputPrice, capacity, tokensPerSecond, expires, ...said }) => ({
    worker,
    inputPrice: inputPrice.toString(),
    outputPrice: outputPrice.toString(),
    capacity,
    tokensPerSecond,
    expires,
    ...(said.region === undefined ? {} : { region: said.region }),
    ...(said.weights === undefined ? {} : { weights: said.weights }),
    ...(said.all === undefined ? {} : { all: said.all }),
    ...(said.measured === undefined ? {} : { measured: said.measured })
  }))
})

type Grown = Pick<ModelView, 'datanet' | 'version'>
/**
 * How much of what models were grown from has left since, looked up once for all that were grown from one version; what
 * cannot be had now marks nothing.
 */
export function createLeft(data: Pick<Node['data'], 'leftSince'>) {
  const known = new Map<string, Promise<Pick<ModelView, 'left'>>>()
  async function find({ datanet, version }: Grown): Promise<Pick<ModelView, 'left'>> {
    const left = version === 0 ? [] : await data.leftSince(datanet as Hex, version).catch(() => [])
    return left.length === 0 ? {} : { left: left.length }
  }
  return (of: Grown): Promise<Pick<ModelView, 'left'>> => {
    const name = `${of.datanet}/${of.version}`
    const found = known.get(name) ?? find(of)
    known.set(name, found)
    return found
  }
}

/** Codes by which an answer is refused for what it may cost. */
const prices: ReadonlySet<string> = new Set(['ask.price', 'agent.price'])

/** A price that a budget forbids is told as the budget's. @throws LimitError `budget.*` · as the answer */
async function* toldBy<T>(outlay: Pick<Outlay, 'refusal'>, events: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* events
  } catch (error) {
    const least = error instanceof TilthError && prices.has(error.code) ? error.details['least'] : undefined
    throw (typeof least === 'bigint' ? outlay.refusal(least) : undefined) ?? error
  }
}

/** As a question says, else as the owner has set. */
function hedgeOf(asked: Asking['hedge'], usual: number | undefined): Pick<AskRequest, 'hedge'> {
  if (asked === false || (asked === undefined && usual === undefined)) return {}
  const { ms, private: also = false } = asked ?? { ms: usual ?? 0 }
  return { hedge: { afterMs: ms, private: also } }
}

/** What a worker says an answer owes to whom. */
export const explanationView = ({
  receipt,
  by,
  weights,
  utilities
}: ExplanationView): Explanation['answers'][number] => ({
  receipt,
  by,
  weights: Object.fromEntries(Object.entries(weights).map(([account, weight]) => [account, weight.toString()])),
  utilities
})

type Asking = Parameters<Handlers['ask']>[0]['body']
/** Models that can be asked, by themselves: nothing is looked up of what they were grown from. */
export type ListedModels = (page: PageRequest & { limit: number }) => Page<ModelView>
/** @param key of whoever asks by one */
export type AskEvents = (body: Asking, signal: AbortSignal, key?: string) => AsyncGenerator<AskEvent>

export function modelHandlers(
  node: Pick<Node, 'chain' | 'data' | 'models' | 'payouts' | 'self'>,
  which: Which,
  spending: Pick<Spending, 'begin'>,
  traces?: Pick<AnswerTraces, 'follow'>,
  /** After how many milliseconds a second worker is asked, where a question says nothing of it. */
  usualHedge: () => number | undefined = () => undefined
): Pick<Handlers, Names> & { readonly askEvents: AskEvents; readonly listed: ListedModels } {
  const { chain, data, models, payouts, self } = node
  const stops = createStops()

  const offered = (page: PageRequest & { limit: number }): Page<NodeModel> =>
    pageOf(
      models.models().filter(({ retired }) => !retired),
      page,
      ({ id }) => id
    )
  /** With what became of what a model was grown from: what several have in common is looked up once. */
  function marking(): (model: NodeModel) => Promise<ModelView> {
    const [left, asked] = [createLeft(data), createShareAsked(node)]
    return async model => {
      const view = modelView(model)
      return {
        ...view,
        offers: await withFoundOut(chain, model.datanet, view.offers),
        ...upstreamName(models, model),
        ...(await left(model)),
        ...(await asked(model))
      }
    }
  }

  const stepOf = ({ model: id, usage, workers, receipts, name }: StepResult): StepView => {
    const model = models.model(id)
    return {
      name,
      model: id,
      modelName: model?.name ?? '',
      workers: [...workers],
      inputTokens: usage.inputTokens,
      outputTokens: usage.outputTokens,
      fee: usage.fee.toString(),
      receipts: [...receipts],
      builder: model?.builder ?? '',
      datanet: model?.datanet ?? zeroHash,
      split: model?.split ?? { worker: 0, builder: 0, data: 0 },
      ...(model?.upstream === undefined ? {} : { upstream: model.upstream })
    }
  }

  async function explained(receipts: readonly Hex[]): Promise<Explanation> {
    const [answers, failed]: [Explanation['answers'], Explanation['failed']] = [[], []]
    for (const receipt of receipts) {
      try {
        answers.push(explanationView(await payouts.explain(receipt)))
      } catch (error) {
        if (!(error instanceof TilthError)) throw error
        failed.push({ receipt, code: error.code })
      }
    }
    return { unofficial: true, answers, failed }
  }

  async function* askEvents({ name, ...body }: Asking, signal: AbortSignal, key?: string): AsyncGenerator<AskEvent> {
    const outlay = spending.begin(key)
    const under = stops.begin(name, signal)
    try {
      const events = answerEvents(body, under.signal, outlay)
      yield* traces === undefined ? events : traces.follow(body.model, events)
    } finally {
      under.end()
      await outlay.end()
    }
  }

  async function* answerEvents(
    { seed, explain, model, maxPrice, hedge, ...body }: Omit<Asking, 'name'>,
    signal: AbortSignal,
    outlay: Outlay
  ): AsyncGenerator<AskEvent> {
    const { id } = await which.asked(model)
    const allowed = maxPrice === undefined ? null : BigInt(maxPrice)
    const budgeted = outlay.most()
    const most = allowed === null || (budgeted !== null && budgeted < allowed) ? budgeted : allowed
    const request = {
      ...body,
      model: id,
      ...(seed === undefined ? {} : { seed }),
      ...(most === null ? {} : { maxPrice: most }),
      ...hedgeOf(hedge, usualHedge()),
      budget: outlay,
      signal
    }
    let tokens = 0 // of characters that are not whole yet
    let logprobs: ChosenLogprob[] = []
    let sources: readonly Source[] = []
    for await (const event of toldBy(outlay, models.ask(request))) {
      if (event.kind === 'text') {
        tokens += event.ids.length
        logprobs.push(...(event.logprobs ?? []))
        if (event.text === '') continue
        yield { kind: 'text', text: event.text, tokens, ...(logprobs.length === 0 ? {} : { logprobs }) }
        tokens = 0
        logprobs = []
      } else if (event.kind === 'step') {
        yield event
      } else if (event.kind === 'worker') {
        const { inputPrice, outputPrice, sources: found, ...rest } = event
        sources = found ?? sources
        yield { ...rest, inputPrice: inputPrice.toString(), outputPrice: outputPrice.toString() }
      } else {
        if (logprobs.length > 0) yield { kind: 'text', text: '', tokens, logprobs }
        yield {
          kind: 'done',
          text: event.text,
          finish: event.finish,
          inputTokens: event.usage.inputTokens,
          outputTokens: event.usage.outputTokens,
          fee: event.usage.fee.toString(),
          ...(event.usage.ahead === undefined ? {} : { ahead: event.usage.ahead.toString() }),
          receipts: [...event.receipts],
          ...(body.context === undefined ? {} : { sources: [...sources] }),
          ...(event.steps === undefined ? {} : { steps: event.steps.map(stepOf) })
        }
        if (explain) yield { kind: 'explanation', ...(await explained(event.receipts)) }
      }
    }
  }

  /** What is registered of a job unless something else is asked for: its own worker, the terms it was posted with. */
  const resultOf = async (
    wanted: string
  ): Promise<Pick<RegisterRequest, 'result' | 'worker' | 'split' | 'upstream'>> => {
    const job = await which.job(wanted)
    if (job.result === null)
      throw new InvalidError('job.unfinished', `job ${job.id} is ${job.state}: it has no result yet`, {
        help: 'Wait until it is completed.'
      })
    const worker = trainerOf(job)
    const { split, upstream } = job.product ?? {}
    return { result: job.result, ...(worker === undefined ? {} : { worker }), split, upstream }
  }

  /** Of several of one name the one that this node offers: it is served no more, whatever the name asks by now. */
  async function toStop(wanted: string): Promise<Pick<NodeModel, 'id' | 'name'>> {
    const own = models
      .models()
      .filter(({ id, name }) => name === wanted && models.offers(id).some(({ worker }) => worker === self))
    const [only] = own
    return own.length === 1 && only !== undefined && !isIdAlone(wanted) ? only : which.asked(wanted)
  }

  return {
    askEvents,
    listed: page => mapPage(offered(page), modelView),
    ask: ({ body, signal, key }) => askEvents(body, signal, key),
    stopAsk: async ({ params }) => ({ stopped: stops.stop(params.name) }),
    async retireModel({ params }) {
      const { id } = await which.model(params.id)
      return { id, ...(await models.retire(id)) }
    },
    async splitModel({ params, body }) {
      const { id } = await which.model(params.id)
      return { ...modelView({ ...(await models.resplit(id, body.split)), offers: [] }), retired: id }
    },
    async registerModel({ body }) {
      if (body.licence !== undefined) checkLicence(body.licence)
      if ((body.job === undefined) === (body.base === undefined))
        throw new InvalidError('model.source', 'give either the job or the base of the model')
      const shared = {
        name: body.name,
        ...(body.split === undefined ? {} : { split: body.split }),
        ...(body.worker === undefined ? {} : { worker: body.worker }),
        ...(body.licence === undefined ? {} : { licence: body.licence }),
        ...(body.upstream === undefined ? {} : { upstream: (await which.asked(body.upstream)).id })
      }
      if (body.base !== undefined)
        return modelView({ ...(await models.registerBase({ ...shared, base: body.base })), offers: [] })
      const grown = await resultOf(body.job ?? '')
      return modelView({ ...(await models.register({ ...grown, ...shared })), offers: [] })
    },
    async models({ params }) {
      const { items, next } = offered(params)
      return { items: await Promise.all(items.map(marking())), next }
    },
    async model({ params }) {
      const known = await (params.asked === 'true' ? which.asked(params.id) : which.model(params.id))
      return { ...(await marking()(known)), ...(await auditOf(node, known)) }
    },
    async serve({ params, body }) {
      const { id } = await which.asked(params.id)
      const request = {
        model: id,
        ...(body.inputPrice === undefined ? {} : { inputPrice: BigInt(body.inputPrice) }),
        ...(body.outputPrice === undefined ? {} : { outputPrice: BigInt(body.outputPrice) })
      }
      if (body.all === true) return { id, ...(await models.offerAll(request)) }
      return { id: (await models.offer(request)).model }
    },
    async unserve({ params, body }) {
      const { id, name } = await toStop(params.id)
      if (body !== undefined && 'all' in body && body.all)
        return { id, name, served: (await models.withdrawAll(id)).served }
      const served = models.offers(id).some(({ worker }) => worker === self)
      await models.withdraw(id)
      return { id, name, served }
    },
    async offers({ params: { model, ...page } }) {
      const wanted = model === undefined ? undefined : (await which.model(model)).id
      // Whoever has a channel for a retired model is served by it; to others it is offered no more.
      const open =
        wanted === undefined
          ? models.models().flatMap(({ retired, offers: of }) => (retired ? [] : of))
          : models.offers(wanted)
      const offers = open.map(one => ({
        ...one,
        name: models.model(one.model)?.name ?? '',
        inputPrice: one.inputPrice.toString(),
        outputPrice: one.outputPrice.toString()
      }))
      const { items, next } = pageOf(offers, page, ({ model: of, worker }) => `${of}/${worker}`)
      const found = items.map(one => withFoundOut(chain, models.model(one.model)?.datanet ?? zeroHash, [one]))
      return { items: (await Promise.all(found)).flat(), next }
    },
    async redeem() {
      const { channels, amount } = await models.redeem()
      return { channels, amount: amount.toString() }
    }
  }
}
