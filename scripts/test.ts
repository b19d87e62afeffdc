// `npm test`: lint, kernels, types, mocha, forge, one after another; every part runs even when an earlier one failed, and the
// last line sums them up. Usage: node scripts/test.ts [lint] [kernels] [types] [mocha] [contracts]
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, existsSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, delimiter } from 'node:path'

interface Tally { passed: number; failed: number }
type Part = () => Promise<Tally>

const root = join(import.meta.dirname, '..')
const bin = join(root, 'node_modules', '.bin')
const scratch = mkdtempSync(join(tmpdir(), 'tilth-test-'))

function run(command: string, args: string[], capture = false): Promise<{ code: number; output: string }> {
  return new Promise(resolve => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', capture ? 'pipe' : 'inherit', 'inherit'],
      env: { ...process.env, PATH: bin + delimiter + (process.env['PATH'] ?? '') }
    })
    let output = ''
    child.stdout?.on('data', (chunk: Buffer) => { output += chunk.toString() })
    child.on('error', error => { process.stderr.write(`${command}: ${error.message}\n`); resolve({ code: 1, output }) })
    child.on('close', code => resolve({ code: code ?? 1, output }))
  })
}

/** One check that either holds or does not: counts as one. */
const single = (command: string, args: string[]): Part => async () => {
  const { code } = await run(command, args)
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

const mocha: Part = async () => {
  const report = join(scratch, 'mocha.json')
  const { code } = await run('mocha', ['--reporter', join(root, 'scripts', 'mocha-reporter.cjs'), '--reporter-option', `output=${report}`])
  if (!existsSync(report)) return { passed: 0, failed: 1 }
  const { passes, failures } = JSON.parse(readFileSync(report, 'utf8')) as { passes: number; failures: number }
  return { passed: passes, failed: failures === 0 && code !== 0 ? 1 : failures }
}

/** forge prints `{ "path:Contract": { test_results: { name: { status } } } }` with --json. */
const contracts: Part = async () => {
  const { code, output } = await run('node', ['scripts/contracts.ts', 'test', '--json'], true)
  const tally: Tally = { passed: 0, failed: 0 }
  const line = output.split('\n').find(text => text.startsWith('{'))
  const suites = line === undefined ? {} : JSON.parse(line) as Record<string, { test_results: Record<string, { status: string; reason?: string }> }>
  for (const [suite, { test_results }] of Object.entries(suites)) {
    for (const [name, { status, reason }] of Object.entries(test_results)) {
      if (status === 'Success') tally.passed++
      else { tally.failed++; console.log(`  ${suite} ${name}: ${status} ${reason ?? ''}`) }
    }
  }
  if (code !== 0 && tally.failed === 0) { tally.failed = 1; console.log(output.slice(-4000)) }
  return tally
}

const parts: Record<string, Part> = {
  lint: single('oxlint', ['--type-aware']),
  kernels: single('node', ['scripts/kernels.ts', 'check']),
  types: single('tsc', ['--noEmit']),
  mocha,
  contracts
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter(name => parts[name] === undefined)
if (unknown.length > 0) {
  console.error(`unknown part ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`)
  process.exit(2)
}
const total: Tally = { passed: 0, failed: 0 }
for (const [name, part] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const started = performance.now()
  console.log(`\n== ${name}`)
  const { passed, failed } = await part()
  total.passed += passed
  total.failed += failed
  console.log(`== ${name}: ${passed} ok, ${failed} not, ${((performance.now() - started) / 1000).toFixed(0)} s`)
}
rmSync(scratch, { recursive: true, force: true })
console.log(`\n${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1
