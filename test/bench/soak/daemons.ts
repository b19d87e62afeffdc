import { randomBytes } from 'node:crypto'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createKeystore } from '../../../daemon/keys/index.ts'
import { until } from '../../../daemon/local/loop/poll.ts'
import { startDaemonProcess } from '../../../daemon/local/network/child.ts'
import type { DaemonProcess } from '../../../daemon/local/network/child.ts'
import { patientClient } from '../../../daemon/local/network/patient.ts'
import { readNetworkFile } from '../../../daemon/config/index.ts'
import type { Reading } from './judge.ts'

/** A daemon that is looked at. */
export interface Watched {
  readonly name: string
  readonly url: string
  readonly token: string
  readonly pid: () => number
}

/** A daemon beside those of a local network, in a folder of its own: it knows them, and holds no money. */
export async function startFurther(
  name: string,
  folder: string,
  networkFile: string
): Promise<{
  readonly watched: Watched
  readonly process: DaemonProcess
  readonly follow: (datanet: string) => Promise<void>
}> {
  await mkdir(folder, { recursive: true })
  const passphrase = randomBytes(18).toString('base64url')
  await writeFile(join(folder, 'passphrase'), passphrase, { mode: 0o600 })
  await createKeystore(join(folder, 'key.json'), passphrase, { strength: 'light' })
  const { chain, bootstrap } = await readNetworkFile(networkFile)
  const config = {
    data: folder,
    key: join(folder, 'key.json'),
    roles: ['client'],
    preset: 'local',
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap,
    chain: { rpc: chain.rpc, contracts: chain.contracts },
    api: { port: 0 }
  }
  await writeFile(join(folder, 'config.json'), JSON.stringify(config))
  const process = await startDaemonProcess(name, folder)
  const { url } = await process.ready(120_000)
  const token = (await readFile(join(folder, 'api-token'), 'utf8')).trim()
  return {
    watched: { name, url, token, pid: () => process.pid },
    process,
    async follow(datanet) {
      const api = patientClient(url, token)
      await until(`${name} hearing of the Datanet`, 120, async () =>
        api.call('followDatanet', { params: { id: datanet }, body: { follow: true } }).catch(() => undefined)
      )
    }
  }
}

/** Of one daemon now, by what Linux and its own metrics say; undefined while it cannot be asked. */
export async function readingOf({ pid, url, token }: Watched): Promise<Reading | undefined> {
  try {
    const status = await readFile(`/proc/${pid()}/status`, 'utf8')
    const handles = (await readdir(`/proc/${pid()}/fd`)).length
    const headers = { authorization: `Bearer ${token}` }
    const metrics = await (await fetch(`${url}/metrics`, { headers, signal: AbortSignal.timeout(10_000) })).text()
    const metric = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1] ?? NaN)
    const resident = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024
    const held = (of: string): number => metric(`tilth_memory_bytes\\{of="${of}"\\}`) / 2 ** 20
    return {
      at: Date.now(),
      megabytes: resident('VmRSS'),
      own: resident('RssAnon'),
      objects: held('objects') + held('buffers'),
      handles,
      connections: metric('tilth_peers'),
      delayMs: 1000 * metric('tilth_event_loop_delay_seconds\\{quantile="1"\\}'),
      usualDelayMs: 1000 * metric('tilth_event_loop_delay_seconds\\{quantile="0.99"\\}')
    }
  } catch {
    return undefined // it is busy, or on its way up
  }
}
