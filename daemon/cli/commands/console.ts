import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Command } from 'commander'
import { environmentForChildren } from '../../../node/runtime/environment.ts'
import type { ApiClient } from '../../api/contract/index.ts'
import { isConsoleBuilt } from '../../api/server/console/folder.ts'
import { consoleMember, printedSeconds } from '../../local/console.ts'
import { writePrivate } from '../../private-file.ts'
import { command, connected, guarded } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { connect, dataFolder } from '../context.ts'
import { dim, printJson, tell } from '../output.ts'

/** A browser that is opened from here comes at once. */
const openSeconds = 60

/** Whether a browser of this machine would be seen by who typed the command. */
const hasScreen = (): boolean =>
  process.stdout.isTTY &&
  process.env['SSH_CONNECTION'] === undefined &&
  (process.platform !== 'linux' || (process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY']) !== undefined)

const openers: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', '']
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/**
 * Opens a browser by a file that only its owner reads: everybody on a machine sees what programs are started with, and
 * would see the token.
 */
async function openBrowser(api: ApiClient, folder: string): Promise<void> {
  const { url } = await api.call('createSession', { body: { seconds: openSeconds } })
  const path = join(folder, 'console.html')
  await writePrivate(path, `<!doctype html><meta http-equiv="refresh" content="0;url=${escaped(url)}">\n`)
  const [program = 'xdg-open', ...words] = openers[process.platform] ?? ['xdg-open']
  const child = spawn(program, [...words, pathToFileURL(path).href], {
    stdio: 'ignore',
    detached: true,
    env: environmentForChildren()
  })
  child.once('error', () => {
    tell(dim('no browser could be opened from here'))
  })
  child.unref()
}

export function consoleCommand(): Command {
  return connected(
    command({
      name: 'console',
      summary: 'open the web console, signed in; or print the address that signs one browser in',
      examples: ['tilth console', 'tilth console --as worker-1', 'tilth console --no-open', 'tilth console --json']
    })
  )
    .option('--no-open', 'print the address and open nothing')
    .action(
      guarded(async (flags: CallFlags & { open: boolean }) => {
        const api = await connect(flags, consoleMember)
        const signIn = await api.call('createSession', { body: { seconds: printedSeconds } })
        if (flags.json === true) {
          printJson(signIn)
          return
        }
        console.log(signIn.url)
        tell(dim('signs one browser in, once, within twelve hours'))
        if (!(await isConsoleBuilt())) tell('The console is not built here yet: npm run console builds it.')
        if (!flags.open || !hasScreen()) return
        const folder = await dataFolder(flags, consoleMember)
        if (existsSync(folder)) await openBrowser(api, folder)
      })
    )
}
