export * from './schema.ts'
export * from './ports.ts'
export * from './load.ts'
