import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { createNode } from '../node/node.ts'
import { collectWhenIdle, createLog, createMetrics } from '../node/runtime/index.ts'
import { TilthError, describeError } from '../protocol/primitives/index.ts'
import { createHandlers } from './api/handlers/index.ts'
import { openAiEndpoints, startApiServer } from './api/server/index.ts'
import type { DaemonConfig } from './config/index.ts'
import { writePrivate } from './private-file.ts'
import { version } from './version.ts'

/** The API's bearer token: made once for a data folder, readable by its owner only. */
async function apiToken(folder: string): Promise<string> {
  const path = join(folder, 'api-token')
  const known = await readFile(path, 'utf8').then(
    text => text.trim(),
    () => ''
  )
  if (known.length >= 20) return known
  const token = randomBytes(24).toString('base64url')
  await writePrivate(path, `${token}\n`)
  return token
}

/** Ends with the process that started it, however that one ended: a local network leaves nothing behind. */
function watchParent(end: () => void): void {
  const parent = Number(process.env['TILTH_PARENT'] ?? 0)
  if (!(parent > 1)) return
  setInterval(() => {
    try {
      process.kill(parent, 0)
    } catch (error) {
      if ((error as { code?: string }).code === 'ESRCH') end()
    }
  }, 1000).unref()
}

/** How often an idle node looks whether it has memory to give back. */
const collectMs = 20_000

/** Runs a node and its API until a signal; resolves when everything has stopped in order. */
export async function runDaemon(
  config: DaemonConfig,
  privateKey: Uint8Array,
  output: { json: boolean }
): Promise<void> {
  const log = createLog({ level: config.log })
  const metrics = createMetrics()
  try {
    await mkdir(config.data, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new TilthError('data.folder', `the data folder ${config.data} cannot be made`, {
      help: 'Check the path and its permissions, or choose another with --data DIR.',
      consequence: 'fatal',
      cause
    })
  }
  const token = await apiToken(config.data)
  const apiFile = join(config.data, 'api.json')

  const node = await createNode(
    {
      directory: config.data,
      privateKey,
      roles: config.roles,
      preset: config.preset,
      listen: config.listen,
      announce: config.announce,
      upnp: config.upnp,
      bootstrap: config.bootstrap,
      chain: config.chain,
      worker: config.worker,
      shelf: {
        quota: config.shelf.gib === undefined ? undefined : config.shelf.gib * 2 ** 30,
        pace: config.shelf.mibPerSecond * 2 ** 20
      },
      autoVote: config.autoVote,
      follow: config.follow,
      storage: config.storage
    },
    { log, metrics }
  )
  const { handlers, ask } = createHandlers(node, { version, rpc: config.chain.rpc })
  const server = await startApiServer({
    host: config.api.host,
    port: config.api.port,
    token,
    origins: config.api.origins,
    version,
    handlers,
    metrics: async () => ({ contentType: metrics.contentType, text: await metrics.metrics() }),
    extend: openAiEndpoints({
      models: params => handlers.models({ params, body: undefined, signal: new AbortController().signal }),
      model: id => handlers.model({ params: { id }, body: undefined, signal: new AbortController().signal }),
      ask
    }),
    onError: (error, route) => {
      log.error('a call of the API failed', { error, route })
    }
  }).catch(async (error: unknown) => {
    await node.stop()
    throw error
  })

  const peer = node.transport.peers.listening()
  await writePrivate(apiFile, JSON.stringify({ url: server.url, pid: process.pid, peer }))
  const said = output.json
    ? JSON.stringify({ api: server.url, address: node.self, peer })
    : [
        `${node.self} is up as ${config.roles.join(', ')}`,
        `API    ${server.url}  (token in ${join(config.data, 'api-token')})`,
        `libp2p ${peer.join('\n       ')}`
      ].join('\n')
  process.stdout.write(`${said}\n`)
  // What was compiled so far is there for the next start, and for the next daemon on this machine.
  flushCompileCache()
  collectWhenIdle(collectMs)

  await new Promise<void>(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        resolve()
      })
    watchParent(resolve)
    process.on('unhandledRejection', error => {
      log.error('a promise was left alone', { error, text: describeError(error) })
    })
  })
  // A second signal, or a part that hangs, must not keep the process.
  setTimeout(() => process.exit(1), 7000).unref()
  await rm(apiFile, { force: true })
  await server.stop()
  await node.stop()
  process.exit()
}
