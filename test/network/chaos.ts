import { loadInput } from '../../daemon/local/loop/input.ts'
import { until } from '../../daemon/local/loop/poll.ts'
import type { LocalNetwork } from '../../daemon/local/network/network.ts'
import { TilthError } from '../../protocol/primitives/index.ts'
import { pause } from '../harness/index.ts'
import { goesOn } from './ends.ts'
import { drawn, everythingIsThere, setStage, startLoad } from './load.ts'
import type { Acknowledged, Stage } from './load.ts'

/** One process that was ended by SIGKILL. */
export interface Kill {
  readonly kill: number
  /** Seconds since the beginning. */
  readonly 'at s': number
  readonly killed: string
  /** Acknowledged by then. */
  readonly receipts: number
  readonly contributions: number
  /** How long it was until its API, or the chain as a daemon sees it, answered again. */
  readonly 'back after s': number
}

/** What a run has found; what it was when it failed, too. */
export interface Chaos {
  readonly table: Kill[]
  readonly acknowledged: Acknowledged
  /** What failed though everybody was there whom it needed. */
  lost: readonly string[]
  stage: Stage | undefined
  epoch: number | undefined
}

const contributeMs = 500

export const emptyChaos = (): Chaos => ({
  table: [],
  acknowledged: { receipts: new Set(), contributions: new Set() },
  lost: [],
  stage: undefined,
  epoch: undefined
})

export interface ChaosOptions {
  readonly network: LocalNetwork
  readonly folder: string
  readonly kills: number
  readonly seed: number
  /** Passes of the training over its rows. */
  readonly epochs: number
  /** Most milliseconds from one process being back to the next kill. */
  readonly pauseMs: number
  /** From one answer to the next question: none unless given, and the client and its workers do nothing else. */
  readonly askMs?: number
  readonly say: (text: string) => void
}

/**
 * A local network at work: somebody asks, somebody contributes, a model is tuned. Its processes are ended by SIGKILL at
 * moments drawn from a seed, in drawn order, each once before any is twice, the chain among them. When the last is back
 * everything that was acknowledged has to be there once, and the loop goes on to its end: the job's model is
 * registered, served and asked, and its epoch final.
 * @throws Error what is gone or twice, or what did not come to its end
 */
export async function runChaos(found: Chaos, options: ChaosOptions): Promise<void> {
  const { network, folder, kills, seed, epochs, pauseMs, askMs = 0, say } = options
  const { acknowledged } = found
  const draw = drawn(seed)
  const began = Date.now()
  const since = (from: number): number => Math.round((Date.now() - from) / 100) / 10
  const stage = await setStage(network)
  found.stage = stage
  const load = await startLoad(network, stage, acknowledged, folder, { askMs, contributeMs })
  try {
    const job = await postJob(network, stage, epochs)
    say(`job ${job} is acknowledged`)
    let bag: string[] = []
    for (let kill = 1; kill <= kills; kill++) {
      if (bag.length === 0) bag = [...network.daemons.map(({ name }) => name), 'chain']
      await pause(draw(pauseMs))
      const [killed = 'chain'] = bag.splice(draw(bag.length), 1)
      const [at, then] = [since(began), Date.now()]
      const before = { receipts: acknowledged.receipts.size, contributions: acknowledged.contributions.size }
      await load.kill(killed)
      const row = { kill, 'at s': at, killed, ...before, 'back after s': since(then) }
      found.table.push(row)
      say(`kill ${kill}: ${killed}, back after ${row['back after s']} s`)
    }
    await until('the end of the job', 600, async () => {
      const { state } = await network.daemon('host').api.call('job', { params: { id: job } })
      if (state === 'failed') throw new Error('the job failed')
      return state === 'completed' ? true : undefined
    })
    await load.stop()
    found.lost = load.lost
    await everythingIsThere(network, stage, acknowledged)
    say('all that was acknowledged is there, once each, and the job is completed')
    found.epoch = await goesOn(network, stage, job, acknowledged)
    say(`the loop went on to its end: epoch ${found.epoch} is final`)
    await everythingIsThere(network, stage, acknowledged)
  } finally {
    await load.stop()
    found.lost = load.lost
  }
}

/** The next version; the last one where nothing was accepted since. */
async function newestVersion(network: LocalNetwork, datanet: string): Promise<number> {
  const host = network.daemon('host').api
  try {
    return await until('a version', 600, async () => {
      try {
        return (await host.call('anchorVersion', { params: { id: datanet } })).version
      } catch (error) {
        // Validators of a machine that is busy may have other things to do.
        if (error instanceof TilthError && error.code === 'version.unsealed') return undefined
        throw error
      }
    })
  } catch (error) {
    if (!(error instanceof TilthError && error.code === 'version.unchanged')) throw error
    let last: number | undefined
    for await (const { version } of host.all('versions', { params: { id: datanet } })) last = version
    if (last === undefined) throw error
    return last
  }
}

/** A job on the first contributions that are accepted. */
export async function postJob(network: LocalNetwork, { base, datanet }: Stage, epochs: number): Promise<string> {
  const host = network.daemon('host').api
  await until('contributions to tune on', 600, async () => {
    const { accepted } = await host.call('datanet', { params: { id: datanet } })
    return accepted >= 3 ? true : undefined
  })
  const version = await newestVersion(network, datanet)
  const { settings, coalitions } = await loadInput({})
  const { id } = await host.call('postJob', {
    body: {
      base,
      datanet,
      version,
      settings: { ...settings, epochs },
      coalitions,
      budget: String(90n * 10n ** 18n),
      deadlineSeconds: 3600,
      expectedBids: 2,
      bidSeconds: 60
    }
  })
  return id
}
