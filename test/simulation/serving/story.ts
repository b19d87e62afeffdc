import type { AskEvent, AskResult } from '../../../node/models/index.ts'
import { TilthError, describeError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Chance } from '../chance.ts'
import { repeat } from '../liar.ts'
import { scriptOf } from '../script.ts'
import type { Script } from '../script.ts'
import { calm, createStorm } from '../storm.ts'
import { startClose, finishClose, claim } from '../tokens/channels.ts'
import { tellIn } from '../telling.ts'
import type { Stage, StoryTold } from '../telling.ts'
import { gatherServing } from './cast.ts'
import type { ServingCast, ServingNode } from './cast.ts'
import { checkAnswer, checkEnd, checkTokens } from './invariants.ts'

// One seed's story of questions: clients ask, workers answer as far as they are paid, both sign receipts, vouchers are
// brought to the chain and channels are closed, while everything goes wrong that can and two of six cheat. Then the
// troubles stop: everybody who is honest can ask and is answered, everything is signed and closed, and each unit of
// the token is where it belongs.

export interface ServingTold extends StoryTold {
  /** Answers that came whole, receipts that both signed, and what was paid for them. */
  readonly answers: number
  readonly receipts: number
  readonly paid: number
}

const mostQuestions = 9
const longestAnswer = 30

export const tellServing = (seed: number, script: Script = scriptOf(seed)): Promise<ServingTold> =>
  tellIn(seed, { answers: 0, receipts: 0, paid: 0 }, stage => play(script, stage))

async function play(
  script: Script,
  { clock, chance, tell, fault }: Stage
): Promise<{ answers: number; receipts: number; paid: number }> {
  const weather = { loss: 0, latencyMs: 50, breaks: 0 }
  const cast = await gatherServing(clock, chance.of('network'), weather)
  const { honest, clients, workers, crooks, pass, asked, nameOf, models, mood } = cast
  const asking = chance.of('questions')
  const storm = createStorm(cast, chance, by => void cheat(cast, by), tell)
  let [made, answers] = [0, 0]

  /** @returns what came of it; undefined where its process ended */
  async function ask(
    client: ServingNode,
    { model, only, signal, hedged = false }: { model: Hex; only?: ServingNode; signal?: AbortSignal; hedged?: boolean }
  ): Promise<AskResult> {
    const n = made++
    const messages = [{ role: 'user' as const, content: `What is thing ${n} ${'and '.repeat(asking.below(30))}?` }]
    const maxTokens = 1 + asking.below(longestAnswer)
    const answeredBy: ServingNode['address'][] = []
    tell(`${client.name} asks question ${n}, for ${maxTokens} tokens`)
    const events: AsyncIterable<AskEvent> = client.service.ask({
      model,
      messages,
      maxTokens,
      ...(signal === undefined ? {} : { signal }),
      ...(hedged ? { hedge: { afterMs: 800 } } : {}),
      ...(only === undefined ? {} : { route: { only: [only.address] } })
    })
    for await (const event of events) {
      if (event.kind === 'worker') answeredBy.push(event.worker)
      if (event.kind === 'done') {
        answers++
        tell(`question ${n} is answered by ${answeredBy.map(nameOf).join(', ')} for ${event.usage.fee}`)
        checkAnswer({ messages, maxTokens, answeredBy, n, result: event }, cast, fault)
        return event
      }
    }
    throw new Error(`question ${n} has no end`)
  }
  function begin(): void {
    const client = asking.pick([...clients, crooks.client])
    const [model, isCut, hedged] = [asking.pick(models), asking.happens(0.15), asking.happens(0.2)]
    const after = asking.below(2_000)
    if (!client.isUp) return
    const control = new AbortController()
    if (isCut)
      clock.sleep(after).then(
        () => control.abort(),
        () => undefined
      )
    ask(client, { model, hedged, signal: control.signal }).catch((error: unknown) => {
      if (!(error instanceof TilthError) && client !== crooks.client)
        fault(`asking failed without a code: ${describeError(error)}`)
      tell(`a question of ${client.name} fails: ${error instanceof TilthError ? error.code : String(error)}`)
    })
  }

  await pass(script.stormMs, async () => {
    if (asking.happens(0.06) && made < mostQuestions) begin()
    for (const name of script.troubles) await storm[name]()
    weather.breaks = weather.loss / 20
    checkTokens(cast, fault)
  })
  weather.breaks = 0
  await calm(cast)
  tell('the troubles stop')
  if (!script.troubles.includes('lies')) mood.isCrooked = false
  await pass(8_000) // offers are said again

  // [invariant] When all is well whoever is honest asks whoever is honest, and is answered and signed for.
  for (const client of clients)
    for (const only of workers) {
      const result = await asked(ask(client, { model: asking.pick(models), only }), 90_000).catch((error: unknown) =>
        fault(`${client.name} is not answered by ${only.name}: ${describeError(error)}`)
      )
      if (result === undefined) fault(`${client.name} does not come to an answer of ${only.name}`)
      else if (result.receipts.length === 0) fault(`an answer of ${only.name} to ${client.name} has no receipt`)
    }
  crooks.client.kill() // it has had its time, and opens no channel any more
  await close(cast, fault)
  checkTokens(cast, fault)
  const { receipts, paid } = await checkEnd(cast, fault)
  for (const node of [...honest, crooks.worker, crooks.client]) node.kill()
  return { answers, receipts, paid }
}

/**
 * What crooks do beside their streams: they say again what was said, close channels in use, end them too early, claim
 * what is not theirs.
 */
async function cheat({ chain, crooks, wires }: ServingCast, by: Chance): Promise<void> {
  if (by.happens(0.5)) return repeat(wires, by.pick([crooks.worker, crooks.client]).address, by)
  const all = [...chain.state.channels.values()]
  if (all.length === 0) return
  const { id, client, worker, deposit } = by.pick(all)
  const [what, cumulative] = [by.below(8), 1n + BigInt(by.below(Number(deposit)))]
  const from = client === crooks.client.address ? client : worker === crooks.worker.address ? worker : undefined
  if (from === undefined) return
  const call =
    what === 0
      ? startClose(id)
      : what < 3
        ? finishClose(id)
        : claim({ channel: id, cumulative }, `0x${'1b'.repeat(65)}` as Hex)
  await chain.send(from, call).catch(() => undefined)
}

/** Everything is signed for, asked to close, and closed once its window is over. */
async function close(cast: ServingCast, fault: (text: string) => void): Promise<void> {
  const { clients, workers, crooks, pass, asked, chain } = cast
  for (const client of clients) {
    await asked(client.service.reconcile(), 120_000)
    const { items } = (await asked(client.service.channels({ closed: false, limit: 100 }), 10_000)) ?? { items: [] }
    for (const { id } of items)
      await asked(client.service.closeChannel(id), 60_000).catch((error: unknown) => {
        if (!(error instanceof TilthError && error.code.startsWith('close.')))
          fault(`${client.name} cannot close a channel: ${describeError(error)}`)
      })
  }
  for (const { id, client, closed, closesAt } of chain.state.channels.values())
    if (client === crooks.client.address && !closed && closesAt === 0n)
      await asked(
        chain.send(client, startClose(id)).catch(() => undefined),
        5_000
      )
  await pass(60_000)
  for (const { id, client, closed } of chain.state.channels.values())
    if (client === crooks.client.address && !closed)
      await asked(
        chain.send(client, finishClose(id)).catch(() => undefined),
        5_000
      )
  for (const worker of workers) await asked(worker.service.redeem(), 20_000)
  await pass(10_000)
}
