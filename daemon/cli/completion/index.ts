export * from './known.ts'
export * from './tree.ts'
export * from './scripts.ts'
