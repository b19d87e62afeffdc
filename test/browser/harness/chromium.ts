import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'

const debian = '/usr/bin/chromium'
/** A GPU in software would take the processor from the network that is tested. */
const quiet = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-extensions']

/** Debian's Chromium, or the one that CHROMIUM names; where neither is, or by CHROMIUM=npm, what a package carries. */
async function executable(): Promise<{ executablePath: string; args: string[] }> {
  const named = process.env['CHROMIUM'] ?? (existsSync(debian) ? debian : undefined)
  if (named !== undefined && named !== 'npm') return { executablePath: named, args: [] }
  const { default: carried } = await import('@sparticuz/chromium')
  return { executablePath: await carried.executablePath(), args: carried.args }
}

export async function launchChromium(): Promise<Browser> {
  const { executablePath, args } = await executable()
  try {
    return await chromium.launch({ executablePath, args: [...args, ...quiet] })
  } catch (cause) {
    throw new Error(
      `the console is tested in Chromium, which does not start from ${executablePath}: ` +
        "install Debian's package (apt-get install chromium), or name one with CHROMIUM=/path",
      { cause }
    )
  }
}
