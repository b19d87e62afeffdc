// The engine's kernels: node scripts/kernels.ts build | check
//   build  compiles node/engine/kernels/assembly and writes the WebAssembly that the engine runs
// (node/engine/kernels/generated)
//   check  compiles and fails if what is committed there is not what the sources give
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as untyped from 'assemblyscript/asc'

/** What is used of the compiler's programming interface. */
interface Compiler {
  main(
    options: string[],
    host: { writeFile(name: string, contents: Uint8Array | string): void }
  ): Promise<{ error: Error | null; stderr: { toString(): string } }>
}

const root = join(import.meta.dirname, '..')
const source = join(root, 'node', 'engine', 'kernels', 'assembly', 'index.ts')
const generated = join(root, 'node', 'engine', 'kernels', 'generated')
const file = join(generated, 'binary.ts')

async function compile(): Promise<string> {
  const compiler = untyped as Compiler
  let binary = new Uint8Array(0)
  const { error, stderr } = await compiler.main(
    [
      source,
      '--outFile',
      'kernels.wasm',
      '--runtime',
      'stub',
      '-O3',
      '--noAssert',
      '--enable',
      'simd,relaxed-simd,threads,bulk-memory',
      '--importMemory',
      '--sharedMemory',
      '--initialMemory',
      '2',
      '--maximumMemory',
      '65536'
    ],
    {
      writeFile: (name, contents) => {
        if (name.endsWith('.wasm') && typeof contents !== 'string') binary = new Uint8Array(contents)
      }
    }
  )
  if (error !== null) throw new Error(`the kernels do not compile: ${stderr.toString()}`, { cause: error })
  const lines =
    Buffer.from(binary)
      .toString('base64')
      .match(/.{1,160}/g) ?? []
  return [
    '// Made by `node scripts/kernels.ts build` from node/engine/kernels/assembly. Do not edit.',
    'export const binary = [',
    ...lines.map(line => `  '${line}',`),
    "].join('')\n"
  ].join('\n')
}

const text = await compile()
if (process.argv[2] === 'build') {
  mkdirSync(generated, { recursive: true })
  writeFileSync(file, text)
} else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
  console.error('node/engine/kernels/generated is not what the sources give: run node scripts/kernels.ts build')
  process.exitCode = 1
}
