import { z } from 'zod'
import { defaultPolicy } from '../../node/jobs/deps.ts'
import { providerRequests } from '../../node/engine/graph/provider.ts'
import { announceFault, parseMultiaddr } from '../../node/transport/addresses.ts'
import { regionText } from '../../protocol/models/region.ts'
import { address, writtenAccount } from '../../protocol/primitives/index.ts'
import { backendsConfig } from './backends.ts'
import { trainerConfig } from './trainer.ts'
import { automationConfig, hoursText, sizeText, tokensText } from './automation.ts'
import { isAskable, isLoopback } from './ports.ts'
import { atHome } from '../home.ts'

export const roles = ['host', 'validator', 'builder', 'worker', 'client', 'settler', 'scorer', 'relay'] as const
export type Role = (typeof roles)[number]

/** Addresses of one deployment; `tilth up` writes them to `network.json`, a real network publishes them. */
export const contractAddresses = z.strictObject({
  token: address,
  registry: address,
  datanets: address,
  bonds: address,
  models: address,
  escrow: address,
  channels: address,
  anchor: address,
  juries: address,
  audits: address,
  serving: address,
  /** Of the chain they are on, and the first block with one of them: written by whoever deployed them. */
  chainId: z.int().min(1).optional(),
  deploymentBlock: z.int().min(0).optional()
})

/** A file of this machine, as a configuration file may name it. */
const place = z.string().min(1).overwrite(atHome)

const multiaddrText = z
  .string()
  .min(3)
  .max(300)
  .startsWith('/', 'must be a multiaddr such as /ip4/127.0.0.1/tcp/4001')
  .refine(text => parseMultiaddr(text) !== undefined, 'must be a multiaddr such as /ip4/127.0.0.1/tcp/4001')
/** Where others see this node: what is announced must be of use to them. */
const announcedText = z
  .string()
  .max(300)
  .superRefine((text, context) => {
    const fault = announceFault(text, { local: true })
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
  })
/** Another node, by address and PeerId. */
export const bootstrapText = multiaddrText.refine(
  text =>
    parseMultiaddr(text)
      ?.getComponents()
      .some(({ name }) => name === 'p2p') ?? false,
  'must end in /p2p/ and the PeerId of the node'
)
const weiText = z
  .string()
  .regex(/^[0-9]{1,40}$/, "must be an integer of the token's smallest unit")
  .transform(BigInt)

export const preset = z.enum(['public', 'local'])
export const rpcUrl = z.url({ protocol: /^(https?|wss?)$/, error: 'must be an http(s) or ws(s) URL' })

/** Where a node listens and its API answers unless its owner says so. */
export const defaultPorts = { listen: 4181, api: 4180 } as const

/** Everything a daemon needs to know. Flags win over the environment, that over the file, that over these defaults. */
export const daemonConfig = z.strictObject({
  data: z.string().min(1),
  roles: z.array(z.enum(roles)).min(1).default(['client']),
  preset: preset.default('public'),
  /** Unless given TCP 4181 of every address, or a free port if that is taken. */
  listen: z.array(multiaddrText).min(1).optional(),
  /** Where others see this node, if not where it listens: a forwarded port, a container's host. */
  announce: z.array(announcedText).max(16).default([]),
  bootstrap: z.array(bootstrapText).default([]),
  /** Asks the router to forward the ports; public preset only. */
  upnp: z.boolean().default(false),
  chain: z.strictObject({
    rpc: rpcUrl,
    contracts: contractAddresses,
    /**
     * Blocks on a block, itself included, before this node serves a channel, reveals a contribution or decides who was
     * first. 1 on a development chain and 12 on any other unless given.
     */
    confirmations: z.int().min(0).max(256).optional()
  }),
  key: z.string().min(1),
  api: z
    .strictObject({
      host: z.string().min(1).max(253).default('127.0.0.1'),
      /** Unless given 4180, or a free one if that is taken. */
      port: z
        .int()
        .min(0)
        .max(65535)
        .refine(isAskable, 'must be a port that clients may ask: browsers and fetch refuse this one')
        .optional(),
      origins: z.array(z.url()).default([]),
      /** Names and addresses by which others call it, where it listens for them. */
      names: z
        .array(z.string().regex(/^[\w.:[\]-]+$/, 'must be a host, without a port'))
        .max(32)
        .default([]),
      /** Its certificate and that one's key, as PEM files: it then speaks https. */
      tls: z.strictObject({ cert: place, key: place }).optional(),
      /** It listens for others though what is said, its token too, can be read on the way. */
      plain: z.boolean().default(false),
      /** Programs of this machine read `/metrics` without a key; a proxy on it may then show them to the world. */
      openMetrics: z.boolean().default(false),
      /** An RPC that pages of the console ask themselves: no other address but the daemon's own is open to them. */
      consoleRpc: z.url({ protocol: /^https?$/, hostname: /^[\w.:[\]-]+$/, error: 'must be an http(s) URL' }).optional()
    })
    .superRefine(({ host, tls, plain }, context) => {
      if (isLoopback(host) || tls !== undefined || plain) return
      const message =
        'must be 127.0.0.1, ::1 or localhost, unless --api-cert and --api-cert-key name a certificate, or ' +
        '--api-plain says that what is sent may be read by others'
      context.addIssue({ code: 'custom', path: ['host'], message })
    })
    .prefault({}),
  worker: z
    .strictObject({
      /** What one second of this machine's training costs, in the token's smallest unit. */
      pricePerSecond: weiText.prefault('10000000000000000'),
      /** Largest base model, version and time (by this node's own estimate) of a job that is bid for. */
      maxParameters: z.int().min(1).default(defaultPolicy.maxParameters),
      maxRows: z.int().min(1).default(defaultPolicy.maxRows),
      maxSeconds: z.int().min(1).default(defaultPolicy.maxSeconds),
      inputPrice: weiText.prefault('100000000000000'),
      outputPrice: weiText.prefault('400000000000000'),
      /** Hours of the day in which it takes on work, by the machine's own clock; at all hours unless given. */
      hours: z.array(hoursText).max(24).default([]),
      /** mains: not while the machine runs on its battery. */
      power: z.enum(['any', 'mains']).default('any'),
      /** Threads of the engine; 0 lets it measure. */
      threads: z.int().min(0).max(256).default(0),
      /** Where the engine computes; auto takes a GPU if one can be used. */
      provider: z.enum(providerRequests).default('auto'),
      /**
       * Weights that answers come from on a CPU: int8 as good as float32 and far faster, int4 less exact, none float32.
       */
      quantize: z.enum(['none', 'int8', 'int4']).default('int8'),
      /** Answers at once; more wait for their turn. */
      capacity: z.int().min(1).max(256).default(32),
      /** Where the machine is, as offers say it: a country such as DE, or a coarse region; nothing unless given. */
      region: regionText.optional(),
      /** Servers of the owner's, such as vLLM or llama.cpp, that answer for some bases in the engine's place. */
      backends: backendsConfig,
      /** A command of the owner's that trains adapters in the engine's place. */
      trainer: trainerConfig.optional()
    })
    .prefault({}),
  /** Base models and adapters on this disk. */
  shelf: z
    .strictObject({
      /** GiB at most; unless given 20, or half of what is free if that is less. */
      gib: z.number().positive().max(1_000_000).optional(),
      /** MiB a second fetched for what others ask of this node, such as the base model of a job. */
      mibPerSecond: z.number().positive().max(100_000).default(16),
      /** GiB at most of committed states that auditors may ask for, as a worker and again as a builder. */
      statesGib: z.number().positive().max(1_000_000).default(32)
    })
    .prefault({}),
  autoVote: z.boolean().default(true),
  scorer: z
    .strictObject({
      /** Drawn answers are said again; whose are by other weights is accused on chain. */
      judgeAnswers: z.boolean().default(true)
    })
    .prefault({}),
  /** Datanets that are followed by choice, besides those this node has a role in: names, ids, or beginnings of ids. */
  follow: z.array(z.string().min(1).max(80)).max(256).default([]),
  /** What questions may cost that are asked through this daemon, by whomever. */
  spending: z
    .strictObject({
      /** Tokens for one answer at most. */
      perRequest: tokensText.prefault('10'),
      /** Tokens a day, by UTC; as much as there is unless given. */
      perDay: tokensText.optional(),
      /**
       * Tokens (and coin) a day that calls of the API may send, stake or give to jobs: what whoever steals its token
       * can take. As much as there is unless given. Not among the settings that the API changes.
       */
      payPerDay: tokensText.optional()
    })
    .prefault({}),
  /** How questions are asked that say nothing of it. */
  asking: z
    .strictObject({
      /** A second worker is asked where the first has no token after so many milliseconds; none unless given. */
      hedgeMs: z.int().min(20).max(60_000).optional()
    })
    .prefault({}),
  /** Builders whose models are asked by name; those of anybody unless some are given. One's own always. */
  trust: z.array(writtenAccount).max(256).default([]),
  /** Disk lent to shards of other Datanets that too few have. */
  storage: sizeText.prefault('1GiB'),
  /** What the node does by itself, for the roles it has. */
  automation: automationConfig,
  /** Folder of the local network that this daemon is a member of; `tilth up` writes it. */
  localNetwork: z.string().min(1).max(4096).optional(),
  /** Of `daemon.log`, where a daemon in the background writes: MiB of one file, and how many older ones are kept. */
  logFile: z
    .strictObject({ mib: z.int().min(1).max(1024).default(16), keep: z.int().min(0).max(100).default(4) })
    .prefault({}),
  log: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('warn')
})
export type DaemonConfig = z.infer<typeof daemonConfig>
