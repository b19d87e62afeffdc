import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { NotFoundError } from '../../protocol/primitives/index.ts'
import { dataFolder } from './context.ts'
import type { CallFlags } from './command.ts'
import { green, printJson, safe, yellow } from './output.ts'
import { repairFiles } from './repair-files.ts'

/** Damaged things that are named one by one. */
const mostNamed = 50

/**
 * `tilth doctor --repair`: the data folder itself, with no daemon on it.
 * @throws NotFoundError `data.folder` · StoreError `store.locked`
 */
export async function repair(flags: CallFlags): Promise<void> {
  const folder = await dataFolder(flags)
  if (!existsSync(join(folder, 'store')))
    throw new NotFoundError('data.folder', `${folder} is no data folder of a node: there is no store in it`, {
      help: 'Name one with --data DIR, or --as NAME for one of the local network.'
    })
  // Only here: the doctor's other checks should not wait for all parts of a node to load.
  const { repairFolder } = await import('../../node/repair.ts')
  // First what says whether a node runs on it.
  const parts = await repairFolder(folder)
  const files = await repairFiles(folder)
  const findings = [...parts, files]
  // What nobody but its owner can put right keeps a daemon from starting.
  if (files.left.length > 0) process.exitCode = 1
  if (flags.json === true) {
    printJson({ folder, findings })
    return
  }
  console.log(folder)
  for (const { part, checked, damaged, ...rest } of findings) {
    const note = 'note' in rest ? rest.note : undefined
    const aside = part === 'files' ? '' : ' and set aside'
    const said = damaged.length === 0 ? 'all in order' : `${damaged.length} damaged${aside}`
    console.log(`${damaged.length === 0 ? green('✓') : yellow('–')} ${part.padEnd(10)} ${checked} checked, ${said}`)
    for (const { name, why } of damaged.slice(0, mostNamed)) console.log(`    ${safe(name)}: ${safe(why)}`)
    if (damaged.length > mostNamed) console.log(`    and ${damaged.length - mostNamed} more; --json names all`)
    if (note !== undefined) console.log(`    ${note}`)
  }
}
