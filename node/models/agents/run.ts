import {
  AgentAccount,
  answersBy,
  checkSteps,
  costOf,
  mostInputOf,
  passedOn,
  rendered,
  upTo
} from '../../../protocol/models/index.ts'
import type { AgentManifest, AgentStep, ModelRecord, Route } from '../../../protocol/models/index.ts'
import {
  InvalidError,
  NotFoundError,
  TilthError,
  anySignal,
  canonicalJson
} from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Parts } from '../deps.ts'
import type { SignedOffer } from '../offers.ts'
import type { AskBudget, AskEvent, AskRequest, AskResult, StepResult } from '../types.ts'
import type { Manifests } from './manifests.ts'

type Done = Extract<AskEvent, { kind: 'done' }>

/** How one model is asked and paid, and who offers it. */
export interface Asking {
  readonly asking: (
    model: ModelRecord,
    request: AskRequest,
    emit: (event: AskEvent) => void,
    signal: AbortSignal,
    life: AbortSignal
  ) => Promise<void>
  readonly workers: {
    offers(
      model: ModelRecord,
      need: { inputTokens: number; outputTokens: number },
      signal: AbortSignal,
      route?: Route
    ): Promise<SignedOffer[]>
  }
}

/** Workers that may be named to be paid an agent's fee, as many as a route names. */
const mostTolls = 32

/** What its last question was, and the whole conversation as text. */
function givenBy({ messages }: Pick<AskRequest, 'messages'>): { input: string; conversation: string } {
  const asked = messages.findLast(({ role }) => role === 'user')
  if (asked === undefined) throw new InvalidError('ask.invalid', 'an agent is asked by a message of a user')
  return {
    input: asked.content,
    conversation: messages.map(({ role, content }) => `${role}: ${content}`).join('\n\n')
  }
}

/** What a step's answer says to the steps after it: a choice without its quotes. */
function wordsOf(step: AgentStep, text: string): string {
  if (step.choices === undefined) return upTo(text, passedOn(step))
  let chosen: unknown
  try {
    chosen = JSON.parse(text)
  } catch {
    chosen = undefined // an answer that was cut off
  }
  if (typeof chosen !== 'string' || !step.choices.includes(chosen))
    throw new TilthError('agent.choice', `the step ${step.name} has chosen none of its choices`, {
      consequence: 'retry',
      help: 'Its worker has not kept to the form of the answer: ask again, or leave it out (--ignore).'
    })
  return chosen
}

const formOf = ({ choices }: AgentStep): string | undefined =>
  choices === undefined ? undefined : canonicalJson({ json: { enum: choices } })

/** Runs agents as a client: asks each step's model and pays it, and then the agent's own fee. */
export function createAgents(
  { self, log }: Pick<Parts, 'self' | 'log'>,
  manifests: Manifests,
  { asking, workers }: Asking
): (
  agent: ModelRecord,
  request: AskRequest,
  emit: (event: AskEvent) => void,
  signal: AbortSignal,
  life: AbortSignal
) => Promise<void> {
  /** Those that offer the agent at its builder's price; undefined where nothing is to be paid. */
  async function tolls(
    agent: ModelRecord,
    { fee }: AgentManifest,
    signal: AbortSignal
  ): Promise<readonly Address[] | undefined> {
    if (fee === 0n || agent.builder === self) return undefined
    const need = { inputTokens: 0, outputTokens: 1 }
    // [reject] The fee is its builder's to say: who offers it for another one is not paid.
    const offers = (await workers.offers(agent, need, signal)).filter(
      ({ message }) => message.inputPrice === 0n && message.outputPrice === fee
    )
    if (offers.length === 0)
      throw new NotFoundError('offer.none', `nobody takes the fee of ${agent.name} now`, {
        help: 'Its builder, or who works for it, has to offer it; or ask its models yourself (`tilth agent show`).'
      })
    return offers.slice(0, mostTolls).map(({ message }) => message.worker)
  }

  /** Offers of each step's model, as the asker allows. @throws NotFoundError `offer.none` */
  async function offersOf(
    models: readonly ModelRecord[],
    { steps }: AgentManifest,
    inputs: readonly number[],
    request: AskRequest,
    signal: AbortSignal
  ): Promise<SignedOffer[][]> {
    return Promise.all(
      models.map(async (model, i) => {
        const need = { inputTokens: inputs[i] ?? 0, outputTokens: steps[i]?.maxTokens ?? 1 }
        const found = await workers.offers(model, need, signal, request.route)
        if (found.length === 0)
          throw new NotFoundError('offer.none', `nobody offers ${model.name}, which the step ${steps[i]?.name} asks`, {
            help: `A worker has to serve it (\`tilth serve ${model.name}\`).`
          })
        return found
      })
    )
  }

  return async (agent, request, emit, signal, life) => {
    const both = anySignal([signal, life])
    const given = givenBy(request)
    // [reject] What is wished of the answer is asked of a step, or not paid for: here no step would find rows.
    if (request.context !== undefined)
      throw new InvalidError('ask.invalid', "an agent's steps find no rows of a Datanet", {
        help: 'Ask without --context, or ask one of its models.'
      })
    const manifest = await manifests.of(agent, both)
    const { steps } = manifest
    // [reject] And here a step might turn out to be the answer that was not asked for its form.
    if (request.form !== undefined || request.logprobs !== undefined)
      if (steps.some((_, i) => answersBy(steps, i, new Map()) === 'perhaps'))
        throw new InvalidError('ask.invalid', `which step of ${agent.name} answers is seen only after it has`, {
          help: 'Ask it without a form of the answer and without log-probabilities.'
        })
    const models = manifests.modelsOf(manifest)
    checkSteps(manifest, given)
    const inputs = mostInputOf(manifest, given)
    const [offers, toll] = await Promise.all([
      offersOf(models, manifest, inputs, request, both),
      tolls(agent, manifest, both)
    ])
    const fee = toll === undefined ? 0n : manifest.fee
    const costs = steps.map((step, i) =>
      costOf(
        step,
        inputs[i] ?? 0,
        (offers[i] ?? []).map(({ message }) => message)
      )
    )
    const account = new AgentAccount(costs, fee, request.maxPrice)
    await request.budget?.reserve(account.held)

    const usage = { inputTokens: 0, outputTokens: 0, fee: 0n, ahead: 0n }
    const receipts: Hex[] = []
    const results: StepResult[] = []
    /** Asks one model within what it may cost, and counts what it came to. */
    async function one(name: string, model: ModelRecord, wish: AskRequest, cap: bigint, shown: boolean): Promise<Done> {
      let atMost = 0n
      const own: AskBudget = {
        // The sum is held already: a step takes no more of it than is its own.
        async reserve(most) {
          if (most > cap)
            throw new InvalidError('agent.price', `the step ${name} may cost more than was held for it`, {
              help: 'Allow more (--max-price), or ask again: its offers have changed.',
              details: { least: most, most: cap }
            })
        },
        spent(amount) {
          atMost = amount
          request.budget?.spent(account.spent + amount)
        }
      }
      const paid: Address[] = []
      let done: Done | undefined
      try {
        await asking(
          model,
          { ...wish, model: model.id, maxPrice: cap, budget: own },
          event => {
            if (event.kind === 'done') done = event
            else if (event.kind === 'worker') {
              if (!paid.includes(event.worker)) paid.push(event.worker)
              emit(event)
            } else if (shown) emit(event)
          },
          signal,
          life
        )
      } finally {
        account.spend(atMost)
        request.budget?.spent(account.spent)
      }
      if (done === undefined) throw new TilthError('ask.failed', `the step ${name} ended without an answer`)
      usage.inputTokens += done.usage.inputTokens
      usage.outputTokens += done.usage.outputTokens
      usage.fee += done.usage.fee
      usage.ahead += done.usage.ahead ?? 0n
      receipts.push(...done.receipts)
      results.push({ name, model: model.id, workers: paid, usage: done.usage, receipts: done.receipts })
      return done
    }
    function end(said: Pick<AskResult, 'text' | 'ids' | 'finish'>): void {
      const { ahead, ...all } = usage
      const told = ahead === 0n ? all : usage
      emit({ kind: 'done', ...said, usage: told, receipts, model: agent.id, steps: results })
    }

    const words = new Map<string, string>()
    let isShown = false
    let previous = ''
    const isDue = ({ when }: AgentStep): boolean => when === undefined || when.is.includes(words.get(when.step) ?? '')
    const place = (name: string): string =>
      name === 'input'
        ? given.input
        : name === 'conversation'
          ? given.conversation
          : name === 'previous'
            ? previous
            : (words.get(name) ?? '')

    let answer: Done | undefined
    for (const [i, step] of steps.entries()) {
      const model = models[i]
      if (model === undefined || !isDue(step)) {
        words.set(step.name, '')
        continue
      }
      const answers = answersBy(steps, i, words)
      const last = answers === 'surely'
      emit({ kind: 'step', name: step.name, model: model.id, number: i + 1, of: steps.length })
      const { temperature = request.temperature, system, prompt, choices } = step
      const form = last ? (request.form ?? formOf(step)) : formOf(step)
      const { stop, logprobs, maxTokens } = request
      const done = await one(
        step.name,
        model,
        {
          model: model.id,
          messages: [
            ...(system === undefined ? [] : [{ role: 'system' as const, content: rendered(system, place) }]),
            { role: 'user', content: rendered(prompt, place) }
          ],
          maxTokens:
            answers !== 'never' && maxTokens !== undefined ? Math.min(maxTokens, step.maxTokens) : step.maxTokens,
          ...(choices !== undefined || temperature === undefined ? {} : { temperature }),
          ...(form === undefined ? {} : { form }),
          ...(answers !== 'never' && stop !== undefined ? { stop } : {}),
          ...(last && logprobs !== undefined ? { logprobs } : {}),
          ...(request.topK === undefined ? {} : { topK: request.topK }),
          ...(request.topP === undefined ? {} : { topP: request.topP }),
          ...(request.seed === undefined ? {} : { seed: request.seed }),
          ...(request.route === undefined ? {} : { route: request.route }),
          ...(request.hedge === undefined ? {} : { hedge: request.hedge }),
          ...(request.private === undefined ? {} : { private: request.private })
        },
        account.capOf(i),
        last
      )
      if (done.finish === 'cancelled')
        return end({ text: last ? done.text : '', ids: last ? done.ids : [], finish: 'cancelled' })
      previous = wordsOf(step, done.text)
      words.set(step.name, previous)
      if (choices !== undefined) continue
      answer = done
      isShown = last
    }
    if (answer === undefined) throw new TilthError('ask.failed', `${agent.name} came to no answer`)
    // A later step might have been asked, and was not.
    if (!isShown) emit({ kind: 'text', text: answer.text, ids: answer.ids })
    if (toll !== undefined) {
      const named = { agent: agent.id, steps: results.map(({ name, receipts: of }) => ({ name, receipts: of })) }
      const asked: AskRequest = {
        model: agent.id,
        messages: [{ role: 'user', content: canonicalJson(named) }],
        maxTokens: 1,
        route: { only: [...toll] },
        ...(request.private === undefined ? {} : { private: request.private })
      }
      // The answer is there: that its fee cannot be paid now is said, and takes nothing from it.
      await one('fee', agent, asked, fee, false).catch((error: unknown) => {
        life.throwIfAborted()
        log.warn("an agent's own fee could not be paid", { agent: agent.id, error })
      })
    }
    end({ text: answer.text, ids: answer.ids, finish: answer.finish })
  }
}
