import { createHash } from 'node:crypto'
import { z } from 'zod'
import { firstFormat } from '../../node/store/format.ts'
import { address } from '../../protocol/primitives/index.ts'

/** Grows by one whenever an older program could not restore what a newer one wrote. */
export const backupFormat = 1
export const manifestPath = 'manifest.json'
/** A file for each block of a large node: some hundred bytes each. */
export const mostManifestBytes = 512 * 2 ** 20

/** Files of the daemon's own in a copy; all others are its node's. */
export const daemonFiles = ['key.json', 'config.json', 'api-keys.json', 'pins.json'] as const

/** What a copy says of itself, at its end. */
export const manifest = z.object({
  format: z.int().min(1),
  /** Of the copied database; where it is not said, the first there was. */
  store: z.int().min(1).default(firstFormat),
  /** Of the program that wrote it. */
  version: z.string().max(40),
  address,
  /** Milliseconds since 1970. */
  madeAt: z.int(),
  /** The data folder that was copied. */
  directory: z.string().max(4_096),
  /** With blocks and models. */
  whole: z.boolean(),
  files: z.array(
    z.strictObject({ path: z.string().max(4_096), size: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) })
  )
})
export type Manifest = z.infer<typeof manifest>

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** A line of JSON, and one of its hash: a changed bit of it is found as well. */
export function manifestText(said: Manifest): string {
  const json = JSON.stringify(said)
  return `${json}\n${hashOf(json)}\n`
}

/** Its line of JSON; undefined where it is not what its hash says. */
export function manifestJson(text: string): string | undefined {
  const [json = '', hash, end, ...more] = text.split('\n')
  return hash === hashOf(json) && end === '' && more.length === 0 ? json : undefined
}
