import { randomBytes } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { makeFolder } from './make-folder.ts'
import { createNode } from '../node/node.ts'
import type { Log } from '../node/runtime/index.ts'
import {
  collectWhenIdle,
  createLog,
  createMetrics,
  createRecentLog,
  declareEventLoopMetrics,
  declareMemoryMetrics
} from '../node/runtime/index.ts'
import { addressOfKey } from '../protocol/crypto/index.ts'
import { TilthError, describeError, mapPage } from '../protocol/primitives/index.ts'
import { markOf } from '../node/runtime/processes.ts'
import { quoted } from '../node/runtime/quoted.ts'
import { watchParent } from './alive.ts'
import { boundedLog } from './log-file.ts'
import { logName } from './log-tail.ts'
import { createHandlers } from './api/handlers/index.ts'
import { mcpEndpoint, openAiEndpoints, sessionFile, startApiServer } from './api/server/index.ts'
import { namesOfApi, readCertificate } from './certificate.ts'
import { backendOptions, createSettings, trainerOptions } from './config/index.ts'
import type { DaemonConfig, Origin } from './config/index.ts'
import { sayUp } from './detached.ts'
import { claimKey } from './keys/index.ts'
import { openPins } from './names/index.ts'
import { choosePorts } from './ports.ts'
import { writePrivate } from './private-file.ts'
import { apiNote, runningIn } from './running.ts'
import { sayMissing } from './means.ts'
import { pageNetwork } from './page-network.ts'
import { openSpending } from './spending/index.ts'
import { isSupervised } from './supervised.ts'
import { startTraces } from './traces/index.ts'
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

/** [fatal] One daemon a data folder: what the first one left there for others is its own. */
async function requireAlone(folder: string): Promise<void> {
  const other = await runningIn(folder, apiNote)
  if (other === undefined || other.pid === process.pid) return
  throw new TilthError('daemon.running', `a daemon runs in ${folder} already (process ${other.pid})`, {
    help: `End it with \`tilth down --data ${quoted(folder)}\`, or choose another folder with --data DIR.`,
    consequence: 'fatal'
  })
}

/** A daemon that has run for so long stays, and the other one ends: its owner started that one last. */
const youngMs = 600_000
/** Milliseconds between two warnings of the same. */
const warnMs = 60_000

/** [fatal] One daemon a key, on other machines too: the younger one ends as soon as it hears the other speak. */
function twinWatch(log: Pick<Log, 'error'>, end: () => void): () => void {
  const began = performance.now()
  let warned = -Infinity
  return () => {
    const now = performance.now()
    if (now - warned < warnMs) return
    warned = now
    const isYoung = now - began < youngMs
    log.error('another process speaks with the key of this daemon', {
      help: 'Two that sign for one account contradict each other, and that costs its stake: end one of them.',
      ends: isYoung ? 'this one' : 'the other one, if it was started within ten minutes'
    })
    if (!isYoung) return
    process.exitCode = 1
    end()
  }
}

/** Milliseconds for the answer to whoever asked for a restart. */
const restartMs = 200

/** How often an idle node looks whether it has memory to give back. */
const collectMs = 20_000

/** Runs a node and its API until a signal; resolves when everything has stopped in order. */
export async function runDaemon(
  { config, origin }: { config: DaemonConfig; origin: Origin },
  privateKey: Uint8Array,
  output: { json: boolean }
): Promise<void> {
  const recent = createRecentLog()
  // What this process and its children write is its owner's alone.
  process.umask(0o077)
  const { mib, keep } = config.logFile
  const destination = boundedLog(join(config.data, logName), { bytes: mib * 2 ** 20, keep })
  const log = createLog({ level: config.log, recent, ...(destination === undefined ? {} : { destination }) })
  const metrics = createMetrics()
  declareEventLoopMetrics(metrics)
  declareMemoryMetrics(metrics)
  try {
    await makeFolder(config.data, { mode: 0o700 })
  } catch (cause) {
    throw new TilthError('data.folder', `the data folder ${config.data} cannot be made`, {
      help: 'Check the path and its permissions, or choose another with --data DIR.',
      consequence: 'fatal',
      cause
    })
  }
  const apiFile = join(config.data, apiNote)
  await requireAlone(config.data)
  const giveKeyBack = await claimKey(addressOfKey(privateKey), config.data)
  const ports = await choosePorts(config)
  for (const note of ports.notes) process.stderr.write(`${note}\n`)
  const tls = await readCertificate(config.api.tls)
  const token = await apiToken(config.data)
  const spending = await openSpending(join(config.data, 'api-keys.json'))
  const pins = await openPins(join(config.data, 'pins.json'))

  let end: () => void = () => undefined
  const ended = new Promise<void>(resolve => {
    end = resolve
  })
  const node = await createNode(
    {
      directory: config.data,
      privateKey,
      roles: config.roles,
      preset: config.preset,
      listen: ports.listen,
      announce: config.announce,
      upnp: config.upnp,
      bootstrap: config.bootstrap,
      chain: config.chain,
      worker: {
        ...config.worker,
        backends: config.worker.backends.map(backendOptions),
        trainer: config.worker.trainer && trainerOptions(config.worker.trainer)
      },
      shelf: {
        quota: config.shelf.gib === undefined ? undefined : config.shelf.gib * 2 ** 30,
        pace: config.shelf.mibPerSecond * 2 ** 20,
        states: config.shelf.statesGib * 2 ** 30
      },
      autoVote: config.autoVote,
      judgeAnswers: config.scorer.judgeAnswers,
      follow: config.follow,
      storage: config.storage,
      automation: config.automation,
      availability: { hours: config.worker.hours, power: config.worker.power }
    },
    { log, metrics, onTwin: twinWatch(log, () => end()) }
  )
  const traces = startTraces(node, { log, version })
  let { trust, asking } = config
  const limit = ({ spending: { perRequest, perDay } }: DaemonConfig): void =>
    // What may be paid by calls is changed in the file and by a start alone: whoever has the token cannot raise it.
    spending.limit({ perRequest, perDay: perDay ?? null, payPerDay: config.spending.payPerDay ?? null })
  limit(config)
  const settings = createSettings(origin, async changed => {
    const { hours, power } = changed.worker
    trust = changed.trust
    asking = changed.asking
    limit(changed)
    await node.availability.setPolicy({ hours, power })
  })
  const { handlers, ask, asked, askedNames, listed } = createHandlers(node, {
    version,
    rpc: config.chain.rpc,
    consoleRpc: config.api.consoleRpc,
    network: config.localNetwork,
    machine: { folder: config.data, provider: config.worker.provider },
    kept: { directory: config.data, key: config.key, settings: origin.given },
    log: recent,
    settings,
    spending,
    pins,
    traces: traces?.answers,
    trusted: () => trust,
    hedgeMs: () => asking.hedgeMs,
    restart: isSupervised() ? () => setTimeout(end, restartMs) : undefined
  })
  const openAi = openAiEndpoints({
    async models(params) {
      const names = askedNames()
      // What is listed can be asked as it stands there.
      return mapPage(listed(params), model => ({
        ...model,
        name: names.get(model.name) === model.id ? model.name : model.id
      }))
    },
    model: asked,
    ask
  })
  const server = await startApiServer({
    host: config.api.host,
    port: ports.api,
    token,
    origins: config.api.origins,
    ...(tls === undefined ? {} : { tls }),
    names: namesOfApi(config.api),
    openMetrics: config.api.openMetrics,
    consoleRpc: config.api.consoleRpc,
    pageNetwork: () => pageNetwork(config, node.transport.peers.listening(), node.chain.network.chainId),
    version,
    sessions: sessionFile(join(config.data, 'sessions.json')),
    keys: spending,
    handlers,
    metrics: async () => ({ contentType: metrics.contentType, text: await metrics.metrics() }),
    extend: (api, callerOf) => {
      // Its tools call this API again, which a certificate made for another name would not let them.
      if (tls === undefined) mcpEndpoint(api, version, config.api.host)
      openAi(api, callerOf)
    },
    onError: (error, route) => {
      // What cannot be done yet is an answer, and nothing that its owner has to look at.
      if (error instanceof TilthError && error.consequence === 'retry')
        log.info('a call of the API has to be made again', { error, route })
      else log.error('a call of the API failed', { error, route })
    }
  }).catch(async (error: unknown) => {
    await node.stop()
    throw error
  })

  const peer = node.transport.peers.listening()
  await writePrivate(apiFile, JSON.stringify({ url: server.url, ...(await markOf(process.pid)), peer }))
  const text = [
    `${node.self} is up as ${config.roles.join(', ')}`,
    `API    ${server.url}  (token in ${join(config.data, 'api-token')})`,
    `libp2p ${peer.join('\n       ')}`
  ].join('\n')
  sayUp({ text, facts: { api: server.url, address: node.self, peer } }, output.json)
  void sayMissing(node, log)
  // What was compiled so far is there for the next start, and for the next daemon on this machine.
  flushCompileCache()
  collectWhenIdle(collectMs)

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      end()
    })
  void watchParent(end)
  process.on('unhandledRejection', error => {
    log.error('a promise was left alone', { error, text: describeError(error) })
  })
  await ended
  // A second signal, or a part that hangs, must not keep the process.
  setTimeout(() => process.exit(1), 7000).unref()
  await rm(apiFile, { force: true })
  await server.stop()
  await traces?.stop()
  await node.stop()
  // Until here this process may sign; if it is ended before, its claim is seen to be nobody's.
  await giveKeyBack()
  process.exit()
}
