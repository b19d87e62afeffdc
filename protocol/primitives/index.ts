export * from './errors.ts'
export * from './hex.ts'
export * from './canonical.ts'
export * from './sum-tree.ts'
