// What others made, against a network of ours: installed into a temporary folder, never a dependency.
// Usage: node scripts/interop.ts [clients] [mcp] [model] [backends] [peft] [ipfs] [metrics]
// and node scripts/interop.ts versions [--with REVISION], with another version of this program itself: by default the
// commit before this one.
import { parseArgs } from 'node:util'
import { backends } from './interop/backends.ts'
import { clients } from './interop/clients.ts'
import { ipfs } from './interop/ipfs.ts'
import { mcp } from './interop/mcp.ts'
import { metrics } from './interop/metrics.ts'
import { model } from './interop/model.ts'
import { peft } from './interop/peft.ts'
import { versions } from './interop/versions.ts'

const { values: flags, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { with: { type: 'string', default: 'HEAD^' } }
})
const parts = {
  clients,
  mcp,
  model,
  backends,
  peft,
  ipfs,
  metrics,
  versions: (say: (text: string) => void) => versions(say, flags.with)
} as const
const isPart = (name: string): name is keyof typeof parts => Object.hasOwn(parts, name)

const names = wanted.length === 0 ? Object.keys(parts) : wanted
for (const name of names) {
  if (!isPart(name)) {
    process.stderr.write(`there is no ${name}: ${Object.keys(parts).join(', ')}\n`)
    process.exitCode = 2
    continue
  }
  const outcomes = await parts[name](text => process.stderr.write(`${name}: ${text}\n`))
  for (const { name: one, state, why } of outcomes) {
    console.log(`${state.padEnd(8)}${one}${why === undefined ? '' : `: ${why}`}`)
    if (state === 'failed') process.exitCode = 1
  }
}
process.exit()
