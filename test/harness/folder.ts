import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const made: string[] = []
process.once('exit', () => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true, maxRetries: 2 })
})

/** A new folder that goes with this process at the latest. */
export async function scratch(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `tilth-${name}-`))
  made.push(folder)
  return folder
}
