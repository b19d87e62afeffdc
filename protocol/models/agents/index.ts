export * from './template.ts'
export * from './manifest.ts'
export * from './account.ts'
export * from './answering.ts'
