export * from './tree.ts'
export * from './scripts.ts'
