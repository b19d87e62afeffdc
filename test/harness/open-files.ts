import { readdir, readlink } from 'node:fs/promises'

/** Files under a path that this process has open, on Linux. */
export async function openUnder(path: string): Promise<string[]> {
  const held = await readdir('/proc/self/fd')
  const names = await Promise.all(held.map(fd => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  return names.filter(name => name.startsWith(path))
}
