import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A new folder that goes with whoever made it. */
export const scratch = (name: string): Promise<string> => mkdtemp(join(tmpdir(), `tilth-${name}-`))
