import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * A path as its writer meant it: `~` is the home folder. Shells put it in where it stands alone, and leave it as it is
 * in `--key=~/key.json`, in quotes, in a unit's settings and in files: a key would then be written to a folder of this
 * very name, wherever the command was run.
 */
export const atHome = (path: string): string =>
  path === '~' ? homedir() : path.startsWith('~/') ? join(homedir(), path.slice(2)) : path

/** Variables that are no paths, and may begin with anything. */
const secrets = new Set(['TILTH_PASSPHRASE', 'TILTH_TOKEN'])

/** Variables of ours that name a place. A variable that is set to nothing names nothing, least of all this folder. */
export function readEnvironment(env: NodeJS.ProcessEnv): void {
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('TILTH_') || value === undefined) continue
    if (value === '') delete env[name]
    else if (!secrets.has(name)) env[name] = atHome(value)
  }
}
