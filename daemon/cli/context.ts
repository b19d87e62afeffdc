import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { quoted } from '../../node/runtime/quoted.ts'
import { InvalidError, NotFoundError, TilthError } from '../../protocol/primitives/index.ts'
import { createApiClient } from '../api/contract/index.ts'
import type { ApiClient } from '../api/contract/index.ts'
import { boundedText } from '../bounded-file.ts'
import { isAskable, readNetworkFile } from '../config/index.ts'
import { apiNote, readNote, runningIn } from '../running.ts'

export interface ConnectFlags {
  api?: string
  tokenFile?: string
  data?: string
  as?: string
}

/** A command line to be pasted that asks the same daemon as the flags of this one do. */
export const tilthLine = (line: string, { data, as, api, tokenFile }: ConnectFlags): string =>
  [
    `tilth ${line}`,
    ...(data === undefined ? [] : ['--data', quoted(data)]),
    ...(as === undefined ? [] : ['--as', quoted(as)]),
    ...(api === undefined ? [] : ['--api', quoted(api)]),
    ...(tokenFile === undefined ? [] : ['--token-file', quoted(tokenFile)])
  ].join(' ')

/** What a running daemon leaves in its data folder so that the command line finds it. */
const apiFile = z.object({ url: z.url() })

/** The daemon of a local network that commands are about unless another is named. */
const usualMember = 'client'

async function localMember(folder: string, wanted: string): Promise<string | undefined> {
  const path = join(folder, 'network.json')
  if (!existsSync(path)) return undefined
  const network = await readNetworkFile(path)
  const member = network.daemons.find(daemon => daemon.name === wanted)
  if (member === undefined) {
    throw new NotFoundError('network.member', `the local network has no daemon named ${wanted}`, {
      help: `Its daemons: ${network.daemons.map(daemon => daemon.name).join(', ')}.`
    })
  }
  return member.data
}

/**
 * The data folder the command is about: --data, TILTH_DATA, the local network of ./.tilth (--as NAME picks its daemon),
 * or ~/.tilth.
 */
export async function dataFolder(flags: ConnectFlags, usual = usualMember): Promise<string> {
  const named = flags.data ?? process.env['TILTH_DATA']
  const folder =
    named === undefined
      ? existsSync(resolve('.tilth', 'network.json'))
        ? resolve('.tilth')
        : join(homedir(), '.tilth')
      : resolve(named)
  const member = await localMember(folder, flags.as ?? usual)
  if (member === undefined && flags.as !== undefined)
    throw new NotFoundError('network.none', `there is no local network in ${folder}`, {
      help: 'Start one with `tilth up`, or leave --as away.'
    })
  return member ?? folder
}

/** [reject] An address that can be called. @throws InvalidError `flag-invalid` */
function apiUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new InvalidError('flag-invalid', `--api must be a URL such as http://127.0.0.1:4180, not "${text}"`)
  if (!isAskable(Number(url.port)))
    throw new InvalidError('flag-invalid', `--api names port ${url.port}, which fetch and browsers refuse to call`, {
      help: 'Have the daemon listen on another: --api-port 4180.'
    })
  return text
}

/** Milliseconds for which a daemon is waited for that its network starts again. */
const restartMs = 20_000

/** What the daemon left; one of a local network that was killed is up again in a moment. */
async function noteOfDaemon(folder: string): Promise<unknown> {
  const deadline = Date.now() + restartMs
  for (;;) {
    const note = await readNote(folder, apiNote)
    if (note !== undefined || Date.now() > deadline || (await runningIn(dirname(folder))) === undefined) return note
    await sleep(250)
  }
}

/** A client of the daemon that the flags, the environment or the data folder name. */
export async function connect(flags: ConnectFlags, usual?: string): Promise<ApiClient> {
  const folder = await dataFolder(flags, usual)
  const url = apiUrl(flags.api ?? process.env['TILTH_API'])
  const tokenPath = flags.tokenFile ?? join(folder, 'api-token')
  const token =
    process.env['TILTH_TOKEN'] ??
    (await boundedText(tokenPath).then(
      text => text.trim(),
      (cause: unknown) => {
        if (cause instanceof TilthError) throw cause
        throw new NotFoundError('daemon.none', `no daemon has run in ${folder}: there is no ${tokenPath}`, {
          help: 'Start one with `tilth daemon` or `tilth up`; or give --data DIR, or --api URL with --token-file FILE.',
          cause
        })
      }
    ))
  if (url !== undefined) return createApiClient(url, token)
  const found = apiFile.safeParse(await noteOfDaemon(folder))
  if (!found.success)
    throw new InvalidError('daemon.stopped', `no daemon runs in ${folder}`, {
      help: 'Start it with `tilth daemon` (or `tilth up`), or name its API with --api URL.'
    })
  return createApiClient(found.data.url, token)
}
