import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** A disk of its own, so small that it can be full. */
export interface SmallDisk {
  readonly folder: string
  /** Leaves no byte free. */
  fill(): void
  /** Leaves so many bytes free, or a few more. */
  fillBut(bytes: number): void
  empty(): void
  remove(): void
}

/**
 * @param folder where it is mounted below
 * @returns why there can be none here, where there can be none
 */
export function smallDisk(folder: string, megabytes: number): SmallDisk | { readonly missing: string } {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return { missing: 'a small disk takes Linux and root' }
  const place = join(folder, 'disk')
  mkdirSync(place)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tilth-test', place], { stdio: 'pipe' })
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error)
    return { missing: `this system mounts no small disk: ${why}` }
  }
  const filler = join(place, 'filler')
  const reserve = join(place, 'reserve')
  const isFull = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOSPC'
  /** Others may write there too, so what fits is tried: large pieces, then small ones. */
  function fill(): void {
    for (const bytes of [1 << 20, 1 << 12])
      try {
        for (;;) appendFileSync(filler, Buffer.alloc(bytes))
      } catch (error) {
        if (!isFull(error)) throw error
      }
  }
  return {
    folder: place,
    fill,
    fillBut(bytes) {
      appendFileSync(reserve, Buffer.alloc(bytes))
      fill()
      rmSync(reserve)
    },
    empty() {
      rmSync(filler, { force: true })
    },
    remove() {
      execFileSync('umount', ['-l', place])
    }
  }
}
