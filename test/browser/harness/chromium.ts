import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'

const debian = '/usr/bin/chromium'
/** A GPU in software would take the processor from the network that is tested. */
const quiet = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-extensions']

const launch = (executablePath: string, env: Readonly<Record<string, string>> = {}): Promise<Browser> =>
  chromium.launch({ executablePath, args: quiet, env: { ...process.env, ...env } })

/**
 * What a package carries. Of its arguments none is taken: they are for one page in one process, and switch off what
 * the tests look at, such as which origin may read which. Its libraries and fonts stand in where the system has none.
 */
async function launchCarried(): Promise<Browser> {
  const { default: carried, inflate } = await import('@sparticuz/chromium')
  const executablePath = await carried.executablePath()
  const ownFonts = join(executablePath, '../fonts')
  const fonts: Record<string, string> = existsSync('/etc/fonts') ? {} : { FONTCONFIG_PATH: ownFonts }
  try {
    return await launch(executablePath, fonts)
  } catch {
    const archive = fileURLToPath(new URL('../bin/al2023.tar.br', import.meta.resolve('@sparticuz/chromium')))
    const libraries = join(await inflate(archive), 'lib')
    return await launch(executablePath, { ...fonts, LD_LIBRARY_PATH: libraries })
  }
}

/** Debian's Chromium, or the one that CHROMIUM names; where neither is, or by CHROMIUM=npm, what a package carries. */
export async function launchChromium(): Promise<Browser> {
  const named = process.env['CHROMIUM'] ?? (existsSync(debian) ? debian : 'npm')
  try {
    return await (named === 'npm' ? launchCarried() : launch(named))
  } catch (cause) {
    throw new Error(
      `the console is tested in Chromium, which does not start from ${named}: ` +
        "install Debian's package (apt-get install chromium), or name one with CHROMIUM=/path",
      { cause }
    )
  }
}
