// What attacks cost those who are served: node test/bench/hostile.ts [--attacks NAMES] [--seconds 20] [--into FILE]
// [--json]
// A daemon that hosts, validates and works, with another validator, both as processes; an honest peer asks it about a
// Datanet, and somebody its API, ten times a second each. That is timed while nothing else happens, and then while each
// attack goes on from a process of its own, with a fresh key whenever it is cut off. Beside it stand what the attacker
// was told, what the daemon counted, what its main thread worked, and what its memory and disk grew by. Attacker,
// daemons, chain and this program share the machine's cores, so a part of what is added is theirs: the attacker runs at
// the lowest priority.
// With --into what was measured is kept, and a run that was ended goes on behind it.
// Example: node test/bench/hostile.ts --attacks gossip,dht --seconds 10
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, readdir, stat } from 'node:fs/promises'
import { loadavg, setPriority } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pause } from '../harness/index.ts'
import type { TestDaemon } from '../harness/index.ts'
import { writeWhole } from '../../node/store/index.ts'
import { setStage } from '../network/faults/stage.ts'
import { attackNames } from './hostile/attacks.ts'
import type { Target } from './hostile/attacks.ts'
import type { Outcome } from './hostile/attacker.ts'
import { startAsking } from './hostile/latency.ts'
import type { Latency } from './hostile/latency.ts'

const usage = `usage: node test/bench/hostile.ts [--attacks NAMES] [--seconds 20] [--into FILE] [--json]
Attacks: ${attackNames.join(', ')}
Example: node test/bench/hostile.ts --attacks gossip,dht --seconds 10`
const { values: flags } = parseArgs({
  options: {
    attacks: { type: 'string', default: attackNames.join(',') },
    seconds: { type: 'string', default: '20' },
    into: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})
if (flags.help) {
  console.log(usage)
  process.exit(0)
}
const seconds = Number(flags.seconds)
const names = flags.attacks.split(',')
const unknown = names.find(name => !attackNames.includes(name))
if (unknown !== undefined || !(seconds > 0)) {
  console.error(usage)
  process.exit(2)
}

interface Found {
  readonly attack: string
  readonly load: number
  readonly quiet: Latency
  readonly under: Latency
  /** Of how much longer the middle answer took. */
  readonly times: { readonly peer: number; readonly api: number }
  readonly outcome: Outcome
  /** Processor milliseconds that the daemon's main thread took a second: quiet, and under attack. */
  readonly processor: { readonly quiet: number; readonly under: number }
  /** What the daemon counted meanwhile. */
  readonly counted: Record<string, number>
  readonly megabytes: { readonly memory: number; readonly disk: number }
}

async function bytesBelow(folder: string): Promise<number> {
  const all = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = all.filter(one => one.isFile()).map(one => join(one.parentPath, one.name))
  const sizes = await Promise.all(
    files.map(path =>
      stat(path)
        .then(({ size }) => size)
        .catch(() => 0)
    )
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
async function weightOf({ process, folder }: TestDaemon): Promise<{ memory: number; disk: number }> {
  const status = await readFile(`/proc/${process.pid}/status`, 'utf8')
  return { memory: Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024, disk: (await bytesBelow(folder)) / 1e6 }
}

/** Processor milliseconds a second that its main thread takes while something goes on. */
async function busyWhile<T>({ process: { pid } }: TestDaemon, what: () => Promise<T>): Promise<readonly [T, number]> {
  // Its times in hundredths of a second stand behind its name and eleven other fields.
  const taken = async (): Promise<number> => {
    const [, fields = ''] = (await readFile(`/proc/${pid}/task/${pid}/stat`, 'utf8')).split(') ')
    const [user, system] = fields.split(' ').slice(11, 13)
    return (Number(user) + Number(system)) * 10
  }
  const [before, from] = [await taken(), performance.now()]
  const result = await what()
  return [result, ((await taken()) - before) / ((performance.now() - from) / 1000)]
}

/** Verdicts, outcomes of streams and bans, as the daemon counts them. */
async function countsOf({ url, token }: TestDaemon): Promise<Map<string, number>> {
  const text = await (await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } })).text()
  const counts = new Map<string, number>()
  for (const [, name = '', labels = '', value] of text.matchAll(
    /^tilth_(gossip_messages_total|streams_total|peer_bans_total)(?:\{(.*)\})? (\d+)$/gm
  )) {
    const said = [...labels.matchAll(/(?:verdict|outcome)="([^"]*)"/g)].map(([, label]) => label)
    const key = name === 'peer_bans_total' ? 'bans' : `${name.split('_')[0]} ${said.join(' ')}`
    counts.set(key, (counts.get(key) ?? 0) + Number(value))
  }
  return counts
}

async function attackBy(name: string, target: Target): Promise<Outcome> {
  const program = join(import.meta.dirname, 'hostile', 'attacks.ts')
  const child = spawn(process.execPath, [program, name, JSON.stringify(target)], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  if (child.pid !== undefined) setPriority(child.pid, 19)
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`the attack ${name} ended with ${code}`)
  return JSON.parse(said) as Outcome
}

async function kept(): Promise<Found[]> {
  if (flags.into === undefined) return []
  const text = await readFile(flags.into, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return '[]'
  })
  return JSON.parse(text) as Found[]
}

const found = await kept()
for (const name of names.filter(name => !found.some(({ attack }) => attack === name))) {
  // Each on daemons of its own: what one attack has left is not the next one's.
  const stage = await setStage('hostile', 2, i => (i === 0 ? { roles: ['host', 'validator', 'worker'] } : {}))
  try {
    const daemon = stage.validators[0] as TestDaemon
    const contribution = await stage.contribute(daemon)
    await stage.accepted(stage.validators, contribution)
    const { chain } = await daemon.api.call('status')
    const asking = await startAsking(daemon, stage.datanet)
    await asking.forSeconds(3) // the first ones wait for what a start leaves to be done
    const load = loadavg()[0] ?? 0
    const [quiet, idle] = await busyWhile(daemon, () => asking.forSeconds(seconds))
    const [before, weight] = [await countsOf(daemon), await weightOf(daemon)]
    const attacking = attackBy(name, {
      peerId: daemon.peer[0]?.split('/p2p/')[1] ?? '',
      listening: [...daemon.peer],
      url: daemon.url,
      token: daemon.token,
      network: { chainId: chain.id, registry: chain.contracts['registry'] as `0x${string}` },
      datanet: stage.datanet,
      contribution,
      validator: daemon.address,
      seconds: seconds + 4
    })
    await pause(4000) // until the attacker's process is up
    const [under, busy] = await busyWhile(daemon, () => asking.forSeconds(seconds))
    const outcome = await attacking
    // Others go on: what is brought in now is decided.
    await stage.accepted(stage.validators, await stage.contribute(daemon))
    const [after, heavier] = [await countsOf(daemon), await weightOf(daemon)]
    await asking.stop()
    const times = { peer: under.peer.p50 / quiet.peer.p50, api: under.api.p50 / quiet.api.p50 }
    const counted = Object.fromEntries(
      [...after].map(([key, value]) => [key, value - (before.get(key) ?? 0)] as const).filter(([, more]) => more > 0)
    )
    const megabytes = { memory: heavier.memory - weight.memory, disk: heavier.disk - weight.disk }
    const processor = { quiet: idle, under: busy }
    const one: Found = { attack: name, load, quiet, under, times, processor, outcome, counted, megabytes }
    process.stderr.write(`${JSON.stringify(one)}\n`)
    found.push(one)
    if (flags.into !== undefined) await writeWhole(flags.into, JSON.stringify(found, null, 2))
  } finally {
    await stage.world.stop()
  }
}

const short = (value: number): number => Number(value.toPrecision(3))
if (flags.json) console.log(JSON.stringify(found))
else
  console.table(
    found.map(({ attack, quiet, under, times, processor, outcome, counted, megabytes }) => ({
      attack,
      'peer p50/p99, ms: quiet': `${short(quiet.peer.p50)}/${short(quiet.peer.p99)}`,
      under: `${short(under.peer.p50)}/${short(under.peer.p99)}`,
      times: short(times.peer),
      'API p50, ms: quiet': short(quiet.api.p50),
      'under ': short(under.api.p50),
      'times ': short(times.api),
      'main thread, ms a s': `${short(processor.quiet)}, ${short(processor.under)}`,
      sent: outcome.sent,
      cut: outcome.cut,
      bans: counted['bans'] ?? 0,
      'MB of memory': short(megabytes.memory),
      'MB of disk': short(megabytes.disk)
    }))
  )
process.exit(0)
