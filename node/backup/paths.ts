/** Folders whose files are copied as they are: what peers could give again, and what a node keeps for itself. */
export const contentFolders = ['ipfs/blocks', 'shelf'] as const
export const ownFolders = ['payouts'] as const

/** Entries of the two databases, as lines of JSON: a database's own files make no copy while it is open. */
export const entryFolders = { store: 'entries/store', held: 'entries/held' } as const

const numbered = /^[0-9]{8}\.jsonl$/

/** [reject] A part's path is one of a data folder's own, and nothing in it leads out of that. */
export function isPartPath(path: string): boolean {
  const names = path.split('/')
  // eslint-disable-next-line no-control-regex -- control characters in names are what is looked for
  if (names.some(name => name === '' || name === '.' || name === '..' || name.length > 255 || /[\0-\x1f\\]/.test(name)))
    return false
  const within = (folder: string): boolean => path.startsWith(`${folder}/`)
  if (Object.values(entryFolders).some(within)) return names.length === 3 && numbered.test(names.at(-1) ?? '')
  return [...contentFolders, ...ownFolders].some(within)
}
