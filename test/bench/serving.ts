// Answers through the network beside the engine's own, in one run: node test/bench/serving.ts
// [--clients 1,4,16,32] [--tokens 128] [--answers 4] [--rounds 3] [--threads 1] [--quantize none|int8|int4]
// [--temperature 0] [--short] [--profiles FOLDER] [--json]
// A chain, a worker and a client run as processes of their own; requests go to the client's OpenAI-style API and are
// streamed. The engine's own figures come from another process with the same model, threads and questions, in turns
// with the network's. Answers have the length asked for, since the model's end token is taken away; --short leaves it
// there.
import { fork } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { load } from './serving/load.ts'
import type { Figures } from './serving/load.ts'
import { endless, startServing } from './serving/network.ts'

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string', default: resolve(import.meta.dirname, '../../daemon/assets/seedling') },
    clients: { type: 'string', default: '1,4,16,32' },
    tokens: { type: 'string', default: '128' },
    answers: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '1' },
    quantize: { type: 'string', default: 'int8' },
    temperature: { type: 'string', default: '0' },
    short: { type: 'boolean', default: false },
    profiles: { type: 'string' },
    json: { type: 'boolean', default: false }
  }
})

const folder = await mkdtemp(join(tmpdir(), 'tilth-bench-'))
const options = {
  model: flags.short ? flags.model : await endless(flags.model, join(folder, 'model')),
  threads: Number(flags.threads),
  quantize: flags.quantize as 'none' | 'int8' | 'int4',
  maxTokens: Number(flags.tokens),
  temperature: Number(flags.temperature),
  profiles: flags.profiles
}

/** The engine in a process of its own. */
async function startEngine(): Promise<{
  readonly pid: number
  load(clients: number, answers: number): Promise<Figures>
  stop(): void
}> {
  const child = fork(join(import.meta.dirname, 'serving/engine.ts'), [JSON.stringify(options)])
  let given: (value: unknown) => void = () => undefined
  child.on('message', value => given(value))
  child.on('exit', code => {
    if (code !== 0) throw new Error(`the engine ended with ${code}`)
  })
  const next = (): Promise<unknown> =>
    new Promise(resolve => {
      given = resolve
    })
  await next()
  return {
    pid: child.pid ?? 0,
    load: async (clients, answers) => {
      const figures = next()
      child.send({ clients, answers })
      return (await figures) as Figures
    },
    stop: () => child.disconnect()
  }
}

/** Processor time a process has used, in seconds. */
async function busy(pid: number): Promise<number> {
  const [, rest = ''] = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')
  const fields = rest.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

const median = (of: readonly number[]): number => of.toSorted((a, b) => a - b)[of.length >> 1] ?? NaN
const over = (rounds: readonly Figures[], key: 'tokensPerSecond' | 'p50' | 'p99'): number =>
  median(rounds.map(r => r[key]))

const engine = await startEngine()
const network = await startServing(options)
const rows: Record<string, number>[] = []
try {
  for (const clients of flags.clients.split(',').map(Number)) {
    const answers = Number(flags.answers)
    const own: Figures[] = []
    const through: Figures[] = []
    await engine.load(clients, 1) // what is made once, and channels, are not what is measured
    await load(network.ask, clients, 1)
    // Processor time, which other work on the machine changes less than it does wall-clock figures.
    const spent = { engine: 0, worker: 0, client: 0 }
    for (let round = 0; round < Number(flags.rounds); round++) {
      const start = { engine: await busy(engine.pid), worker: 0, client: 0 }
      own.push(await engine.load(clients, answers))
      spent.engine += (await busy(engine.pid)) - start.engine
      start.worker = await busy(network.worker.pid)
      start.client = await busy(network.client.pid)
      through.push(await load(network.ask, clients, answers))
      spent.worker += (await busy(network.worker.pid)) - start.worker
      spent.client += (await busy(network.client.pid)) - start.client
    }
    const tokens = through.reduce((sum, one) => sum + one.tokens, 0)
    const perToken = (seconds: number): number => (1e6 * seconds) / tokens
    const row = {
      clients,
      tokensPerAnswer: Math.round((through[0]?.tokens ?? 0) / (through[0]?.answers ?? 1)),
      engineTokensPerSecond: over(own, 'tokensPerSecond'),
      tokensPerSecond: over(through, 'tokensPerSecond'),
      ratio: over(through, 'tokensPerSecond') / over(own, 'tokensPerSecond'),
      engineFirstP50: over(own, 'p50'),
      firstP50: over(through, 'p50'),
      addedP50: over(through, 'p50') - over(own, 'p50'),
      engineFirstP99: over(own, 'p99'),
      firstP99: over(through, 'p99'),
      addedP99: over(through, 'p99') - over(own, 'p99'),
      engineMicrosPerToken: perToken(spent.engine),
      workerMicrosPerToken: perToken(spent.worker),
      clientMicrosPerToken: perToken(spent.client)
    }
    rows.push(row)
    if (!flags.json)
      console.log(
        Object.entries(row)
          .map(([name, value]) => `${name} ${Math.round(100 * value) / 100}`)
          .join('  ')
      )
  }
} finally {
  engine.stop()
  await network.stop()
  await rm(folder, { recursive: true, force: true })
}
const machine = `${cpus()[0]?.model ?? ''}, ${availableParallelism()} cores`
if (flags.json) console.log(JSON.stringify({ machine, ...flags, rows }, null, 2))
