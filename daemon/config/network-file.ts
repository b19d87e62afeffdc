import { z } from 'zod'
import { InvalidError, refusalsOf, refusalsText } from '../../protocol/primitives/index.ts'
import { bootstrapText, contractAddresses, preset, roles, rpcUrl } from './schema.ts'
import { readJson } from './read.ts'

const seconds = z.int().min(1)

/**
 * `network.json`: all that a node needs to know of a network, so that one file is passed around. Written by `tilth
 * network create`; the local network of `tilth up` writes one too, with its daemons.
 */
const fileVersion = 1
export const networkFile = z.object({
  version: z.literal(fileVersion),
  preset: preset.default('public'),
  chain: z.object({
    rpc: rpcUrl,
    /** An RPC that answers pages of every origin, where `rpc` does not. */
    pageRpc: rpcUrl.optional(),
    chainId: z.int().min(1),
    contracts: contractAddresses
  }),
  /** Nodes to join by, each with its PeerId; none until the first one runs. */
  bootstrap: z.array(bootstrapText).max(64).default([]),
  /** What the contracts were deployed with; to be read, not to be chosen by who joins. Amounts in the smallest unit. */
  policy: z
    .object({
      challengeSeconds: seconds,
      disputeSeconds: seconds,
      unbondSeconds: seconds,
      /** Networks that were made before rosters could be replaced have none. */
      rosterSeconds: seconds.optional(),
      /** For scorers to weigh, and to show what they found; and blocks before chance says what. */
      commitSeconds: seconds.optional(),
      revealSeconds: seconds.optional(),
      drawBlocks: z.int().min(0).optional(),
      /** For auditors to run steps of trainings again. */
      auditSeconds: seconds.optional(),
      minStake: z.string().regex(/^[0-9]{1,40}$/)
    })
    .optional(),
  /** Of a local network: its daemons, where they keep their data and where their APIs are. */
  daemons: z
    .array(
      z.object({
        name: z.string(),
        data: z.string(),
        roles: z.array(z.enum(roles)),
        api: z.string(),
        address: z.string()
      })
    )
    .default([])
})
export type NetworkFile = z.infer<typeof networkFile>

const otherVersion = z.object({ version: z.int().refine(found => found !== fileVersion) })

/**
 * @throws InvalidError `config.file`, `config.json`, `config.version` for one that another version wrote,
 * `config.network` naming every wrong entry
 */
export async function readNetworkFile(path: string): Promise<NetworkFile> {
  const value = await readJson(path, 'network file')
  const other = otherVersion.safeParse(value)
  if (other.success)
    throw new InvalidError(
      'config.version',
      `the network file ${path} is of version ${other.data.version}, this version of tilth reads ${fileVersion}`,
      { help: 'Use the version of tilth that its network runs with.' }
    )
  const parsed = networkFile.safeParse(value)
  if (parsed.success) return parsed.data
  const told = refusalsText(refusalsOf(networkFile, value, parsed.error))
  throw new InvalidError('config.network', `${path} does not describe a network: ${told}`, {
    help: 'It is written by `tilth network create`; ask whoever made the network for a whole one.',
    cause: parsed.error
  })
}
