import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, run } from './programs.ts'

/** The Python package whose sources have it, by the version that the recorded answers of the tests are of. */
const source = 'llama-cpp-python'
const version = '0.3.36'
/**
 * Where it was built stays for the next time: that takes a quarter of an hour. Not where others of this machine may put
 * a program of theirs.
 */
const built = join(import.meta.dirname, '../../.cache/llama-server', version)
const options = [
  '-DCMAKE_BUILD_TYPE=Release',
  '-DBUILD_SHARED_LIBS=OFF',
  '-DLLAMA_CURL=OFF',
  '-DLLAMA_OPENSSL=OFF',
  '-DLLAMA_BUILD_TESTS=OFF',
  '-DLLAMA_BUILD_EXAMPLES=OFF',
  '-DLLAMA_BUILD_TOOLS=ON',
  '-DLLAMA_BUILD_SERVER=ON',
  '-DLLAMA_BUILD_UI=OFF',
  '-DLLAMA_USE_PREBUILT_UI=OFF'
]

/** The one that TILTH_LLAMA_SERVER names, the machine's own, or one that is built of what a Python package carries. */
export async function findLlamaServer(say: (text: string) => void): Promise<string | undefined> {
  const named = process.env['TILTH_LLAMA_SERVER']
  if (named !== undefined) return existsSync(named) ? named : undefined
  if ((await run('llama-server', ['--version'], { cwd: tmpdir() })).code === 0) return 'llama-server'
  const file = join(built, 'build', 'bin', 'llama-server')
  if (existsSync(file)) return file
  await mkdir(built, { recursive: true })
  const steps = async (list: readonly (readonly [string, readonly string[]])[]): Promise<boolean> => {
    for (const [command, args] of list) if ((await run(command, args, { cwd: built })).code !== 0) return false
    return true
  }
  say("fetching and building llama.cpp's server")
  const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--no-binary', ':all:', '--dest', '.']
  if (!(await steps([['python3', [...pip, `${source}==${version}`]]]))) return undefined
  const archive = (await readdir(built)).find(name => name.endsWith('.tar.gz')) ?? ''
  if (!(await steps([['tar', ['xzf', archive]]]))) return undefined
  const folder = join(archive.replace(/\.tar\.gz$/, ''), 'vendor', 'llama.cpp')
  const made = await steps([
    ['cmake', ['-S', folder, '-B', 'build', ...options]],
    ['cmake', ['--build', 'build', '--target', 'llama-server', '-j', '2']]
  ])
  return made ? file : undefined
}

/** Starts it on a file, and waits until it answers. */
export async function startLlamaServer(
  program: string,
  args: readonly string[],
  key: string
): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const child = spawn(program, ['--host', '127.0.0.1', '--port', String(port), '--api-key', key, ...args], {
    stdio: 'ignore'
  })
  const ended = new Promise<void>(resolve => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  for (let tries = 0; tries < 240 && child.exitCode === null; tries++) {
    const response = await fetch(`${url}/health`).catch(() => undefined) // not up yet
    if (response?.ok === true) return { url, stop }
    await new Promise(wake => {
      setTimeout(wake, 250)
    })
  }
  await stop()
  throw new Error('llama-server did not come up')
}
