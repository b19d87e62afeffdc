import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { writePrivate } from '../../../private-file.ts'

const stored = z.object({ mark: z.string().regex(/^[0-9a-f]{64}$/), until: z.int() })
const form = z.object({ version: z.literal(1), sessions: z.array(stored).max(1_000) })
export type StoredSession = z.infer<typeof stored>

/** Where sessions outlive the daemon. */
export interface SessionFile {
  read(): Promise<StoredSession[]>
  write(sessions: readonly StoredSession[]): Promise<void>
}

/** A file that only its owner reads. One that cannot be read signs everybody out, and is written anew. */
export const sessionFile = (path: string): SessionFile => ({
  async read() {
    const text = await readFile(path, 'utf8').catch(() => '')
    try {
      return form.parse(JSON.parse(text)).sessions
    } catch {
      return [] // none yet, or not one of ours
    }
  },
  write: sessions => writePrivate(path, `${JSON.stringify({ version: 1, sessions })}\n`)
})
