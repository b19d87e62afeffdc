import { randomBytes } from 'node:crypto'
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createApiClient } from '../../../daemon/api/contract/index.ts'
import { createKeystore } from '../../../daemon/keys/index.ts'
import { startDaemonProcess } from '../../../daemon/local/network/child.ts'
import type { World } from '../../harness/index.ts'
import { coin } from '../../harness/index.ts'

/** What a start of a daemon on a data folder took. */
export interface Start {
  /** From the process's start until its API answers, and until it has read the chain to its head. */
  readonly readySeconds: number
  readonly readSeconds: number
  /** Resident memory some seconds later. */
  readonly megabytes: number
  readonly diskMegabytes: number
}

/** Seconds a started daemon is left alone before its memory is read. */
const restSeconds = 8

async function bytesBelow(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    bytes += entry.isDirectory() ? await bytesBelow(path) : (await stat(path)).size
  }
  return bytes
}

async function residentMegabytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+([0-9]+) kB/.exec(text)?.[1]) / 1024
}

/** Makes the folder of a daemon with a funded key, its store closed: to be filled before it is started. */
export async function prepareDaemon(world: World, name: string, rpc: string): Promise<string> {
  const folder = join(world.root, name)
  await mkdir(folder, { recursive: true })
  const passphrase = randomBytes(18).toString('base64url')
  await writeFile(join(folder, 'passphrase'), passphrase, { mode: 0o600 })
  const { address } = await createKeystore(join(folder, 'key.json'), passphrase, { strength: 'light' })
  await world.faucet.tokens.sendGas(address, coin)
  const config = {
    data: folder,
    key: join(folder, 'key.json'),
    roles: ['client'],
    preset: 'local',
    listen: ['/ip4/127.0.0.1/tcp/0'],
    chain: { rpc, contracts: world.addresses },
    api: { port: 0 }
  }
  await writeFile(join(folder, 'config.json'), JSON.stringify(config))
  return folder
}

/** Starts a daemon on the folder, measures, and stops it. */
export async function measureStart(folder: string, head: () => Promise<bigint>): Promise<Start> {
  const started = performance.now()
  const since = (): number => (performance.now() - started) / 1000
  const daemon = await startDaemonProcess('daemon', folder)
  try {
    const { url } = await daemon.ready(300_000)
    const readySeconds = since()
    const api = createApiClient(url, (await readFile(join(folder, 'api-token'), 'utf8')).trim())
    const wanted = await head()
    while (BigInt((await api.call('status')).chain.read ?? 0) < wanted) await sleep(200)
    const readSeconds = since()
    await sleep(restSeconds * 1000)
    return {
      readySeconds,
      readSeconds,
      megabytes: await residentMegabytes(daemon.pid),
      diskMegabytes: (await bytesBelow(folder)) / 1e6
    }
  } finally {
    await daemon.stop()
  }
}
