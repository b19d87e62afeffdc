import { readFile, rename, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import type { Log } from '../../runtime/index.ts'

/** Peers whose debts outlive the process: those who owe most. */
const maxKept = 1_000

const debt = z.strictObject({
  peerId: z.string().max(100),
  debt: z.number().min(0).max(1e6),
  /** Milliseconds since 1970. */
  at: z.number().min(0),
  banned: z.boolean()
})
export type Debt = z.infer<typeof debt>

/** What peers owed when the node last stopped; a file that cannot be read is set aside, and nobody owes anything. */
export async function readDebts(path: string, log: Log): Promise<Debt[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.warn('what peers owe could not be read', { path, error })
    return []
  }
  try {
    return z.array(debt).max(maxKept).parse(JSON.parse(text))
  } catch (error) {
    log.warn('the file of what peers owe is damaged and set aside', { path, error })
    await rename(path, `${path}.bad`).catch((cause: unknown) => {
      log.warn('it could not be set aside', { path, error: cause })
    })
    return []
  }
}

/** Appears whole or not at all; losing it costs nothing but a memory of grudges, so no disk is waited for. */
export async function writeDebts(path: string, debts: readonly Debt[]): Promise<void> {
  const kept = [...debts].sort((a, b) => b.debt - a.debt).slice(0, maxKept)
  await writeFile(`${path}.new`, JSON.stringify(kept))
  await rename(`${path}.new`, path)
}
