import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { z } from 'zod'
import { backendKinds } from '../../node/engine/backend/types.ts'
import type { BackendOptions } from '../../node/engine/backend/types.ts'
import { servedWeights } from '../../protocol/models/weights.ts'
import { InvalidError } from '../../protocol/primitives/index.ts'

/** Of a server's key. */
const mostKeyBytes = 4096

const cidText = z.string().regex(/^[a-zA-Z0-9]{10,120}$/, 'must be a CID')
const calledText = z.string().min(1).max(400)

/** A server of the owner's that answers for a base in the engine's place. */
export const backendConfig = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be small letters, digits and hyphens, 32 at most'),
  url: z
    .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
    .max(2048)
    .refine(text => {
      if (!URL.canParse(text)) return true // told by the rule before
      const { username, password, search, hash } = new URL(text)
      return `${username}${password}${search}${hash}` === ''
    }, 'must be an address alone: a key goes into keyFile, or the environment')
    // Paths of every kind of server are written behind it.
    .transform(text => text.replace(/\/+$/, '').replace(/\/v1$/, '')),
  kind: z.enum(['auto', ...backendKinds]).default('auto'),
  /** CID of the base model that it holds. */
  base: cidText,
  /** What it calls the base; its first model unless given. */
  model: calledText.optional(),
  /** The weights that it answers from, for those who choose by them; nothing is said unless given. */
  weights: servedWeights.optional(),
  /** What it calls adapters, or models that they were merged into, by their CIDs. */
  names: z.record(cidText, calledText).default({}),
  /** Where it sees this node's folder of models, if elsewhere: a mount, another host. */
  folder: z.string().min(1).max(4096).optional(),
  /** File with its key, which nobody but its owner may read. */
  keyFile: z.string().min(1).max(4096).optional(),
  /** Answers at once. */
  concurrency: z.int().min(1).max(4096).default(32),
  /** Longest wait for the next token. */
  silenceSeconds: z.int().min(1).max(600).default(60),
  /** How far its log-probabilities may be from this node's own on average, in nats. */
  tolerance: z.number().positive().max(2).default(0.2)
})
export type BackendConfig = z.infer<typeof backendConfig>

export const backendsConfig = z
  .array(backendConfig)
  .max(16)
  .default([])
  .superRefine((list, context) => {
    for (const field of ['name', 'base'] as const)
      if (new Set(list.map(one => one[field])).size < list.length)
        context.addIssue({ code: 'custom', message: `holds two servers with the same ${field}` })
  })

/** The variable that holds a server's key; no child process is given one of such a name. */
export const keyVariable = (name: string): string => `TILTH_BACKEND_${name.replaceAll('-', '_').toUpperCase()}_API_KEY`

export const backendOptions = ({ keyFile, silenceSeconds, name, ...rest }: BackendConfig): BackendOptions => ({
  ...rest,
  name,
  silenceMs: silenceSeconds * 1000,
  key: async () => (keyFile === undefined ? process.env[keyVariable(name)] : readKey(resolve(keyFile)))
})

/**
 * A server's key, from a file of its owner's alone.
 * @throws InvalidError `config.key-file`
 */
async function readKey(path: string): Promise<string> {
  const refuse = (what: string, help: string, cause?: unknown): InvalidError =>
    new InvalidError('config.key-file', `${path} ${what}`, { help, cause })
  let found: { mode: number; size: number }
  try {
    found = await stat(path)
  } catch (cause) {
    throw refuse('cannot be read', "Write the server's key into it, or name another keyFile.", cause)
  }
  // [reject] A key that others of this machine can read is theirs as well.
  if ((found.mode & 0o077) !== 0) throw refuse('can be read by others', `chmod 600 ${path}`)
  if (found.size > mostKeyBytes) throw refuse('is no key', 'It should hold the key and nothing else.')
  const key = (await readFile(path, 'utf8')).trim()
  if (!/^[\x21-\x7e]+$/.test(key)) throw refuse('holds no key', 'It should hold the key and nothing else, on one line.')
  return key
}
