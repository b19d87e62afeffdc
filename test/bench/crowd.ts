// How gossip, memory and settlement grow with the number of nodes:
// node test/bench/crowd.ts [--nodes 50,100,200,500,1000] [--json]
// Each number in a process of its own, in which so many nodes' gossip runs: libp2p's gossipsub with this network's
// envelopes, quotas and scores, over links within the process (8 dialled by each, at random). Twenty messages of half a
// kilobyte are said; then an epoch of as many clients with ten answers each is made, and made again as a watcher does.
// What this leaves out: encryption, the wire and its latency, the DHT, and that a signature is checked once here and
// once at each node in reality.
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import { hear } from './crowd/gossip.ts'
import type { Heard } from './crowd/gossip.ts'
import { settle } from './crowd/settling.ts'
import type { Settled } from './crowd/settling.ts'

const { values: flags } = parseArgs({
  options: {
    nodes: { type: 'string', default: '50,100,200,500,1000' },
    json: { type: 'boolean', default: false },
    alone: { type: 'boolean', default: false }
  }
})
interface Row {
  readonly heard: Heard
  readonly settled: Settled
}

function inChild(count: string): Promise<Row> {
  const args = ['--expose-gc', import.meta.filename, '--nodes', count, '--alone']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  return new Promise((resolve, reject) => {
    child.on('close', code => {
      if (code === 0) resolve(JSON.parse(said) as Row)
      else reject(new Error(`${count} nodes ended with ${code}`))
    })
  })
}

const counts = flags.nodes.split(',')
if (flags.alone) {
  const count = Number(counts[0])
  process.stdout.write(JSON.stringify({ heard: await hear(count), settled: settle(count) }), () => process.exit(0))
} else {
  const rows: Row[] = []
  for (const count of counts) {
    rows.push(await inChild(count))
    process.stderr.write(`${count} nodes: ${JSON.stringify(rows.at(-1))}\n`)
  }
  if (flags.json) console.log(JSON.stringify(rows))
  else {
    const rounded = (row: object): object =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(Number(value).toPrecision(3))]))
    console.table(rows.map(({ heard }) => rounded(heard)))
    console.table(rows.map(({ settled }) => rounded(settled)))
  }
}
