// Thousands of adapters over one base: node test/bench/adapters.ts [--adapters 5000] [--rank 8] [--batch 64]
// [--tokens 64] [--stored all] [--loads 100] [--rounds 3] [--threads 2] [--quantize none|int8|int4]
// [--turns FOLDER] [--json]
// Of --stored adapters there are weights, the others are registered alone: they cost the worker as much until they are
// asked for. With TMPDIR=/dev/shm the builder's blocks are in memory, some 0.7 MB each; the worker's are on a disk.
// A builder makes seeded random LoRA adapters of the shipped base, keeps them in its block store and registers them on
// a chain; a worker, a process of its own, offers every model over that base. A client asks adapters that it never had,
// which opens a channel and brings each from the builder's blocks; another client asks each after that, and the first
// once more. Then it asks a batch of different adapters at once, as many questions to one adapter, and one question
// alone, in turns.
// Making thousands of adapters takes long: with --turns each measurement (loads, answers, engine) waits until there is
// a file of its name in that folder, so that it can have a busy machine to itself, and leaves NAME.done when it is
// over.
import { cpus, availableParallelism } from 'node:os'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { openEngine } from '../../node/engine/index.ts'
import { folderSpeech } from '../../node/models/index.ts'
import { isThere } from '../../node/store/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { until } from '../harness/index.ts'
import { question, startNetwork } from '../node/models/network.ts'
import type { TestPeer } from '../node/models/network.ts'
import { makeAdapters } from './adapters/make.ts'
import { inEngine } from './adapters/in-engine.ts'
import { startWorker } from './adapters/worker.ts'
import { endless } from './serving/network.ts'

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string', default: resolve(import.meta.dirname, '../../daemon/assets/seedling') },
    adapters: { type: 'string', default: '5000' },
    stored: { type: 'string' },
    rank: { type: 'string', default: '8' },
    batch: { type: 'string', default: '64' },
    tokens: { type: 'string', default: '64' },
    loads: { type: 'string', default: '100' },
    turns: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    quantize: { type: 'string', default: 'int8' },
    json: { type: 'boolean', default: false }
  }
})
const [count, rank, batch, maxTokens] = [flags.adapters, flags.rank, flags.batch, flags.tokens].map(Number) as [
  number,
  number,
  number,
  number
]
const stored = Number(flags.stored ?? count)
const serving = { threads: Number(flags.threads), quantize: flags.quantize as 'none' | 'int8' | 'int4' }
const say = (text: string): void => void process.stderr.write(`${text}\n`)

const quantile = (of: readonly number[], share: number): number =>
  of.toSorted((a, b) => a - b)[Math.min(of.length - 1, Math.floor(share * of.length))] ?? NaN
const median = (of: readonly number[]): number => quantile(of, 0.5)
const round = (of: number): number => Math.round(10 * of) / 10

/** Resident memory of a process, in MB: all of it, and what no file is behind. */
async function memory(pid: number): Promise<{ readonly resident: number; readonly anonymous: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const of = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'mu').exec(status)?.[1]) / 1024
  return { resident: Math.round(of('VmRSS')), anonymous: Math.round(of('RssAnon')) }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

async function inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
  if (flags.turns === undefined) return work()
  const file = join(flags.turns, name)
  await mkdir(flags.turns, { recursive: true })
  say(`${name} waits for ${file}`)
  while (!(await isThere(file))) await new Promise(wake => setTimeout(wake, 200))
  try {
    return await work()
  } finally {
    await writeFile(`${file}.done`, '')
  }
}

const network = await startNetwork()
const reader = openEngine({ threads: 1 }) // prompts are counted by it
try {
  const { root } = network.world
  const model = await endless(flags.model, `${root}/base`)
  const worker = await startWorker(network, { ...serving, capacity: batch })
  try {
    const addClient = async (name: string): Promise<TestPeer> => {
      const peer = await network.addPeer(name, {
        roles: { worker: false, client: true },
        speech: folderSpeech(reader.text),
        policy: { depositRequests: 2 * Number(flags.rounds) + 4 },
        timing: { findMs: 60_000, reachMs: 30_000, acceptMs: 120_000, silenceMs: 120_000 }
      })
      await network.world.faucet.tokens.transfer(peer.address, 1_000_000n * 10n ** 18n)
      await network.world.faucet.tokens.sendGas(peer.address, 100n * 10n ** 18n)
      return peer
    }
    const client = await addClient('client')
    const other = await addClient('other')
    const made = performance.now()
    const { ids, folders, bytes } = await makeAdapters(
      network,
      { model, count, rank, stored, folder: `${root}/adapters` },
      say
    )
    const makingSeconds = (performance.now() - made) / 1000
    say('the worker and the client hear of them')
    const known = (): number => client.service.models().length
    const telling = setInterval(() => say(`${known()} known`), 5_000)
    await until(() => known() > count, 'the client knows them', 600_000)
    while ((await worker.models()) <= count) await new Promise(wake => setTimeout(wake, 500))
    clearInterval(telling)
    const before = await memory(worker.pid)
    const [first] = ids
    await worker.api.call('serve', { params: { id: first as Hex }, body: { all: true } })
    await until(() => client.service.offers(ids.at(-1)).length === 1, 'the client hears of all of them', 60_000)
    const offered = await memory(worker.pid)

    say(`memory ${JSON.stringify({ before, offered })}`)
    let asked = 0
    const ask = async (id: Hex, of = client, onFirst: () => void = () => undefined): Promise<number> => {
      const request = question(`Tell me about thing ${asked++}.`, { model: id, maxTokens, seed: asked })
      for await (const event of of.service.ask(request))
        if (event.kind === 'done') return event.ids.length
        else if (event.kind === 'text') onFirst()
      throw new Error('an answer did not end')
    }
    /** From a question to its first token. */
    async function firstToken(id: Hex, of = client): Promise<number> {
      const start = performance.now()
      let first = NaN
      await ask(id, of, () => {
        if (Number.isNaN(first)) first = performance.now() - start
      })
      return first
    }
    // From all over them, in an order that nothing prefetches; the last ones are for batches.
    const spread = stored - 1 - batch
    const some = Array.from({ length: spread }, (_, i) => ids[1 + ((i * 7919) % spread)] as Hex)
    const chosen = [...new Set(some)].slice(0, Number(flags.loads))
    const together = ids.slice(stored - batch, stored)
    /** Not here and without a channel; here, by a client without one; here, with one. */
    const firsts = { cold: [] as number[], opened: [] as number[], again: [] as number[] }
    await inTurn('loads', async () => {
      for (const asker of [client, other]) await firstToken(ids[0] as Hex, asker) // connections and code
      say('loading')
      for (const id of chosen) {
        firsts.cold.push(await firstToken(id))
        firsts.opened.push(await firstToken(id, other))
        firsts.again.push(await firstToken(id))
      }
      for (const [name, ms] of Object.entries(firsts))
        say(`${name}: ${round(median(ms))} ms, at most ${round(Math.max(...ms))}`)
    })

    /** Tokens a second of all. */
    const rate = async (models: readonly Hex[]): Promise<number> => {
      let tokens = 0
      const ms = await timed(async () => {
        for (const one of await Promise.all(models.map(id => ask(id)))) tokens += one
      })
      return (1000 * tokens) / ms
    }
    const same = Array.from({ length: batch }, () => together[0] as Hex)
    const rates = { different: [] as number[], same: [] as number[], alone: [] as number[] }
    const { many, loaded, served } = await inTurn('answers', async () => {
      const many = await timed(async () => {
        for (let at = 0; at < batch; at += 8) await Promise.all(together.slice(at, at + 8).map(id => ask(id)))
      })
      const loaded = await memory(worker.pid)
      say(`${batch} for the first time ${round(many)} ms, memory ${JSON.stringify(loaded)}`)
      await rate(same)
      for (let turn = 0; turn < Number(flags.rounds); turn++) {
        rates.different.push(await rate(together))
        rates.same.push(await rate(same))
        rates.alone.push(await rate(same.slice(0, 1)))
        say(
          Object.entries(rates)
            .map(([name, all]) => `${name} ${round(all.at(-1) ?? NaN)}`)
            .join('  ')
        )
      }
      return { many, loaded, served: await memory(worker.pid) }
    })
    const engine = await inTurn('engine', () =>
      inEngine({ ...serving, model, folders: folders.slice(0, 2 * batch), batch, maxTokens })
    )

    const result = {
      machine: `${cpus()[0]?.model ?? ''}, ${availableParallelism()} cores`,
      ...flags,
      adapterKB: Math.round(bytes / 1024),
      makingSeconds: round(makingSeconds),
      firstToken: Object.fromEntries(
        Object.entries(firsts).map(([name, ms]) => [name, [0.5, 0.9, 0.99].map(share => round(quantile(ms, share)))])
      ),
      // What is more for one that was not here than for one that was, question by question.
      load: [0.5, 0.9, 0.99].map(share =>
        round(
          quantile(
            firsts.cold.map((ms, i) => ms - (firsts.opened[i] ?? NaN)),
            share
          )
        )
      ),
      togetherMs: round(many),
      ...engine,
      differentTokensPerSecond: round(median(rates.different)),
      sameTokensPerSecond: round(median(rates.same)),
      aloneTokensPerSecond: round(median(rates.alone)),
      ratio: Math.round((100 * median(rates.different)) / median(rates.same)) / 100,
      memory: { before, offered, loaded, served }
    }
    console.log(flags.json ? JSON.stringify(result, null, 2) : result)
  } finally {
    await worker.stop()
  }
} finally {
  await network.stop()
  await reader.close()
}
process.exit()
