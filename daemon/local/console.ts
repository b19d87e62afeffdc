import { isConsoleBuilt } from '../api/server/console/folder.ts'
import { bold, dim } from '../cli/output.ts'
import type { LocalNetwork } from './network/index.ts'

/** Whose console is opened first: the host makes Datanets and models, and sees what becomes of both. */
export const consoleMember = 'host'
/** Who reads the address in the evening of a long run can still use it. */
export const printedSeconds = 12 * 3600

/**
 * Where the console is, signed in once; each line of it a new token, since the one before may have been used.
 * @param where the flags that name this network to a command, with a space before them
 */
export async function consoleLines(network: LocalNetwork, where: string): Promise<string> {
  if (!(await isConsoleBuilt())) return `${bold('Console')}  not built yet: npm run console builds it`
  const { api } = network.daemon(consoleMember)
  const { url } = await api.call('createSession', { body: { seconds: printedSeconds } })
  return `${bold('Console')}  ${url}\n         ${dim(`signs one browser in; npx tilth console${where} prints another`)}`
}
