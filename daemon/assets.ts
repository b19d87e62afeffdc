import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Files that ship with the package: in daemon/assets, also when the code runs from dist/. */
export function assetsFolder(): string {
  const near = fileURLToPath(new URL('assets/', import.meta.url))
  return existsSync(near) ? near : fileURLToPath(new URL('../../daemon/assets/', import.meta.url))
}

/** The base model that comes with Tilth, and what it is called. */
export const bundledBase = { name: 'seedling', folder: (): string => join(assetsFolder(), 'seedling') } as const
