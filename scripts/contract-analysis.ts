// A static analyser over the contracts, one file after another: over all of them at once it takes longer than anybody
// waits, and says nothing before its end.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const sources = join(root, 'protocol', 'contracts', 'solidity')

export interface Analysis {
  /** Path of the analyser's program. */
  readonly program: string
  /** Names of contracts' files, without their ending; none are all of them. */
  readonly names: readonly string[]
  readonly forge: string
  readonly env: NodeJS.ProcessEnv
}

/** In a folder as analysers expect one: sources in `src`, forge's settings beside them. */
function folderOf(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tilth-analyse-'))
  cpSync(sources, join(folder, 'src'), { recursive: true })
  cpSync(join(root, 'node_modules', '@openzeppelin'), join(folder, 'node_modules', '@openzeppelin'), {
    recursive: true,
    dereference: true
  })
  const settings = readFileSync(join(root, 'test', 'contracts', 'foundry.toml'), 'utf8')
  writeFileSync(
    join(folder, 'foundry.toml'),
    settings.replace(/^src = .*$/m, 'src = "src"').replace(/^out = .*$/m, 'out = "out"')
  )
  return folder
}

/**
 * Each file with what it imports, and of what is found only what is in that file.
 * @returns how many of them could not be read, or have findings
 */
export function analyse({ program, names, forge, env }: Analysis): number {
  const all = readdirSync(sources).flatMap(file => (file.endsWith('.sol') ? [file.slice(0, -'.sol'.length)] : []))
  const unknown = names.filter(name => !all.includes(name))
  if (unknown.length > 0) {
    console.error(`there is no contract ${unknown.join(', ')}; there are ${all.join(', ')}`)
    return 2
  }
  const folder = folderOf()
  let left = 0
  try {
    const at = { cwd: folder, stdio: 'inherit', env: { ...env, FOUNDRY_CONFIG: undefined } } as const
    const compiler = join(root, 'scripts', 'solc.cjs')
    for (const name of names.length === 0 ? all : names) {
      const began = Date.now()
      console.log(`${name}.sol`)
      for (const made of ['out', 'cache']) rmSync(join(folder, made), { recursive: true, force: true })
      const build = ['build', `src/${name}.sol`, '--build-info', '--use', compiler]
      const built = spawnSync(forge, build, { ...at, stdio: ['ignore', 'ignore', 'inherit'] })
      const read = ['.', '--ignore-compile', '--foundry-out-directory', 'out', '--include-paths', `src/${name}\\.sol`]
      const status = built.status === 0 ? spawnSync(program, read, at).status : built.status
      console.log(`${name}.sol: ${status === 0 ? 'nothing' : `status ${status}`}, ${(Date.now() - began) / 1000} s`)
      if (status !== 0) left++
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return left
}
