/**
 * What a database holds in memory, beside the pages of its files: what was written since it last made a table, twice at
 * most, and what was read. LevelDB's own 4 and 8 MiB a node fills in hours, two databases to a node, which reads like a
 * leak; with these it has all that it will have in minutes.
 */
export const levelRoom = { writeBufferSize: 1 << 20, cacheSize: 4 << 20 } as const
