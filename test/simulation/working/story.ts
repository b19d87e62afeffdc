import { rmSync } from 'node:fs'
import { TilthError, describeError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { repeat } from '../liar.ts'
import { scriptOf } from '../script.ts'
import type { Script } from '../script.ts'
import { calm, createStorm } from '../storm.ts'
import { settleFiles } from '../time.ts'
import { tellIn } from '../telling.ts'
import type { Stage, StoryTold } from '../telling.ts'
import { settings } from '../../node/jobs/version.ts'
import { base, datanet, gatherWorking } from './cast.ts'
import type { WorkingNode } from './cast.ts'
import { checkEnd, checkTokens, isAtRest } from './invariants.ts'

// One seed's story of jobs: builders post them, workers bid, take awards with a deposit, train, deliver on chain and
// are paid, while everything goes wrong that can and two of five cheat. Then the troubles stop: what an honest builder
// asked for is made, whoever delivered is paid, and each unit of the token is where it belongs.

export interface WorkingTold extends StoryTold {
  /** Jobs that were posted, and that came to a model. */
  readonly jobs: number
  readonly completed: number
}

const mostJobs = 2
const deadlineSeconds = 100
/** Until every deadline and every builder's time to decide is over. */
const calmMs = 260_000
const watchMs = 5_000

export const tellWorking = (seed: number, script: Script = scriptOf(seed)): Promise<WorkingTold> =>
  tellIn(seed, { jobs: 0, completed: 0 }, stage => play(script, stage), settleFiles)

async function play(
  script: Script,
  { clock, chance, tell, fault }: Stage
): Promise<{ jobs: number; completed: number }> {
  const weather = { loss: 0, latencyMs: 50, breaks: 0 }
  const cast = await gatherWorking(clock, chance.of('network'), weather)
  const { builder, crooks, honest, pass, mood, folder } = cast
  const posting = chance.of('jobs')
  const storm = createStorm(
    cast,
    chance,
    by => repeat(cast.wires, by.pick([crooks.worker, crooks.builder]).address, by),
    tell
  )
  /** Jobs of the honest builder that were acknowledged. */
  const posted = new Set<Hex>()
  let made = 0

  function post(by: WorkingNode): void {
    const n = made++
    if (!by.isUp) return
    const request = { base, datanet, version: 1, settings, coalitions: 4, budget: 1_000_000n, deadlineSeconds }
    by.service.post({ ...request, settings: { ...settings, seed: n }, bidSeconds: 4 }).then(
      ({ id }) => {
        tell(`job ${n} of ${by.name} is posted: ${id.slice(0, 10)}`)
        if (by === builder) posted.add(id)
      },
      (error: unknown) => {
        if (!(error instanceof TilthError)) fault(`posting failed without a code: ${describeError(error)}`)
        tell(`job ${n} of ${by.name} is not posted: ${describeError(error)}`)
      }
    )
  }

  try {
    await pass(script.stormMs, async () => {
      if (made < mostJobs && posting.happens(made === 0 ? 0.3 : 0.02))
        post(made === 1 || posting.happens(0.3) ? crooks.builder : builder)
      for (const name of script.troubles) await storm[name]()
      weather.breaks = weather.loss / 20
      checkTokens(cast, fault)
    })
    weather.breaks = 0
    await calm(cast)
    tell('the troubles stop')
    if (!script.troubles.includes('lies')) mood.isCrooked = false
    if (posted.size === 0) post(builder)
    for (let waited = 0; waited < calmMs; waited += watchMs) {
      await pass(watchMs)
      checkTokens(cast, fault)
      if (isAtRest(cast, posted)) break
    }
    const completed = checkEnd(cast, posted, fault)
    for (const event of cast.chain.events())
      if (event.name.startsWith('Escrow') || event.name === 'DepositLost')
        tell(`block ${event.block}: ${event.name} ${'escrow' in event ? event.escrow.slice(0, 10) : ''}`)
    return { jobs: made, completed }
  } finally {
    for (const node of [...honest, crooks.worker, crooks.builder]) node.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}
