import { readFileSync, rmSync } from 'node:fs'
import { ClassicLevel } from 'classic-level'
import { z } from 'zod'

// Loaded into a daemon before anything of its own (`--import`): it ends itself by SIGKILL at a write to its database,
// the one that a file names whose path stands in this module's address. Before the write nothing of it is on disk;
// after it everything is, and nobody was told.

const order = z.strictObject({ when: z.enum(['before', 'after']), table: z.string(), has: z.string() })
/** At the first batch with an entry of the table whose text matches `has`, an expression. */
export type Death = z.infer<typeof order>

const path = new URL(import.meta.url).searchParams.get('at') ?? ''

function ordered(): Death | undefined {
  try {
    return order.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

type Operations = readonly { readonly key: string; readonly value?: string }[]
type Whole = (operations: Operations, options: object) => Promise<void>
const database = ClassicLevel.prototype as unknown as { batch: Whole }
const whole = database.batch

function die(): void {
  // It would be there for the next one, too.
  rmSync(path)
  process.kill(process.pid, 'SIGKILL')
}

database.batch = async function batch(this: unknown, operations: Operations, options: object): Promise<void> {
  const death = ordered()
  const isDue =
    death !== undefined &&
    operations.some(
      ({ key, value = '' }) => key.startsWith(`${death.table}\u0000`) && new RegExp(death.has, 'i').test(value)
    )
  if (isDue && death.when === 'before') die()
  await whole.call(this, operations, options)
  if (isDue) die()
}
