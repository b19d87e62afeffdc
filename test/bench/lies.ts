// What a node works for those who lie to its DHT: node test/bench/lies.ts [--seconds 10] [--json]
// A node in this process, and the attack `dht` of test/bench/hostile from another one, with a fresh key whenever it is
// cut off: processor time of this process beyond what it takes while nothing happens, for each thousand lies that were
// sent. It says the same on a busy machine, where how long answers take says nothing.
// Example: node test/bench/lies.ts --seconds 5
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { pause, startNode, stopNodes } from '../harness/index.ts'
import type { Outcome } from './hostile/attacker.ts'

const usage = 'usage: node test/bench/lies.ts [--seconds 10] [--json]'
const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})
const seconds = Number(flags.seconds)
if (flags.help || !(seconds > 0)) {
  console.log(usage)
  process.exit(flags.help ? 0 : 2)
}

/** Milliseconds of processor and of time that something takes. */
async function timed<T>(what: () => Promise<T>): Promise<{ result: T; processor: number; took: number }> {
  const [before, from] = [process.cpuUsage(), performance.now()]
  const result = await what()
  const { user, system } = process.cpuUsage(before)
  return { result, processor: (user + system) / 1000, took: performance.now() - from }
}

async function attacked(peerId: string, listening: string[]): Promise<Outcome> {
  const program = join(import.meta.dirname, 'hostile', 'attacks.ts')
  const child = spawn(process.execPath, [program, 'dht', JSON.stringify({ peerId, listening, seconds })], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  if (code !== 0) throw new Error(`the attack ended with ${code}`)
  return JSON.parse(said) as Outcome
}

const { peers } = await startNode()
await pause(2_000) // what a start leaves to be done
const idle = await timed(() => pause(seconds * 1000))
const { result, processor, took } = await timed(() => attacked(peers.self.peerId, peers.listening()))
const beyond = processor - (idle.processor * took) / idle.took
const found = { lies: result.sent, cut: result.cut, processorMs: beyond, perThousand: (beyond / result.sent) * 1000 }
if (flags.json) console.log(JSON.stringify(found))
else console.table([found])
await stopNodes()
process.exit(0)
