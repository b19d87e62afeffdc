// Contracts: node scripts/contracts.ts build | check | test [--json] | gas | analyse [forge's own arguments]
//   build  compiles and writes the ABIs and bytecode that TypeScript uses (protocol/contracts/generated)
//   check  compiles and fails if what is committed there is not what the sources give
//   test   runs forge's tests, then checks; with --json forge's result is one line on standard output
//   analyse SLITHER [CONTRACT…]  has a static analyser, by the path of its program, read what forge compiled of each
//          file, or of those that are named, one after another (see SECURITY.md)
//   gas    writes what transactions cost into test/contracts/GAS.md; `test` holds it to that
// forge takes the npm package's WebAssembly compiler through scripts/solc.cjs; nothing is fetched.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { analyse } from './contract-analysis.ts'
import { failedGas, gasFile, gasOf, gasTable, measuring, wrongGas } from './contract-gas.ts'
import { delimiter, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const bin = join(root, 'node_modules', '.bin')
const out = join(root, 'test', 'contracts', 'out')
const generated = join(root, 'protocol', 'contracts', 'generated')

/** Contracts that are deployed, in the order of deployment. */
const contracts = [
  'TilthToken',
  'NodeRegistry',
  'DatanetRegistry',
  'ContributionBonds',
  'ModelRegistry',
  'JobEscrow',
  'PaymentChannels',
  'AttributionAnchor',
  'Juries',
  'TrainingAudits',
  'ServingBonds'
]

const env = {
  ...process.env,
  PATH: bin + delimiter + (process.env['PATH'] ?? ''),
  FOUNDRY_CONFIG: join(root, 'test', 'contracts', 'foundry.toml'),
  FOUNDRY_DISABLE_NIGHTLY_WARNING: '1'
}

function forge(args: string[], quiet: boolean): Promise<{ code: number; output: string }> {
  return new Promise(resolve => {
    const child = spawn(join(bin, 'forge'), [...args, '--root', root, '--use', join(root, 'scripts', 'solc.cjs')], {
      cwd: root,
      stdio: ['ignore', quiet ? 'pipe' : 'inherit', 'inherit'],
      env
    })
    let output = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.on('error', error => {
      console.error(`forge does not start: ${error.message}; run npm ci`)
      resolve({ code: 1, output })
    })
    child.on('close', code => resolve({ code: code ?? 1, output }))
  })
}

interface AbiItem {
  type: string
  name?: string
  inputs?: AbiParameter[]
  outputs?: AbiParameter[]
  stateMutability?: string
  anonymous?: boolean
}
interface AbiParameter {
  name: string
  type: string
  indexed?: boolean
  components?: AbiParameter[]
}

/** Without internalType, which only names Solidity structs and doubles the size. */
const plain = (parameters: AbiParameter[]): AbiParameter[] =>
  parameters.map(({ name, type, indexed, components }) => ({
    name,
    type,
    ...(indexed === undefined ? {} : { indexed }),
    ...(components === undefined ? {} : { components: plain(components) })
  }))

function artifact(name: string): { abi: AbiItem[]; bytecode: string } {
  const { abi, bytecode } = JSON.parse(readFileSync(join(out, `${name}.sol`, `${name}.json`), 'utf8')) as {
    abi: AbiItem[]
    bytecode: { object: string }
  }
  const items = abi.map(item => ({
    ...item,
    ...(item.inputs === undefined ? {} : { inputs: plain(item.inputs) }),
    ...(item.outputs === undefined ? {} : { outputs: plain(item.outputs) })
  }))
  return { abi: items, bytecode: bytecode.object }
}

const lower = (name: string): string => name[0]!.toLowerCase() + name.slice(1)
const kebab = (name: string): string =>
  name.replace(/[A-Z]/g, (letter, at: number) => (at === 0 ? '' : '-') + letter.toLowerCase())
const header = '// Made by `node scripts/contracts.ts build` from protocol/contracts/solidity. Do not edit.\n'

/** File name -> content of everything generated. */
function files(): Map<string, string> {
  const made = new Map<string, string>()
  const bytecodes: string[] = []
  for (const name of contracts) {
    const { abi, bytecode } = artifact(name)
    const lines = abi.map(item => `  ${JSON.stringify(item)}`).join(',\n')
    made.set(`${kebab(name)}.ts`, `${header}export const ${lower(name)}Abi = [\n${lines}\n] as const\n`)
    bytecodes.push(`export const ${lower(name)}Bytecode = '${bytecode}' as const`)
  }
  made.set('bytecode.ts', `${header}${bytecodes.join('\n')}\n`)
  made.set('index.ts', `${header}${contracts.map(name => `export * from './${kebab(name)}.ts'`).join('\n')}\n`)
  return made
}

/** @returns the generated files that are not what the sources give */
function stale(): string[] {
  return [...files()]
    .filter(([file, content]) => {
      const path = join(generated, file)
      return !existsSync(path) || readFileSync(path, 'utf8') !== content
    })
    .map(([file]) => file)
}

function check(): number {
  const differing = stale()
  if (differing.length === 0) return 0
  console.error(
    `protocol/contracts/generated is not what the sources give: ${differing.join(', ')}. ` +
      'Run: node scripts/contracts.ts build'
  )
  return 1
}

/**
 * Undefined where not all was measured, which it says.
 * @param ran what forge's run of all tests told, if there was one
 */
async function measureGas(ran?: { code: number; output: string }): Promise<Map<string, number> | undefined> {
  const { code, output } = ran ?? (await forge(['test', '--match-contract', measuring, '--json', '-vv'], true))
  const failed = failedGas(output)
  if (failed.length > 0) console.error(`tests of gas failed: ${failed.join('; ')}; GAS.md stays as it is`)
  else if (code !== 0) console.error(`forge measured nothing:\n${output.slice(-4000)}`)
  return code === 0 && failed.length === 0 ? gasOf(output) : undefined
}

async function checkGas(ran?: { code: number; output: string }): Promise<number> {
  const costs = await measureGas(ran)
  if (costs === undefined) return 1
  const wrong = wrongGas(readFileSync(gasFile, 'utf8'), costs)
  if (wrong.length === 0) return 0
  console.error(`transactions cost other than GAS.md says: ${wrong.join('; ')}. Run: node scripts/contracts.ts gas`)
  return 1
}

async function main([verb = 'help', ...rest]: string[]): Promise<number> {
  switch (verb) {
    case 'build': {
      const { code } = await forge(['build', '--skip', 'test', ...rest], false)
      if (code !== 0) return code
      mkdirSync(generated, { recursive: true })
      for (const [file, content] of files()) writeFileSync(join(generated, file), content)
      return 0
    }
    case 'check': {
      const { code, output } = await forge(['build', '--skip', 'test', ...rest], true)
      if (code !== 0) console.error(output)
      return code === 0 ? check() : code
    }
    case 'test': {
      const json = rest.includes('--json')
      const ran = await forge(['test', ...rest, ...(json ? ['-vv'] : [])], json)
      const { code, output } = ran
      if (json) process.stdout.write(`${output.split('\n').find(line => line.startsWith('{')) ?? output}\n`)
      // Of what forge told people nothing can be read: it measures once more.
      return existsSync(out) ? code || check() || (await checkGas(json ? ran : undefined)) : code || 1
    }
    case 'analyse':
      return analyse({ program: rest[0] ?? 'slither', names: rest.slice(1), forge: join(bin, 'forge'), env })
    case 'gas': {
      const costs = await measureGas()
      if (costs === undefined) return 1
      writeFileSync(gasFile, gasTable(costs))
      return 0
    }
    default:
      console.error(
        'usage: node scripts/contracts.ts build | check | test [--json] | gas | analyse SLITHER [CONTRACT…]'
      )
      return 2
  }
}

process.exitCode = await main(process.argv.slice(2))
