import { cp, mkdir } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lastOf, run } from '../programs.ts'

const sources = ['go.mod', 'main.go', 'id.go', 'kubo.go']

export interface Programs {
  /** Kubo's command line. */
  readonly ipfs: string
  /** What `main.go` is. */
  readonly peer: string
}

/** Kubo and a go-libp2p peer, built by Go once; or why they could not be. */
export async function buildPrograms(say: (text: string) => void): Promise<Programs | string> {
  const folder = join(tmpdir(), 'tilth-ipfs')
  const found = { ipfs: join(folder, 'ipfs'), peer: join(folder, 'peer') }
  if ((await run('go', ['version'], { cwd: tmpdir() })).code !== 0) return 'there is no Go'
  await mkdir(folder, { recursive: true })
  for (const name of sources) await cp(join(import.meta.dirname, name), join(folder, name))
  // Sums are looked up by the Go checksum database as modules come.
  const env = { GOFLAGS: '-buildvcs=false -mod=mod' }
  const steps = [
    ['peer', '.'],
    ['ipfs', 'github.com/ipfs/kubo/cmd/ipfs']
  ] as const
  for (const [name, what] of steps) {
    if (name === 'ipfs' && existsSync(found.ipfs)) continue // it is what go.mod says, and takes minutes
    say(`building ${name}`)
    const { code, output } = await run('go', ['build', '-o', found[name], what], { cwd: folder, env })
    if (code !== 0) return `go build ${what} did not work: ${lastOf(output)}`
  }
  return found
}
