// What a daemon that has much behind it takes to start, to hold and to keep: node test/bench/scale.ts
// [--contributions 0,10000,100000] [--receipts 0,100000,1000000] [--blocks 0,1000000] [--json]
// Each case is a real `tilth daemon` process on a data folder that was filled by the code that fills it in use, with
// nothing else in it; the exponent says how a figure grows with what was added to the smallest case (0 not at all, 1 in
// proportion), from the two largest cases.
import { rm } from 'node:fs/promises'
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { startWorld } from '../harness/index.ts'
import { measureStart, prepareDaemon } from './scale/daemon.ts'
import type { Start } from './scale/daemon.ts'
import { fill } from './scale/fill.ts'
import { startLongChain } from './scale/long-chain.ts'

const { values: flags } = parseArgs({
  options: {
    contributions: { type: 'string', default: '0,10000,100000' },
    receipts: { type: 'string', default: '0,100000,1000000' },
    blocks: { type: 'string', default: '0,1000000' },
    json: { type: 'boolean', default: false }
  }
})

type Kind = 'contributions' | 'receipts' | 'blocks'
type Row = Start & { readonly kind: Kind; readonly size: number }
const figures = ['readySeconds', 'readSeconds', 'megabytes', 'diskMegabytes'] as const

const world = await startWorld('scale')

async function measure(kind: Kind, size: number): Promise<Row> {
  const long = await startLongChain(world.anvil.rpcUrl, kind === 'blocks' ? BigInt(size) : 0n)
  try {
    const folder = await prepareDaemon(world, `${kind}-${size}`, long.rpcUrl)
    await fill(folder, {
      contributions: kind === 'contributions' ? size : 0,
      receipts: kind === 'receipts' ? size : 0
    })
    const head = async (): Promise<bigint> =>
      (await world.faucet.head()).block + (kind === 'blocks' ? BigInt(size) : 0n)
    const start = await measureStart(folder, head)
    await rm(folder, { recursive: true, force: true })
    return { kind, size, ...start }
  } finally {
    await long.stop()
  }
}

/** How a figure grows: y - y₀ in proportion to sizeᵉ, from the two largest sizes. */
function exponent(rows: readonly Row[], figure: (typeof figures)[number]): number | undefined {
  const [least, ...more] = rows.toSorted((a, b) => a.size - b.size)
  const [before, last] = more.slice(-2)
  if (least === undefined || before === undefined || last === undefined) return undefined
  // Less than a twentieth of what is there without anything is noise.
  const noise = Math.max(least[figure] / 20, 0.001)
  const added = [before, last].map(row => Math.max(row[figure] - least[figure], noise))
  return Math.log((added[1] ?? 1) / (added[0] ?? 1)) / Math.log(last.size / before.size)
}

const rows: Row[] = []
try {
  for (const kind of ['contributions', 'receipts', 'blocks'] as const)
    for (const size of flags[kind].split(',').map(Number)) {
      const row = await measure(kind, size)
      rows.push(row)
      if (!flags.json)
        console.log(`${kind} ${size}  ${figures.map(name => `${name} ${row[name].toFixed(1)}`).join('  ')}`)
    }
} finally {
  await world.stop()
}
const growth = (['contributions', 'receipts', 'blocks'] as const).map(kind => ({
  kind,
  ...Object.fromEntries(
    figures.map(figure => [
      figure,
      exponent(
        rows.filter(row => row.kind === kind),
        figure
      )
    ])
  )
}))
const machine = `${cpus()[0]?.model ?? ''}, ${availableParallelism()} cores`
if (flags.json) console.log(JSON.stringify({ machine, rows, growth }, null, 2))
else for (const row of growth) console.log(row)
