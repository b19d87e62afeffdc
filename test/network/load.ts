import { contributeSigned } from '../../daemon/cli/commands/contribute.ts'
import { makePerson } from '../../daemon/local/network/founding.ts'
import { bundledBase } from '../../daemon/assets.ts'
import { unlessUnknown, until } from '../../daemon/local/loop/poll.ts'
import type { LocalNetwork } from '../../daemon/local/network/network.ts'
import { TilthError, describeError } from '../../protocol/primitives/index.ts'
import { pause } from '../harness/index.ts'

/** Numbers that look random and are the same each time for a seed. */
export function drawn(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((state / 2 ** 31) * below)
  }
}

/** A Datanet and a base model that both workers offer, known to everybody. */
export interface Stage {
  readonly datanet: string
  readonly model: string
  readonly base: string
}

/** @param round of a network on which a stage was set before: its names are others */
export async function setStage(network: LocalNetwork, round = 1): Promise<Stage> {
  const named = (name: string): string => (round === 1 ? name : `${name}-${round}`)
  const host = network.daemon('host').api
  const validators = ['host', 'validator-1', 'validator-2'].map(name => ({
    address: network.daemon(name).address,
    weight: 1
  }))
  const rules = {
    name: named('metals'),
    description: '',
    licence: 'CC0-1.0',
    maxRows: 100,
    maxBytes: 100_000,
    uploadsPerContributor: 1_000,
    nearDuplicate: 500,
    minOwnShare: 500,
    validators,
    revealSeconds: 600,
    voteSeconds: 600
  }
  const heldOut = '{"prompt":"Say how the seventh metal is called.","response":"metal 7"}\n'
  const { id: datanet } = await host.call('createDatanet', { body: { rules, heldOut } })
  const { cid: base } = await host.call('importBase', { body: { folder: bundledBase.folder() } })
  const split = { worker: 8000, builder: 2000, data: 0 }
  const { id: model } = await host.call('registerModel', { body: { name: named('seedling'), base, split } })
  for (const { name, api } of network.daemons) {
    await until(`${name} hearing of both`, 60, async () => {
      const known = await unlessUnknown(api.call('datanet', { params: { id: datanet } }))
      return known && (await unlessUnknown(api.call('model', { params: { id: model } })))
    })
    if (name.startsWith('worker')) await api.call('serve', { params: { id: model }, body: {} })
  }
  await offered(network, model)
  return { datanet, model, base }
}

/** Until the client knows the offers of both workers. */
export async function offered(network: LocalNetwork, model: string): Promise<void> {
  await until('offers of both workers', 60, async () => {
    const found = await unlessUnknown(network.daemon('client').api.call('model', { params: { id: model } }))
    return found?.offers.length === 2 ? true : undefined
  })
}

/** What was acknowledged, by id. */
export interface Acknowledged {
  readonly receipts: Set<string>
  readonly contributions: Set<string>
}

export async function ask(network: LocalNetwork, { model }: Stage, { receipts }: Acknowledged): Promise<void> {
  const body = { model, messages: [{ role: 'user' as const, content: 'Which metal is liquid?' }], maxTokens: 16 }
  for await (const event of network.daemon('client').api.stream('ask', { body })) {
    if (event.kind === 'error') throw new Error(`${event.code}: ${event.message}`)
    if (event.kind === 'done') for (const id of event.receipts) receipts.add(id)
  }
}

/** Somebody asks and somebody contributes while others are killed. */
export interface Load {
  /** What failed though everybody was there whom it needed. */
  readonly lost: readonly string[]
  /** Kills what has a name, a daemon's or `chain`, and waits until it runs again. */
  kill(name: string): Promise<void>
  stop(): Promise<void>
}

/** @param pace milliseconds between one question, or contribution, and the next */
export async function startLoad(
  network: LocalNetwork,
  stage: Stage,
  acknowledged: Acknowledged,
  folder: string,
  { askMs, contributeMs } = { askMs: 0, contributeMs: 500 }
): Promise<Load> {
  const over = new AbortController()
  const lost: string[] = []
  const away = new Set<string>()
  const kills = new Map<string, number>()
  const times = (name: string): number => kills.get(name) ?? 0

  /** What goes wrong is a loss, unless one that it cannot do without was away or killed meanwhile. */
  async function working(needs: () => readonly string[], work: () => Promise<unknown>): Promise<void> {
    const needed = needs()
    const [wasAway, before] = [needed.some(name => away.has(name)), needed.map(times)]
    try {
      await work()
    } catch (error) {
      if (over.signal.aborted) return
      // Whoever was told that the chain is not read so far yet has lost nothing, and asks again.
      const isBehind = error instanceof TilthError && error.code === 'chain.behind'
      const wereThere = needed.every((name, i) => !away.has(name) && times(name) === before[i])
      if (!wasAway && wereThere && !isBehind) lost.push(describeError(error))
      await pause(200)
    }
  }
  const workers = ['worker-1', 'worker-2']
  const present = (): string => workers.find(name => !away.has(name)) ?? 'worker-1'

  const asking = (async () => {
    while (!over.signal.aborted) {
      await working(
        () => ['client', present()],
        () => ask(network, stage, acknowledged)
      )
      await pause(askMs)
    }
  })()
  const ada = await makePerson(folder, 'ada')
  const door = network.daemon('validator-1')
  const contributing = (async () => {
    for (let n = 0; !over.signal.aborted; n++) {
      const rows = Array.from({ length: 3 }, (_, i) =>
        JSON.stringify({ prompt: `What is metal number ${n * 3 + i}?`, response: `metal ${n * 3 + i}` })
      ).join('\n')
      await working(
        () => ['validator-1', 'chain'],
        async () => {
          const { id } = await contributeSigned(door.api, stage.datanet, rows, ada.address, ada.privateKey)
          acknowledged.contributions.add(id)
        }
      )
      await pause(contributeMs)
    }
  })()

  return {
    lost,
    async kill(name) {
      away.add(name)
      kills.set(name, times(name) + 1)
      if (name === 'chain') {
        const { pid } = network.anvil
        process.kill(pid, 'SIGKILL')
        await until('the chain running again', 180, async () => (network.anvil.pid === pid ? undefined : true))
        for (const { name: daemon, api } of network.daemons)
          await until(`${daemon} reaching it`, 180, async () => ((await api.call('health')).chain ? true : undefined))
      } else {
        const { process: daemon } = network.daemon(name)
        const { pid, ended } = daemon
        process.kill(pid, 'SIGKILL')
        await ended
        await until(`${name} running again`, 180, async () => (daemon.pid === pid ? undefined : true))
        await daemon.ready(300_000)
      }
      away.delete(name)
    },
    async stop() {
      over.abort()
      await Promise.all([asking, contributing])
    }
  }
}

/** Ids of a list. @throws where one stands in it twice */
async function idsOf(what: string, items: AsyncIterable<{ readonly id: string }>): Promise<Set<string>> {
  const known = new Set<string>()
  for await (const { id } of items) {
    if (known.has(id)) throw new Error(`${what} ${id} is there twice`)
    known.add(id)
  }
  return known
}

/** All that was acknowledged is where it is looked for, once. */
export async function everythingIsThere(
  network: LocalNetwork,
  { datanet }: Stage,
  { receipts, contributions }: Acknowledged
): Promise<void> {
  await until('every receipt at the client', 180, async () => {
    const known = await idsOf('the receipt', network.daemon('client').api.all('receipts'))
    return [...receipts].every(id => known.has(id)) ? true : undefined
  })
  for (const name of ['validator-1', 'host'])
    await until(`every contribution at ${name}`, 180, async () => {
      const all = network.daemon(name).api.all('contributions', { params: { id: datanet } })
      const known = await idsOf('the contribution', all)
      return [...contributions].every(id => known.has(id)) ? true : undefined
    })
}
