import { access } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { InvalidError, refusalsOf, refusalsText } from '../../protocol/primitives/index.ts'
import type { Refusal } from '../../protocol/primitives/index.ts'
import { atHome } from '../home.ts'
import { automationFlagNames, tokensText, withAutomationFlags } from './automation.ts'
import type { AutomationFlags } from './automation.ts'
import { readNetworkFile } from './network-file.ts'
import { readJson } from './read.ts'
import { daemonConfig } from './schema.ts'
import type { DaemonConfig } from './schema.ts'

export const defaultDataFolder = (): string => process.env['TILTH_DATA'] ?? join(homedir(), '.tilth')

/**
 * What the command line gives; each key has an environment variable of the same name (TILTH_RPC, TILTH_BOOTSTRAP, …).
 */
export interface Flags extends AutomationFlags {
  config?: string
  network?: string
  data?: string
  rpc?: string
  confirmations?: string
  contracts?: string
  bootstrap?: string[]
  role?: string[]
  listen?: string[]
  announce?: string[]
  upnp?: boolean
  preset?: string
  key?: string
  apiPort?: string
  apiHost?: string
  apiName?: string[]
  apiCert?: string
  apiCertKey?: string
  apiPlain?: boolean
  log?: string
  threads?: string
  pricePerSecond?: string
  hours?: string[]
  power?: string
  provider?: string
  quantize?: string
  region?: string
  shelfGib?: string
  fetchMibps?: string
  autoVote?: boolean
  follow?: string[]
  storage?: string
}

const list = (value: string | undefined): string[] | undefined =>
  value === undefined || value === '' ? undefined : value.split(',').map(text => text.trim())
const integer = (value: string | undefined, name: string): number | undefined => {
  if (value === undefined) return undefined
  if (!/^[0-9]+$/.test(value)) throw new InvalidError('config.number', `${name} must be a whole number, not "${value}"`)
  return Number(value)
}
const yes = (value: string | undefined, name: string): boolean | undefined => {
  if (value === undefined || value === '') return undefined
  if (!/^(0|1|true|false|yes|no)$/.test(value))
    throw new InvalidError('config.flag', `${name} must be yes or no, not "${value}"`)
  return /^(1|true|yes)$/.test(value)
}
const decimal = (value: string | undefined, name: string): number | undefined => {
  if (value === undefined) return undefined
  if (!/^[0-9]+(\.[0-9]+)?$/.test(value))
    throw new InvalidError('config.number', `${name} must be a number such as 20 or 0.5, not "${value}"`)
  return Number(value)
}
/** Tokens as a flag gives them, in the smallest unit as the file has it. */
const smallestOf = (value: string | undefined, name: string): string | undefined => {
  if (value === undefined) return undefined
  const parsed = tokensText.safeParse(value)
  if (!parsed.success)
    throw new InvalidError('config.number', `${name} must be an amount of tokens such as 0.01, not "${value}"`)
  return parsed.data.toString()
}
const dropUndefined = (object: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))

/** Flag names by configuration path, so that an error names what the reader typed. */
const flagNames: Record<string, string> = {
  ...automationFlagNames,
  data: '--data',
  roles: '--role',
  preset: '--preset',
  listen: '--listen',
  announce: '--announce',
  bootstrap: '--bootstrap',
  'chain.rpc': '--rpc',
  'chain.contracts': '--contracts',
  'chain.confirmations': '--confirmations',
  key: '--key',
  'api.port': '--api-port',
  'api.host': '--api-host',
  'api.names': '--api-name',
  'api.tls.cert': '--api-cert',
  'api.tls.key': '--api-cert-key',
  log: '--log',
  follow: '--follow',
  storage: '--storage',
  'worker.threads': '--threads',
  'worker.pricePerSecond': '--price-per-second',
  'worker.hours': '--hours',
  'worker.power': '--power',
  'worker.provider': '--provider',
  'worker.quantize': '--quantize',
  'worker.region': '--region',
  'shelf.gib': '--shelf-gib',
  'shelf.mibPerSecond': '--fetch-mibps'
}

/** What is to be given where nothing was. */
const wanted: Record<string, string> = {
  'chain.rpc': "the http(s) or ws(s) URL of the chain's RPC",
  'chain.contracts': 'a file with the addresses of the contracts, from whoever deployed the network'
}

/** A refused setting by the flag that sets it, else by its place in the configuration file. */
function settingName({ path }: Refusal, contractsFile: string | undefined): string {
  const names = path.map(String)
  // The file is one flag's, its fields are not.
  if (names[0] === 'chain' && names[1] === 'contracts' && names.length === 2 && contractsFile !== undefined)
    return `${contractsFile} (--contracts)`
  if (names[0] === 'chain' && names[1] === 'contracts' && names.length > 2)
    return `${names.slice(2).join('.')} of ${contractsFile ?? 'the contracts'} (--contracts)`
  for (let length = names.length; length > 0; length--) {
    const flag = flagNames[names.slice(0, length).join('.')]
    if (flag !== undefined) return flag
  }
  return `${names.join('.')} of the configuration`
}

/** A certificate and its key, where one of both is named. */
function certificateOf({ apiCert, apiCertKey }: Flags): object | undefined {
  const cert = apiCert ?? process.env['TILTH_API_CERT']
  const key = apiCertKey ?? process.env['TILTH_API_CERT_KEY']
  return cert === undefined && key === undefined ? undefined : dropUndefined({ cert, key })
}

/** Addresses as text, from a file of them, or from a network's file. */
async function readContracts(given: string): Promise<unknown> {
  if (!given.trim().startsWith('{')) {
    const read = await readJson(given, 'file of contract addresses')
    const { chain } = (read ?? {}) as { chain?: { contracts?: unknown } }
    return chain?.contracts ?? read
  }
  try {
    return JSON.parse(given)
  } catch (cause) {
    throw new InvalidError('config.json', 'the contract addresses that were given are not JSON', {
      help: 'Give a file, or the text {"token": "0x…", "registry": …}.',
      cause
    })
  }
}

/** A file that has next to nothing of the contracts is another file: one mistake, not one for each field. */
function withoutStrangeFile(refusals: readonly Refusal[]): Refusal[] {
  const inFile = ({ path }: Refusal): boolean => path[0] === 'chain' && path[1] === 'contracts' && path.length > 2
  const missing = refusals.filter(one => inFile(one) && one.given === undefined && one.fault === undefined)
  if (missing.length < 4) return [...refusals]
  const fault = 'holds no addresses of contracts: it is another file than whoever deployed the network gave'
  return [...refusals.filter(refusal => !inFile(refusal)), { path: ['chain', 'contracts'], given: undefined, fault }]
}

/** Where a daemon's settings came from, for who changes them while it runs. */
export interface Origin {
  /** The configuration file: the one that was named, or the data folder's own. */
  readonly file: string
  /** What the network's file said, and it with the configuration file over it, and with flags and environment. */
  readonly network: Readonly<Record<string, unknown>>
  readonly written: Readonly<Record<string, unknown>>
  readonly given: Readonly<Record<string, unknown>>
}

/** The file that was named, else the data folder's own, where settings that were changed in the console stand. */
async function configPath(flags: Flags): Promise<string | undefined> {
  const named = flags.config ?? process.env['TILTH_CONFIG']
  if (named !== undefined) return named
  const own = ownConfig(resolve(flags.data ?? defaultDataFolder()))
  return access(own).then(
    () => own,
    () => undefined
  )
}
const ownConfig = (data: string): string => join(data, 'config.json')

/**
 * Flags over environment over file over the network's file over defaults, and where each came from.
 * @throws InvalidError naming every wrong entry.
 */
export async function loadSettings(flags: Flags): Promise<{ config: DaemonConfig; origin: Origin }> {
  const env = process.env
  const path = await configPath(flags)
  const file = path === undefined ? {} : ((await readJson(path, 'configuration file')) as Record<string, unknown>)
  if (typeof file !== 'object' || file === null || Array.isArray(file))
    throw new InvalidError('config.json', `the configuration file ${path} is not a JSON object`)
  const data = resolve(
    flags.data ?? env['TILTH_DATA'] ?? (typeof file['data'] === 'string' ? atHome(file['data']) : defaultDataFolder())
  )
  const networkPath = flags.network ?? env['TILTH_NETWORK']
  const network = networkPath === undefined ? undefined : await readNetworkFile(networkPath)
  const contractsPath = flags.contracts ?? env['TILTH_CONTRACTS']
  const contracts = contractsPath === undefined ? undefined : await readContracts(contractsPath)
  const sub = (name: string): Record<string, unknown> =>
    typeof file[name] === 'object' && file[name] !== null ? (file[name] as Record<string, unknown>) : {}
  const ofNetwork = network === undefined ? {} : { preset: network.preset, bootstrap: network.bootstrap }
  const written = { ...ofNetwork, ...file }
  const merged = {
    ...written,
    ...dropUndefined({
      roles: flags.role ?? list(env['TILTH_ROLES']),
      preset: flags.preset ?? env['TILTH_PRESET'],
      listen: flags.listen ?? list(env['TILTH_LISTEN']),
      announce: flags.announce ?? list(env['TILTH_ANNOUNCE']),
      upnp: flags.upnp ?? yes(env['TILTH_UPNP'], 'TILTH_UPNP'),
      bootstrap: flags.bootstrap ?? list(env['TILTH_BOOTSTRAP']),
      log: flags.log ?? env['TILTH_LOG'],
      autoVote: flags.autoVote,
      follow: flags.follow ?? list(env['TILTH_FOLLOW']),
      storage: flags.storage ?? env['TILTH_STORAGE'],
      automation: withAutomationFlags(file['automation'], flags, env, message => {
        throw new InvalidError('config.flag', message)
      })
    }),
    data,
    key: resolve(
      flags.key ?? env['TILTH_KEY'] ?? (typeof file['key'] === 'string' ? atHome(file['key']) : join(data, 'key.json'))
    ),
    chain: {
      ...(network === undefined ? {} : { rpc: network.chain.rpc, contracts: network.chain.contracts }),
      ...sub('chain'),
      ...dropUndefined({
        rpc: flags.rpc ?? env['TILTH_RPC'],
        contracts,
        confirmations: integer(flags.confirmations ?? env['TILTH_CONFIRMATIONS'], '--confirmations')
      })
    },
    api: {
      ...sub('api'),
      ...dropUndefined({
        port: integer(flags.apiPort ?? env['TILTH_API_PORT'], '--api-port'),
        host: flags.apiHost ?? env['TILTH_API_HOST'],
        names: flags.apiName ?? list(env['TILTH_API_NAMES']),
        tls: certificateOf(flags),
        plain: flags.apiPlain ?? yes(env['TILTH_API_PLAIN'], 'TILTH_API_PLAIN'),
        openMetrics: yes(env['TILTH_API_OPEN_METRICS'], 'TILTH_API_OPEN_METRICS')
      })
    },
    shelf: {
      ...sub('shelf'),
      ...dropUndefined({
        gib: decimal(flags.shelfGib ?? env['TILTH_SHELF_GIB'], '--shelf-gib'),
        mibPerSecond: decimal(flags.fetchMibps ?? env['TILTH_FETCH_MIBPS'], '--fetch-mibps')
      })
    },
    worker: {
      ...sub('worker'),
      ...dropUndefined({
        threads: integer(flags.threads ?? env['TILTH_THREADS'], '--threads'),
        pricePerSecond: smallestOf(flags.pricePerSecond ?? env['TILTH_PRICE_PER_SECOND'], '--price-per-second'),
        hours: flags.hours ?? list(env['TILTH_HOURS']),
        power: flags.power ?? env['TILTH_POWER'],
        provider: flags.provider ?? env['TILTH_PROVIDER'],
        quantize: flags.quantize ?? env['TILTH_QUANTIZE'],
        region: flags.region ?? env['TILTH_REGION']
      })
    }
  }
  const parsed = daemonConfig.safeParse(merged)
  if (parsed.success)
    return {
      config: parsed.data,
      origin: { file: resolve(path ?? ownConfig(data)), network: ofNetwork, written, given: merged }
    }
  const refusals = withoutStrangeFile(refusalsOf(daemonConfig, merged, parsed.error)).map(refusal => {
    const allowed = refusal.given === undefined ? wanted[refusal.path.join('.')] : undefined
    return allowed === undefined ? refusal : { ...refusal, allowed }
  })
  const told = refusalsText(refusals, refusal => settingName(refusal, contractsPath))
  throw new InvalidError('config.invalid', `the configuration is not usable: ${told}`, {
    help:
      'A network is named by --network network.json, or by --rpc, --contracts and --bootstrap; ' +
      '`tilth daemon --help` has every setting, with an example.'
  })
}
