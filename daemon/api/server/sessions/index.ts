export * from './cookie.ts'
export * from './file.ts'
export * from './sessions.ts'
