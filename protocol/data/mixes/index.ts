export * from './rules.ts'
export * from './sieve.ts'
export * from './version.ts'
