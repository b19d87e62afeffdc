// Daemons and chain of a local network are killed at random while it works: npm run chaos -- [--kills 20] [--seed S]
// [--json]
// The six daemons and their chain run as processes of their own; what is done to them and asked of them is in
// test/network/chaos.ts. A table says what was killed when, and how long it was until it answered again. The exit code
// is 1 if anything that was acknowledged is gone or twice, if an answer was lost whose client and worker were there, or
// if the loop does not come to its end.
// Example: npm run chaos -- --kills 100 --seed 23
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startLocalNetwork } from '../../daemon/local/network/network.ts'
import { describeError } from '../../protocol/primitives/index.ts'
import { emptyChaos, runChaos } from '../network/chaos.ts'

const { values: flags } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})
const [kills, seed] = [Number(flags.kills), Number(flags.seed)]
const usage = `usage: npm run chaos -- [--kills 20] [--seed S] [--json]
Example: npm run chaos -- --kills 100 --seed 23`
if (flags.help) {
  console.log(usage)
  process.exit(0)
}
if (!Number.isInteger(kills) || kills < 0 || !Number.isInteger(seed)) {
  console.error(usage)
  process.exit(2)
}

const began = Date.now()
const say = (text: string): void => {
  process.stderr.write(`${((Date.now() - began) / 1000).toFixed(0).padStart(5)} s  ${text}\n`)
}
const folder = await mkdtemp(join(tmpdir(), 'tilth-chaos-'))
const network = await startLocalNetwork({
  folder: join(folder, 'net'),
  portBase: 0,
  chainPort: 0,
  challengeSeconds: 2,
  fresh: false,
  onStep: () => undefined
})
const found = emptyChaos()
let failed = ''
try {
  say(`seed ${seed}: ${kills} kills of ${network.daemons.length} daemons and their chain`)
  await runChaos(found, { network, folder, kills, seed, epochs: 30, pauseMs: 4000, say })
  if (found.lost.length > 0) failed = `${found.lost.length} calls were lost though whom they needed was there`
} catch (error) {
  failed = describeError(error)
} finally {
  await network.stop()
  if (failed === '') await rm(folder, { recursive: true, force: true })
  else say(`what it left is in ${folder}`)
}

const { table, acknowledged, lost, epoch } = found
const back = table.map(row => row['back after s']).sort((a, b) => a - b)
const sum = {
  seed,
  kills: table.length,
  receipts: acknowledged.receipts.size,
  contributions: acknowledged.contributions.size,
  epoch,
  'back after s, median': back[Math.floor(back.length / 2)] ?? 0,
  'back after s, most': back.at(-1) ?? 0,
  lost,
  failed
}
if (flags.json) console.log(JSON.stringify({ ...sum, table }))
else {
  console.table(table)
  console.log(sum)
}
say(failed === '' ? 'passed' : `FAILED: ${failed}`)
process.exit(failed === '' ? 0 : 1)
